from __future__ import annotations

import heapq
import itertools
import random
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.clock import Clock

from audiopipe.errors import RequestTooLarge
from audiopipe.limits.budget import POLL_S
from audiopipe.limits.ledger import MOST_WALKED, STALE_S
from audiopipe.limits.limiter import Limiter
from audiopipe.limits.rules import MARGIN, Cost, Limits, Observed, schedule

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from audiopipe.limits.ledger import Turn

FREE = Limits(rpm=20, rpd=2000, ash=7200, asd=28_800)
ACCOUNT = "account"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "budget.db"


@pytest.fixture
def budget(path: Path, clock: Clock) -> Iterator[Limiter]:
    budget = Limiter(path, clock)
    yield budget
    budget.close()


def audio(seconds: float) -> Cost:
    return Cost(audio_s=seconds)


def use(budget: Limiter, seconds: float) -> None:
    """A request that goes at once and is answered at once."""
    turn = budget.ask(ACCOUNT, FREE, audio(seconds))
    assert turn.wait_s == 0
    budget.answered(turn)


def observed_hour(used: float, limit: float = 7200) -> Observed:
    return Observed("audio_s", limit, limit - used, used * 3600 / limit)


def test_what_fits_goes_at_once_and_the_next_is_told_exactly_how_long(
    budget: Limiter, clock: Clock
) -> None:
    use(budget, 7000)
    clock.now_s += 100
    turn = budget.ask(ACCOUNT, FREE, audio(600))
    assert turn.wait_s == pytest.approx((7000 - 200 + 600 - 7200) / 2 + MARGIN * 3600)
    assert turn.cause == "7200 audio seconds an hour"
    for step_s in (40, 40, 40, 15.99):
        clock.now_s += step_s
        turn = budget.again(turn)
    assert turn.wait_s == pytest.approx(0.01)
    clock.now_s += 0.01
    assert budget.again(turn).wait_s == 0


def test_all_limits_are_charged_together_or_not_at_all(budget: Limiter) -> None:
    limits = Limits(rpm=100, ash=7200)
    budget.ask(ACCOUNT, limits, audio(7000))
    waiting = [budget.ask(ACCOUNT, limits, audio(7000)) for _ in range(200)]
    assert min(turn.wait_s for turn in waiting) > 0
    assert budget.ask(ACCOUNT, Limits(rpm=100), Cost()).wait_s > 0  # behind them in the queue
    assert budget.ask("another", limits, audio(7000)).wait_s == 0


def test_waiting_requests_go_one_after_another_in_the_order_they_came(
    budget: Limiter, clock: Clock
) -> None:
    use(budget, 7000)
    first, second, third = (budget.ask(ACCOUNT, FREE, audio(600)) for _ in range(3))
    assert second.wait_s - first.wait_s == pytest.approx(300)
    assert third.wait_s - second.wait_s == pytest.approx(300)
    for _ in range(int(first.wait_s / POLL_S) + 1):
        clock.now_s += POLL_S
        third, second, first = (budget.again(turn) for turn in (third, second, first))
    assert first.wait_s == 0
    assert 0 < second.wait_s < third.wait_s


def test_a_turn_behind_very_many_waits_at_least_as_long_as_it_is_told(
    budget: Limiter, clock: Clock
) -> None:
    costs = [audio(1.0 + 7 * n % 60) for n in range(MOST_WALKED + 60)]
    turns = [budget.ask(ACCOUNT, FREE, cost) for cost in costs]
    exact_s = [slot.wait_s for slot in schedule({}, FREE, costs)]
    for turn, expected_s in zip(turns, exact_s, strict=True):
        assert (turn.wait_s > 0) == (expected_s > 0)
        assert 0.9 * expected_s - 1e-6 < turn.wait_s < expected_s + 1e-6
    clock.now_s += 30
    loose = replace(turns[-1], limits=Limits(rpm=200, ash=1e5))
    assert budget.again(loose).wait_s == 0  # as it fits behind all others
    tight = replace(turns[-2], limits=Limits(rpm=140, ash=1e5))
    assert budget.again(tight).wait_s > 0


