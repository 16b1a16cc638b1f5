"""A million recordings over a thousand nodes: time, load and memory, under three kinds of limits.

python scripts/simulate_scale.py --recordings 1000000 --nodes 1000
python scripts/simulate_scale.py --recordings 100000 --nodes 100 --death-days 1

What can be had is real: `engines.spread` hands out each recording, and the time of a ledger's call
and of the scheduler's work on a task are measured on this machine (where redis-server and Dask
are); `bench_driver.py` measures what a driver holds. Network, nodes and the provider are
simulated, with their own clock: lengths are log-normal (median 8 minutes, mean 15), a node
decodes 200 times faster than real time, an answer takes 2 s and 1/200 of its audio, nodes die at
random, some answers are faults of the server and some recordings kill whoever reads them. The
provider's limits are those of the catalogue for its cheapest model.

Time and memory are linear in the recordings: an array holds what is known of them, a heap holds
those under way, and nothing else is an object for longer than its work takes.
"""

from __future__ import annotations

import argparse
import heapq
import random
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from audiopipe.backends.catalog import limits_of  # noqa: E402 - the path is set above
from audiopipe.backends.http.retry import Retry  # noqa: E402
from audiopipe.concurrency import Died, Stop  # noqa: E402
from audiopipe.engines.spread import spread  # noqa: E402
from audiopipe.limits.budget import POLL_S  # noqa: E402
from audiopipe.limits.rules import MARGIN, Cost, Limits  # noqa: E402
from audiopipe.settings import Settings  # noqa: E402

T = TypeVar("T")
R = TypeVar("R")

MODEL = "whisper-large-v3-turbo"
SLOTS = 4
CHUNK_S, OVERLAP_S = 600.0, 10.0
DECODED, ANSWERED = 200, 200
"""Seconds of audio in a second."""
TRIES = Retry().attempts
BACKOFF_S = 2.0


@dataclass(frozen=True)
class Rates:
    """How often things go wrong.

    Attributes:
        death_s: seconds between two deaths of a node.
        fault: of all answers.
    """

    death_s: float
    fault: float


class Provider:
    """Gives turns: of each limit the burst first, then its pace."""

    def __init__(self, limits: Limits) -> None:
        self._rows = [
            (each.rule.quantity, each.per_s, each.rule.window_s * (1 - MARGIN))
            for each in limits.allowances()
        ]
        self._due_s = [-burst_s for _, _, burst_s in self._rows]

    def turn_s(self, cost: Cost, now_s: float) -> float:
        """When a request may go that is asked for now."""
        turn_s = now_s
        for n, (quantity, per_s, burst_s) in enumerate(self._rows):
            self._due_s[n] = max(self._due_s[n], now_s - burst_s) + cost.of(quantity) / per_s
            turn_s = max(turn_s, self._due_s[n])
        return turn_s


