"""The ledger in Redis is the ledger of a file, for many machines."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from support.clock import Clock
from support.redis import RedisServer, needs_redis

from audiopipe.errors import LedgerLost, RequestTooLarge, Stopped, UsageError
from audiopipe.limits.ledger import MOST_WALKED, Turn
from audiopipe.limits.limiter import Limiter
from audiopipe.limits.opened import open_budget
from audiopipe.limits.redis_ledger import RedisLedger
from audiopipe.limits.rules import Cost, Limits, Observed

pytestmark = needs_redis

ALL = Limits(rpm=30, rpd=2000, tpm=8000, tpd=200_000, ash=7200, asd=28_800)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


class Pair:
    """A ledger in a file and one in Redis, asked for the same at the same moments."""

    def __init__(self, file: Limiter, remote: RedisLedger, clock: Clock, seed: int) -> None:
        self.file, self.remote, self.clock = file, remote, clock
        self.dice = random.Random(seed)
        self.waiting: list[tuple[Turn, Turn]] = []
        self.flying: list[tuple[Turn, Turn]] = []
        self.worst_s = 0.0

    def step(self, account: str, limits: Limits) -> None:
        pause_s = self.dice.choice([0, 0, 0.1, 1, 5, 20, 60, 400])
        self.clock.now_s += self.dice.uniform(-0.01, 1) * pause_s
        dice = self.dice
        if dice.random() < 1 / 6:
            cost = Cost(1, dice.choice([0.0, dice.uniform(1, 900)]), dice.uniform(0, 900))
            self.ask(account, limits, cost)
        else:
            dice.choice([self.ask_again, self.answer, self.answer, self.refuse, self.give_back])()

    def ask(self, account: str, limits: Limits, cost: Cost) -> None:
        self.both(Turn(0, account, limits, cost, 0, ""), Turn(0, account, limits, cost, 0, ""))

    def ask_again(self) -> None:
        if self.waiting:
            self.both(*self.waiting.pop(self.dice.randrange(len(self.waiting))))

    def both(self, mine: Turn, other: Turn) -> None:
        try:
            mine = self.file.again(mine)
        except RequestTooLarge as expected:
            with pytest.raises(RequestTooLarge) as told:
                self.remote.again(other)
            assert str(told.value) == str(expected)
            return
        other = self.remote.again(other)
        self.worst_s = max(self.worst_s, abs(mine.wait_s - other.wait_s))
        self.worst_s = max(self.worst_s, abs(mine.next_s - other.next_s))
        assert (mine.cause, mine.sent_s) == (other.cause, other.sent_s)
        (self.waiting if mine.wait_s > 0 else self.flying).append((mine, other))

    def flown(self) -> tuple[Turn, Turn] | None:
        return self.flying.pop(self.dice.randrange(len(self.flying))) if self.flying else None

    def answer(self) -> None:
        if pair := self.flown():
            seen = tuple(self.observed() for _ in range(self.dice.choice([0, 0, 1, 3])))
            tokens = self.dice.choice([None, self.dice.uniform(0, 2000)])
            self.file.answered(pair[0], seen, tokens)
            self.remote.answered(pair[1], seen, tokens)

    def observed(self) -> Observed:
        dice = self.dice
        quantity, limit, window_s = dice.choice(
            [("requests", 20, 60), ("tokens", 6000, 60), ("audio_s", 6900, 3600)]
        )
        used = dice.uniform(0.01, 1) * limit
        return Observed(quantity, limit, limit - used, used / limit * window_s)  # type: ignore[arg-type]

    def refuse(self) -> None:
        if pair := self.flown():
            dice = self.dice
            rule = dice.choice([None, "ash", "rpm"])
            used, limit = dice.uniform(0, 7200), dice.choice([7000.0, 7200.0])
            wait_s = dice.choice([0.0, 3.0, 40.0])
            self.file.refused(pair[0], rule=rule, used=used, limit=limit, wait_s=wait_s)
            self.remote.refused(pair[1], rule=rule, used=used, limit=limit, wait_s=wait_s)

    def give_back(self) -> None:
        if self.dice.random() < 0.5 and (pair := self.flown()):
            self.file.unsent(pair[0])
            self.remote.unsent(pair[1])


@pytest.mark.parametrize("seed", range(10))
def test_a_thousand_random_steps_are_the_same_in_a_file_and_in_redis(
    redis: RedisServer, tmp_path: Path, seed: int
) -> None:
    clock = Clock(1_700_000_000.0)
    with Limiter(tmp_path / "budget", clock) as file, RedisLedger(redis.address, clock) as remote:
        pair = Pair(file, remote, clock, seed)
        few = Limits(rpm=20, ash=7200)
        accounts = {f"{seed} one": ALL, f"{seed} two": few, f"{seed} three": replace(ALL, tpm=None)}
        for _ in range(1000):
            pair.step(*pair.dice.choice([*accounts.items()]))
        assert pair.worst_s < 1e-6
        for account in accounts:
            assert file.told(account) == remote.told(account)


def test_a_queue_longer_than_is_walked_is_the_same_in_both(
    redis: RedisServer, tmp_path: Path
) -> None:
    clock = Clock(1_700_000_000.0)
    with Limiter(tmp_path / "budget", clock) as file, RedisLedger(redis.address, clock) as remote:
        pair = Pair(file, remote, clock, 1)
        for n in range(MOST_WALKED + 80):
            pair.ask("long", ALL, Cost(1, 20.0 + n % 9, 1.0 + n % 40))
        assert len(pair.waiting) > MOST_WALKED + 40
        for _ in range(100):
            clock.now_s += 1.0
            pair.ask_again()
        assert pair.worst_s < 1e-6


def test_a_lost_answer_charges_nobody_twice(redis: RedisServer) -> None:
    with RedisLedger(redis.address) as ledger:
        turn = replace(ledger.ask("lost", Limits(rpm=2000), Cost(audio_s=5)), sent_s=0.0)
        again = ledger.again(turn)
        assert again.wait_s == 0
        ledger.unsent(again)
        ledger.unsent(again)
        (used,) = [e.used for e in ledger.known() if e.account == "lost"] or [{"rpm": (0.0, 0)}]
        assert used["rpm"][0] == pytest.approx(0, abs=0.1)


def test_redis_is_waited_for_and_notes_are_kept_meanwhile(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    with server, RedisLedger(server.address) as ledger:
        first = ledger.ask("away", Limits(rpm=60), Cost())
        server.stop()
        ledger.answered(first, (Observed("requests", 60, 0, 60),))
        threading.Timer(1.0, server.start).start()
        assert ledger.ask("away", Limits(rpm=60), Cost()).wait_s > 0  # as the note told


def test_a_ledger_that_stays_away_ends_the_run_and_a_stop_ends_the_wait(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    with RedisLedger(server.address, patience_s=0.3) as ledger, pytest.raises(LedgerLost):
        ledger.ask("nobody", Limits(), Cost())

    def stopped() -> None:
        raise Stopped("stopped")

    with RedisLedger(server.address) as ledger, pytest.raises(Stopped):
        ledger.again(Turn(0, "nobody", Limits(), Cost(), 0, ""), stopped)


def test_what_is_learnt_is_known_to_other_nodes_until_it_is_forgotten(redis: RedisServer) -> None:
    with RedisLedger(redis.address) as one, RedisLedger(redis.address) as other:
        account = one.account("https://me:pw@api.example/v1", "key", "m")
        assert other.account("https://me:pw@api.example/v1", "key", "m") == account
        one.learn("https://api.example/v1", "m", "verbose_json", "json")
        assert other.facts("https://api.example/v1", "m") == {"verbose_json": "json"}
        one.answered(one.ask(account, Limits(rpm=50), Cost()), (Observed("requests", 50, 40, 12),))
        assert other.told(account).rpm == 50
        (seen,) = [each for each in other.known() if each.account == account]
        assert (seen.server, seen.model) == ("https://api.example/v1", "m")
        assert other.forget("api.example") == 2
        assert one.told(account) == Limits()


def test_runs_spend_no_more_than_their_bound_on_all_nodes(
    redis: RedisServer, tmp_path: Path
) -> None:
    for place in (redis.address, tmp_path / "budget"):
        with open_budget(place, time.time) as one, open_budget(place, time.time) as other:
            with ThreadPoolExecutor(8) as pool:
                granted = pool.map(
                    lambda n, nodes=(one, other): nodes[n % 2].spend("run", 0.5, 1, 10.0, 1e9)[1],
                    range(50),
                )
                assert sum(granted) == 20
            assert one.spend("run", -0.5, -1, 10.0, 1e9) == (9.5, True)
            assert other.spend("run", 0.5, 1, 10.0, 19) == (9.5, False)
            assert other.spend("another run", 0.5, 1, 10.0, 19) == (0.5, True)


def test_an_address_without_redis_or_of_another_kind_is_told(redis: RedisServer) -> None:
    with pytest.raises(UsageError, match="redis://"):
        open_budget("http://host", time.time)
    with pytest.raises(UsageError) as told:
        open_budget("redis://:secret@host:port/0", time.time)
    assert "secret" not in str(told.value)