def test_places_of_a_killed_process_are_given_up(budget: Limiter, clock: Clock) -> None:
    use(budget, 7000)
    for _ in range(8):
        budget.ask(ACCOUNT, FREE, audio(600))
    last = budget.ask(ACCOUNT, FREE, audio(600))
    clock.now_s += STALE_S + 1
    assert budget.ask(ACCOUNT, FREE, audio(600)).wait_s < last.wait_s - 8 * 300


def test_whoever_gives_up_waiting_leaves_the_queue(budget: Limiter) -> None:
    budget.ask(ACCOUNT, FREE, audio(7000))
    expected = budget.ask("reference", FREE, audio(7000)), budget.ask("reference", FREE, audio(600))
    with pytest.raises(KeyboardInterrupt):
        budget.acquire(ACCOUNT, FREE, audio(600), interrupted)
    assert budget.ask(ACCOUNT, FREE, audio(600)).wait_s == expected[1].wait_s


def interrupted(turn: Turn, seconds: float) -> None:
    raise KeyboardInterrupt


def test_acquire_tells_each_wait_and_sleeps_in_short_steps(budget: Limiter, clock: Clock) -> None:
    told: list[Turn] = []
    slept: list[float] = []

    def wait(turn: Turn, seconds: float) -> None:
        told.append(turn)
        slept.append(seconds)
        clock.now_s += seconds

    budget.answered(budget.acquire(ACCOUNT, FREE, audio(7000), wait))
    assert told == []
    turn = budget.acquire(ACCOUNT, FREE, audio(600), wait)
    assert sum(slept) == pytest.approx(told[0].wait_s)
    assert max(slept) <= POLL_S
    assert turn.sent_s == clock.now_s


def test_a_request_longer_than_an_allowance_is_refused_with_the_longest_that_fits(
    budget: Limiter,
) -> None:
    with pytest.raises(RequestTooLarge, match="at most 7200"):
        budget.ask(ACCOUNT, FREE, audio(7300))
    assert budget.ask(ACCOUNT, FREE, audio(7200)).wait_s == 0


def test_a_request_that_never_reached_the_server_is_given_back(budget: Limiter) -> None:
    budget.unsent(budget.ask(ACCOUNT, FREE, audio(7200)))
    assert budget.ask(ACCOUNT, FREE, audio(7200)).wait_s == 0


def test_a_refused_request_gives_back_its_audio_and_takes_the_server_s_figures(
    budget: Limiter, clock: Clock
) -> None:
    turn = budget.ask(ACCOUNT, FREE, audio(230))
    budget.refused(turn, rule="ash", used=7170, limit=7200, wait_s=100)
    again = budget.ask(ACCOUNT, FREE, audio(230))
    assert again.wait_s == pytest.approx(100 + MARGIN * 3600)


def test_a_wait_that_the_server_asks_for_holds_for_the_whole_account(
    budget: Limiter, clock: Clock
) -> None:
    budget.refused(budget.ask(ACCOUNT, FREE, audio(1)), wait_s=77)
    turn = budget.ask(ACCOUNT, FREE, audio(1))
    assert (turn.wait_s, turn.cause) == (77, "the wait that the server asked for")
    clock.now_s += 77
    assert budget.again(turn).wait_s == 0


def test_headers_that_tell_of_others_use_of_the_account_raise_the_level(
    budget: Limiter, clock: Clock
) -> None:
    turn = budget.ask(ACCOUNT, FREE, audio(100))
    budget.answered(turn, (observed_hour(used=7100),))
    wait_s = budget.ask(ACCOUNT, FREE, audio(600)).wait_s
    assert wait_s == pytest.approx(500 / 2 + MARGIN * 3600)


def test_headers_lower_a_level_that_counts_what_the_server_did_not(
    budget: Limiter, clock: Clock
) -> None:
    use(budget, 7000)
    clock.now_s += 20
    turn = budget.ask(ACCOUNT, FREE, audio(100))
    budget.answered(turn, (observed_hour(used=100),))
    assert budget.ask(ACCOUNT, FREE, audio(7000)).wait_s == 0