@dataclass
class World:
    """Nodes with a clock of their own: an engine whose pieces of work end in the order of time.

    A piece is the number of a recording. Time goes on whenever the driver has handed out all that
    it may, or has no more.

    Attributes:
        seconds: of each recording.
        poison: which recordings kill whoever reads them.
        parts: of recordings whose node died, when their other chunks may go and what is in each.
        under_way: the moment of its end, a tie-break, the recording, its future,
            and whether its node dies.
    """

    slots: int
    provider: Provider
    seconds: NDArray[np.float32]
    poison: NDArray[np.bool_]
    rates: Rates
    dice: random.Random
    now_s: float = 0.0
    requests: int = 0
    again: int = 0
    faults: int = 0
    deaths: int = 0
    lost: int = 0
    waited_s: float = 0.0
    begun: int = 0
    is_last: bool = False
    parts: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    under_way: list[tuple[float, int, int, Future[Any], bool]] = field(default_factory=list)
    waiting: deque[tuple[int, Future[Any]]] = field(default_factory=deque)

    def submit(self, work: Callable[[T], R], item: T) -> Future[R]:
        done: Future[R] = Future()
        assert isinstance(item, int)
        if len(self.under_way) < self.slots:
            self._begin(item, done)
        else:
            self.waiting.append((item, done))
        if self.is_last or len(self.under_way) + len(self.waiting) >= 2 * self.slots:
            self._step()
        return done

    def numbers(self, order: NDArray[np.int64]) -> Iterator[int]:
        """What is to be done; once all of it is taken, what is under way comes to its end."""
        yield from map(int, order)
        self.is_last = True
        while self.under_way:
            self._step()

    def check(self) -> None:
        """Nobody is lost."""

    def channel(self, hear: Callable[[Any], None]) -> Callable[[Any], None]:
        return hear

    def signal(self) -> Any:
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""

    def _step(self) -> None:
        self.now_s, _, item, done, died = heapq.heappop(self.under_way)
        if self.waiting:
            self._begin(*self.waiting.popleft())
        if died:
            self.deaths += 1
            done.set_exception(Died("its node died"))
        else:
            self.parts.pop(item, None)
            done.set_result(None)

    def _begin(self, item: int, done: Future[Any]) -> None:
        """A node takes it up; of one that died the answers are kept, and turns not taken yet."""
        audio_s = float(self.seconds[item])
        parts = self.parts.get(item)
        if parts is None:
            parts = self._planned(audio_s)
        decoded_s = self.now_s + audio_s / DECODED
        answers = [(max(t, self.now_s), max(t, self.now_s) + 2 + s / ANSWERED, s) for t, s in parts]
        end_s = max([decoded_s, *(answered_s for _, answered_s, _ in answers)])
        poison = bool(self.poison[item])
        died = poison or self.dice.random() < (end_s - self.now_s) / self.rates.death_s
        if died:
            end_s = decoded_s if poison else self.dice.uniform(self.now_s, end_s)
            self.again += sum(turn_s <= end_s < answered_s for turn_s, answered_s, _ in answers)
            self.parts[item] = [(t, s) for t, answered_s, s in answers if answered_s > end_s]
        self.begun += 1
        heapq.heappush(self.under_way, (end_s, self.begun, item, done, died))

    def _planned(self, audio_s: float) -> list[tuple[float, float]]:
        """When the try of each chunk may go that is answered, and the seconds of it."""
        parts, whole = [], True
        while audio_s > 0:
            chunk_s = min(audio_s, CHUNK_S)
            turn_s = self.provider.turn_s(Cost(audio_s=chunk_s), self.now_s)
            self.waited_s += turn_s - self.now_s
            self.requests += 1
            for tries in range(1, TRIES + 1):
                if self.dice.random() >= self.rates.fault:
                    break
                self.faults += 1
                whole = whole and tries < TRIES
                turn_s = self.provider.turn_s(Cost(audio_s=chunk_s), turn_s + BACKOFF_S)
            parts.append((turn_s, chunk_s))
            audio_s -= chunk_s if chunk_s == audio_s else chunk_s - OVERLAP_S
        self.lost += not whole
        return parts


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recordings", type=int, default=1_000_000)
    parser.add_argument("--nodes", type=int, default=1_000)
    parser.add_argument("--death-days", type=float, default=7, help="between deaths of a node")
    parser.add_argument("--fault-rate", type=float, default=1e-3, help="of answers")
    parser.add_argument("--poison-rate", type=float, default=1e-5, help="of recordings")
    told = parser.parse_args()
    ledger_us, task_ms = ledger(), scheduler()
    print(f"measured: {ledger_us:.0f} us a call of the ledger, {task_ms:.1f} ms a task of Dask")
    free, dev = limits_of(MODEL, "free"), limits_of(MODEL, "dev")
    for name, limits in (("free", free), ("dev", dev), ("none", Limits())):
        simulate(name, limits, told, ledger_us, task_ms)