def test_headers_do_not_hide_requests_that_are_still_under_way(budget: Limiter) -> None:
    first = budget.ask(ACCOUNT, FREE, audio(100))
    budget.ask(ACCOUNT, FREE, audio(3000))
    late = budget.ask(ACCOUNT, FREE, audio(3500))
    budget.answered(late, ())
    budget.answered(first, (observed_hour(used=100),))
    assert budget.ask(ACCOUNT, FREE, audio(1000)).wait_s > 0


def test_a_limit_that_the_server_tells_holds_where_it_is_lower(budget: Limiter) -> None:
    turn = budget.ask(ACCOUNT, FREE, audio(10))
    budget.answered(turn, (observed_hour(used=10, limit=3600),))
    with pytest.raises(RequestTooLarge, match="at most 3600"):
        budget.ask(ACCOUNT, FREE, audio(3700))
    assert budget.told(ACCOUNT) == Limits(ash=3600)


def test_a_limit_that_the_server_told_is_forgotten_after_a_day(
    budget: Limiter, clock: Clock
) -> None:
    turn = budget.ask(ACCOUNT, FREE, audio(10))
    budget.refused(turn, rule="rpm", used=5, limit=5)
    clock.now_s += 86_401
    assert budget.told(ACCOUNT) == Limits()


def test_a_clock_that_is_set_back_costs_no_wait(budget: Limiter, clock: Clock) -> None:
    use(budget, 7000)
    clock.now_s -= 5000
    before_s = budget.ask(ACCOUNT, FREE, audio(600)).wait_s
    clock.now_s += 30
    assert budget.ask(ACCOUNT, FREE, audio(600)).wait_s <= before_s + 300 - 30


def test_accounts_are_told_apart_and_the_key_is_nowhere_in_the_ledger(
    budget: Limiter, path: Path
) -> None:
    shapes = itertools.product(("https://a", "https://b"), ("gsk_secret", "other"), ("m", "n"))
    accounts = [budget.account(*shape) for shape in shapes]
    assert len(set(accounts)) == 8
    for account in accounts:
        budget.ask(account, FREE, audio(1))
    held = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert accounts[0].encode() in held
    assert b"gsk_secret" not in held


def test_two_ledgers_name_the_same_key_differently(budget: Limiter, tmp_path: Path) -> None:
    other = Limiter(tmp_path / "other.db")
    assert budget.account("a", "key", "m") != other.account("a", "key", "m")
    assert budget.account("a", "key", "m") == budget.account("a", "key", "m")
    other.close()


def test_the_ledger_is_private_to_the_user(budget: Limiter, path: Path) -> None:
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_a_damaged_ledger_is_begun_anew(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"garbage" * 1000)
    budget = Limiter(path, clock)
    assert budget.ask(ACCOUNT, FREE, audio(7000)).wait_s == 0
    assert budget.ask(ACCOUNT, FREE, audio(7000)).wait_s > 0
    budget.close()
    assert len(caplog.records) == 1


def test_without_a_file_the_process_keeps_its_own_budget(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    budget = Limiter(tmp_path, clock)
    assert budget.ask(ACCOUNT, FREE, audio(7000)).wait_s == 0
    assert budget.ask(ACCOUNT, FREE, audio(7000)).wait_s > 0
    budget.close()
    assert len(caplog.records) == 1


@dataclass
class Provider:
    """A server's own buckets, told the simulated time; the judge of every admission."""

    limits: Limits
    levels: dict[str, float] = field(default_factory=dict)
    at_s: float = 0.0

    def take(self, cost: Cost, now_s: float) -> bool:
        allowances = self.limits.allowances()
        for each in allowances:
            level = self.levels.get(each.rule.name, 0.0) - (now_s - self.at_s) * each.per_s
            self.levels[each.rule.name] = max(0.0, level)
        self.at_s = now_s
        amounts = {each: cost.of(each.rule.quantity) for each in allowances}
        if any(self.levels[each.rule.name] + amounts[each] > each.units for each in allowances):
            return False
        for each in allowances:
            self.levels[each.rule.name] += amounts[each]
        return True

    def headers(self) -> tuple[Observed, ...]:
        shown = {"rpd": "requests", "ash": "audio_s", "tpm": "tokens"}
        return tuple(
            Observed(
                each.rule.quantity,
                each.units,
                each.units - int(self.levels[each.rule.name]),
                self.levels[each.rule.name] / each.per_s,
            )
            for each in self.limits.allowances()
            if each.rule.name in shown
        )


@dataclass
class Load:
    """Workers that send as fast as the budget lets them, over a slow and uneven line."""

    budget: Limiter
    clock: Clock
    provider: Provider
    upload_s: tuple[float, float]
    seed: int
    headers: bool = True
    accepted: int = 0
    refused: int = 0

    def run(
        self, workers: Sequence[Iterator[Cost]], duration_s: float, *others: Iterator[float]
    ) -> None:
        dice = random.Random(self.seed)
        end_s = self.clock.now_s + duration_s
        number = itertools.count()
        works = [*(self._work(costs, dice) for costs in workers), *others]
        queue = [(self.clock.now_s, next(number), work) for work in works]
        while queue and queue[0][0] <= end_s:
            self.clock.now_s, _, work = heapq.heappop(queue)
            pause_s = next(work, None)
            if pause_s is not None:
                heapq.heappush(queue, (self.clock.now_s + pause_s, next(number), work))

    def _work(self, costs: Iterator[Cost], dice: random.Random) -> Generator[float, None, None]:
        for cost in costs:
            turn = self.budget.ask(ACCOUNT, self.provider.limits, cost)
            while turn.wait_s > 0:
                yield min(turn.wait_s, POLL_S)
                turn = self.budget.again(turn)
            yield dice.uniform(*self.upload_s)
            if self.provider.take(cost, self.clock.now_s):
                self.accepted += 1
                told = self.provider.headers() if self.headers else ()
                yield dice.uniform(0.1, 3)
                self.budget.answered(turn, told)
            else:
                self.refused += 1
                used = self.provider.levels["ash"]
                self.budget.refused(turn, rule="ash", used=used, limit=7200)


def strangers(provider: Provider, clock: Clock) -> Generator[float, None, None]:
    """Another machine with the same key: one second of audio each second, half of the refill."""
    while True:
        provider.take(audio(60), clock.now_s)
        yield 60


def random_costs(seed: int, longest_s: float) -> Iterator[Cost]:
    dice = random.Random(seed)
    while True:
        yield Cost(1, dice.uniform(1, 400), dice.uniform(1, longest_s))


simulated = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def fresh(path: Path, clock: Clock) -> Limiter:
    for file in path.parent.iterdir():
        file.unlink()
    return Limiter(path, clock)


@simulated
@given(
    limits=st.sampled_from([FREE, Limits(rpm=20), Limits(ash=7200), Limits(rpm=30, tpm=8000)]),
    longest_s=st.sampled_from([30.0, 600.0, 3600.0]),
    slowest_s=st.sampled_from([0.2, 5.0, 40.0]),
    workers=st.integers(1, 8),
    headers=st.booleans(),
    seed=st.integers(0, 9),
)
def test_however_slow_and_uneven_the_line_the_server_refuses_nothing(
    path: Path,
    clock: Clock,
    limits: Limits,
    longest_s: float,
    slowest_s: float,
    workers: int,
    headers: bool,
    seed: int,
) -> None:
    budget = fresh(path, clock)
    provider = Provider(limits)
    load = Load(budget, clock, provider, (0.05, slowest_s), seed, headers)
    load.run([random_costs(seed + worker, longest_s) for worker in range(workers)], 900)
    budget.close()
    assert load.refused == 0
    assert load.accepted > 0


@settings(simulated, max_examples=6)
@given(
    limits=st.sampled_from([FREE, Limits(rpm=20), Limits(ash=7200), Limits(rpm=30, tpm=8000)]),
    cost=st.sampled_from([Cost(1, 100, 20), Cost(1, 300, 300), Cost(1, 10, 600)]),
    seed=st.integers(0, 9),
)
def test_at_least_95_percent_of_what_the_limits_allow_is_used(
    path: Path, clock: Clock, limits: Limits, cost: Cost, seed: int
) -> None:
    budget = fresh(path, clock)
    provider = Provider(limits)
    duration_s = 1800
    load = Load(budget, clock, provider, (0.05, 3), seed)
    load.run([itertools.repeat(cost) for _ in range(8)], duration_s)
    budget.close()
    allowed = min(
        (each.units + each.per_s * duration_s) / cost.of(each.rule.quantity)
        for each in limits.allowances()
    )
    assert load.accepted + 1 >= 0.95 * allowed
    assert load.refused == 0


def test_where_others_use_half_of_the_allowance_the_rest_is_used_with_few_refusals(
    budget: Limiter, clock: Clock
) -> None:
    provider = Provider(Limits(ash=7200))
    load = Load(budget, clock, provider, (0.05, 2), seed=1)
    work = [itertools.repeat(audio(120)) for _ in range(4)]
    load.run(work, 4 * 3600, strangers(provider, clock))
    # what others take between two requests shows only in the answers
    assert load.refused <= 0.5 * load.accepted
    assert load.accepted * 120 >= 0.4 * (7200 + 4 * 7200)


PATIENT = """
import sys, time
from pathlib import Path
from audiopipe.limits.limiter import Limiter
from audiopipe.limits.rules import Cost, Limits
budget = Limiter(Path(sys.argv[1]))
for _ in range(4):
    budget.ask("account", Limits(rpm=20, rpd=2000, ash=7200, asd=28_800), Cost(audio_s=3000))
print("waiting", flush=True)
time.sleep(600)
"""


def test_kill_9_of_a_waiting_process_keeps_what_was_sent_and_frees_its_places(path: Path) -> None:
    command = [sys.executable, "-c", PATIENT, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    later = Limiter(path, lambda: time.time() + STALE_S + 1)
    wait_s = later.ask(ACCOUNT, FREE, audio(3000)).wait_s
    later.close()
    # two of 3000 s had gone: a third waits for 1800 s of audio, not behind the two dead ones
    assert wait_s == pytest.approx((9000 - 7200) / 2 + MARGIN * 3600, abs=1)


FAST = 30
SENDER = """
import http.client, sys, time
from pathlib import Path
from audiopipe.limits.limiter import Limiter
from audiopipe.limits.rules import Cost, Limits
path, port, fast = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
budget = Limiter(path, lambda: time.time() * fast)
wait = lambda turn, seconds: time.sleep(seconds / fast)
for _ in range(40):
    turn = budget.acquire("account", Limits(rpm=60, ash=7200), Cost(audio_s=1.9), wait)
    line = http.client.HTTPConnection("127.0.0.1", port)
    line.request("POST", "/", b"1.9")
    line.getresponse().read()
    line.close()
    budget.answered(turn)
"""


def test_four_processes_on_one_ledger_are_never_refused(path: Path) -> None:
    provider = Provider(Limits(rpm=60, ash=7200), at_s=time.time() * FAST)
    turnstile = threading.Lock()
    taken: list[bool] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            cost = audio(float(self.rfile.read(int(self.headers["Content-Length"]))))
            with turnstile:
                took = provider.take(cost, time.time() * FAST)
            taken.append(took)
            self.send_response(200 if took else 429)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        command = [sys.executable, "-c", SENDER, str(path), str(server.server_port), str(FAST)]
        senders = [subprocess.Popen(command) for _ in range(4)]
        codes = [sender.wait() for sender in senders]
        server.shutdown()
    assert codes == [0] * 4
    assert taken == [True] * 160


def test_an_answer_does_not_wait_for_a_ledger_that_another_process_holds(tmp_path: Path) -> None:
    path = tmp_path / "budget"
    with closing(Limiter(path)) as budget:
        turn = budget.ask(ACCOUNT, FREE, audio(600))
        assert turn.wait_s == 0
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            budget.answered(turn)  # comes back, though nothing can be written
            other.execute("ROLLBACK")
        budget.ask(ACCOUNT, FREE, audio(1))
    with closing(sqlite3.connect(path)) as db:
        query = "SELECT count(*) FROM requests WHERE answered_s IS NOT NULL"
        assert db.execute(query).fetchone() == (1,)