def simulate(
    name: str, limits: Limits, told: argparse.Namespace, ledger_us: float, task_ms: float
) -> None:
    """One kind of limits."""
    lots = np.random.default_rng(1)
    seconds = np.minimum(lots.lognormal(6.17, 1.12, told.recordings), 6 * 3600).astype(np.float32)
    poison = lots.random(told.recordings) < told.poison_rate
    # as `cluster.driver.in_order`: short ones first under a limit, else long ones
    order = np.argsort(seconds if limits.allowances() else -seconds, kind="stable")
    rates = Rates(told.death_days * 86_400, told.fault_rate)
    world = World(told.nodes * SLOTS, Provider(limits), seconds, poison, rates, random.Random(1))
    began_s, failed = time.process_time(), 0
    for _, future in spread(world, str, world.numbers(order), Stop()):
        failed += isinstance(future.exception(), Died)
    cpu_s = time.process_time() - began_s
    report(name, limits, world, ledger_us, task_ms)
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"  failed: {failed} whose nodes died three times ({int(poison.sum())} kill them), "
        f"{world.lost} with a chunk refused {TRIES} times\n"
        f"  to simulate: {cpu_s:.0f} s of CPU, at most {rss_mb:.0f} MB so far",
        flush=True,
    )


def report(name: str, limits: Limits, world: World, ledger_us: float, task_ms: float) -> None:
    """What came out, beside the least that is possible."""
    count, total_s = len(world.seconds), float(world.seconds.sum(dtype=np.float64))
    each_s = np.maximum(world.seconds / DECODED, 2 + np.minimum(world.seconds, CHUNK_S) / ANSWERED)
    work_s = float(each_s.sum(dtype=np.float64)) / world.slots
    amounts = {"requests": float(world.requests), "tokens": 0.0, "audio_s": total_s}
    paces = {
        str(each): amounts[each.rule.quantity] / each.per_s - each.rule.window_s
        for each in limits.allowances()
    }
    candidates = [("the nodes", work_s), *paces.items()]
    bound, bound_s = max(candidates, key=lambda each: each[1])
    span_s = max(world.now_s, 1.0)
    asking = world.waited_s / span_s
    calls = 2 * (world.requests + world.faults) / span_s + asking / POLL_S if paces else 0.0
    rate = count / span_s
    print(
        f"{name}: {count} recordings, {total_s / 3600:.0f} h, {world.requests} requests\n"
        f"  time: {days(world.now_s)}, at least {days(bound_s)} by {bound} "
        f"({world.now_s / bound_s:.3f} times); {work_s / bound_s * world.slots:.0f} slots of "
        f"{world.slots} would do\n"
        f"  ledger: {calls:.0f} calls a second, {calls * ledger_us / 1e4:.1f} % of a core\n"
        f"  driver and scheduler: {rate:.1f} tasks a second, {rate * task_ms / 10:.1f} % of a "
        f"core; {2 * world.slots} in the window\n"
        f"  recordings whose node died: {world.deaths}; paid again: {world.again} requests "
        f"({100 * world.again / world.requests:.4f} %); faults of the server: {world.faults}"
    )


def days(seconds: float) -> str:
    """Seconds in words."""
    return f"{seconds / 86_400:.1f} days" if seconds > 172_800 else f"{seconds / 3600:.2f} h"


def ledger() -> float:
    """Microseconds of Redis for one call; 120 where none is installed, as was measured before."""
    try:
        from support.redis import RedisServer

        from audiopipe.limits.redis_ledger import RedisLedger

        with (
            tempfile.TemporaryDirectory() as folder,
            RedisServer(Path(folder)) as redis,
            RedisLedger(redis.address) as books,
        ):
            for _ in range(2000):
                limits = Limits(rpm=1e9, rpd=1e9, ash=1e9, asd=1e9)
                books.answered(books.ask("a", limits, Cost(audio_s=60)))
            seen: Any = books._redis.info("commandstats")
            return float(seen["cmdstat_evalsha"]["usec_per_call"])
    except (FileNotFoundError, ImportError):
        return 120.0


def scheduler() -> float:
    """Milliseconds of scheduler and driver for one task of Dask; 5.7 where it is not installed."""
    from audiopipe.engines import open_engine
    from audiopipe.errors import UsageError

    try:
        engine = open_engine("dask", Settings(slots=2))
    except UsageError:
        return 5.7
    with engine:
        began_s = time.process_time()
        count = sum(1 for _ in spread(engine, abs, range(500), Stop()))
        return 1000 * (time.process_time() - began_s) / count


if __name__ == "__main__":
    main()
