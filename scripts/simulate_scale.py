"""A million recordings over a thousand nodes: time, load and memory, under three kinds of limits.

python scripts/simulate_scale.py --recordings 1000000 --nodes 1000
python scripts/simulate_scale.py --recordings 100000 --nodes 100 --death-days 1

What can be had is real: `engines.spread` hands out each recording, the record of the batch is
kept with all rows, and the time of a ledger's call and of the scheduler's work on a task are
measured on this machine (where redis-server and Dask are). Network, nodes and the provider are
simulated, with their own clock: lengths are log-normal (median 8 minutes, mean 15), a node
decodes 200 times faster than real time, an answer takes 2 s and 1/200 of its audio, nodes die at
random. The provider's limits are those of the catalogue for its cheapest model.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from threading import Lock, Thread
from typing import Any, Self, TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from audiopipe.backends.catalog import limits_of  # noqa: E402 - the path is set above
from audiopipe.concurrency import Died, Stop  # noqa: E402
from audiopipe.engines.spread import spread  # noqa: E402
from audiopipe.limits.rules import MARGIN, Cost, Limits  # noqa: E402
from audiopipe.settings import Settings  # noqa: E402
from audiopipe.workflows.batch import Manifest, Row  # noqa: E402
from audiopipe.workflows.cluster.driver import in_order  # noqa: E402
from audiopipe.workflows.inputs import Item  # noqa: E402

T = TypeVar("T")
R = TypeVar("R")

MODEL = "whisper-large-v3-turbo"
SLOTS = 4
CHUNK_S = 600.0
POLLS = 1 / 10.0
"""Questions in a second of one who waits for a turn; see `limits.budget.POLL_S`."""


@dataclass
class World:
    """Nodes with a clock of their own: an engine whose pieces of work end in the order of time."""

    slots: int
    limits: Limits
    dice: random.Random
    death_s: float
    now_s: float = 0.0
    requests: int = 0
    again: int = 0
    deaths: int = 0
    waited_s: float = 0.0
    under_way: list[tuple[float, int, Future[Any], bool]] = field(default_factory=list)
    waiting: deque[tuple[Item, Future[Any]]] = field(default_factory=deque)
    free_at_s: dict[str, float] = field(default_factory=dict)
    plans: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    is_last: bool = False
    ended: bool = False
    lock: Lock = field(default_factory=Lock)
    number: Iterator[int] = field(default_factory=itertools.count)

    def submit(self, work: Callable[[T], R], item: T) -> Future[R]:
        done: Future[R] = Future()
        assert isinstance(item, Item)
        with self.lock:
            if len(self.under_way) < self.slots:
                self._begin(item, done)
            else:
                self.waiting.append((item, done))
        return done

    def check(self) -> None:
        """Nobody is lost."""

    def run(self) -> None:
        """Time goes on while the driver has handed out all that it may."""
        while not self.ended:
            with self.lock:
                while self.under_way and (len(self.waiting) > self.slots // 2 or self.is_last):
                    self._step()
            time.sleep(0.001)

    def _step(self) -> None:
        self.now_s, _, done, died = heapq.heappop(self.under_way)
        if self.waiting:
            self._begin(*self.waiting.popleft())
        if died:
            self.deaths += 1
            done.set_exception(Died("its node died"))
        else:
            done.set_result(None)

    def channel(self, hear: Callable[[Any], None]) -> Callable[[Any], None]:
        return hear

    def signal(self) -> Any:
        return None

    def __enter__(self) -> Self:
        Thread(target=self.run, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.ended = True

    def all_of(self, items: Iterable[Item]) -> Iterator[Item]:
        """What is to be done; known to be all of it once it is taken."""
        yield from items
        self.is_last = True

    def _begin(self, item: Item, done: Future[Any]) -> None:
        """A node takes it up; of one that died the answers are kept, and turns not taken yet."""
        parts = self.plans.get(item.source) or self._planned(self.seconds[item.source])
        decoded_s = self.now_s + self.seconds[item.source] / 200
        answers = [(max(t, self.now_s), max(t, self.now_s) + 2 + s / 200, s) for t, s in parts]
        end_s = max(decoded_s, *(answered_s for _, answered_s, _ in answers))
        if died := self.dice.random() < (end_s - self.now_s) / self.death_s:
            end_s = self.dice.uniform(self.now_s, end_s)
            self.again += sum(turn_s <= end_s < answered_s for turn_s, answered_s, _ in answers)
            self.plans[item.source] = [(t, s) for t, answered_s, s in answers if answered_s > end_s]
        heapq.heappush(self.under_way, (end_s, next(self.number), done, died))

    def _planned(self, audio_s: float) -> list[tuple[float, float]]:
        """When each of its chunks may go, and the seconds of it; they share 10 s."""
        parts = []
        while audio_s > 0:
            chunk_s = min(audio_s, CHUNK_S)
            parts.append((self._turn_s(Cost(audio_s=chunk_s), self.now_s), chunk_s))
            self.requests += 1
            self.waited_s += parts[-1][0] - self.now_s
            audio_s -= chunk_s if chunk_s == audio_s else chunk_s - 10
        return parts

    def _turn_s(self, cost: Cost, now_s: float) -> float:
        """When the provider takes it: of each limit the burst first, then its pace."""
        turn_s = now_s
        for each in self.limits.allowances():
            amount = cost.of(each.rule.quantity)
            burst_s = each.rule.window_s * (1 - MARGIN)
            due_s = self.free_at_s.get(each.rule.name, -burst_s)
            turn_s = max(turn_s, max(due_s, now_s - burst_s) + amount / each.per_s)
            self.free_at_s[each.rule.name] = max(due_s, now_s - burst_s) + amount / each.per_s
        return max(now_s, turn_s)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recordings", type=int, default=1_000_000)
    parser.add_argument("--nodes", type=int, default=1_000)
    parser.add_argument("--death-days", type=float, default=7, help="between deaths of a node")
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
    dice = random.Random(1)
    lengths = [min(dice.lognormvariate(6.17, 1.12), 6 * 3600) for _ in range(told.recordings)]
    items: dict[Item, float | None] = {
        Item(f"s3://bucket/talks/{n // 1000:04}/{n:07}.mp3", PurePath(f"{n // 1000:04}/{n:07}")): s
        for n, s in enumerate(lengths)
    }
    world = World(told.nodes * SLOTS, limits, dice, told.death_days * 86_400)
    world.seconds = {item.source: s or 0.0 for item, s in items.items()}
    began_s, cpu_s = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        rows = (Row(item.source, item.stem.as_posix()) for item in items)
        with world, Manifest(folder, Settings(), rows) as record:
            todo = in_order(items, is_limited=bool(limits.allowances()))
            for item, _ in spread(world, str, world.all_of(todo), Stop()):
                stem = item.stem.as_posix()
                record.put(Row(item.source, stem, "done", "", (f"{stem}.json",), 900.0, 0, 2))
        size_mb = (Path(folder) / "batch.json").stat().st_size / 1e6
    cpu_s = time.process_time() - cpu_s
    report(name, limits, lengths, told, world, ledger_us, task_ms)
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(
        f"  driver: {cpu_s:.0f} s of CPU in all, at most {rss_mb:.0f} MB so far, "
        f"batch.json {size_mb:.0f} MB ({time.monotonic() - began_s:.0f} s to simulate)"
    )


def report(
    name: str,
    limits: Limits,
    lengths: list[float],
    told: argparse.Namespace,
    world: World,
    ledger_us: float,
    task_ms: float,
) -> None:
    """What came out, beside the least that is possible."""
    slots, total_s = told.nodes * SLOTS, sum(lengths)
    work_s = sum(max(s / 200, 2 + min(s, CHUNK_S) / 200) for s in lengths) / slots
    amounts = {"requests": float(world.requests), "tokens": 0.0, "audio_s": total_s}
    paces = [
        amounts[each.rule.quantity] / each.per_s - each.rule.window_s
        for each in limits.allowances()
    ]
    bound_s = max([work_s, *paces])
    span_s = max(world.now_s, 1.0)
    waiting = min(world.waited_s / span_s, slots * 2)
    calls = 2 * world.requests / span_s + (waiting * POLLS if limits.allowances() else 0.0)
    print(
        f"{name}: {len(lengths)} recordings, {total_s / 3600:.0f} h, {world.requests} requests\n"
        f"  time: {days(world.now_s)}, at least {days(bound_s)} "
        f"({world.now_s / bound_s:.3f} times)\n"
        f"  ledger: {calls:.0f} calls a second, {calls * ledger_us / 1e4:.1f} % of a core\n"
        f"  scheduler: {len(lengths) / span_s:.1f} tasks a second, "
        f"{len(lengths) / span_s * task_ms / 10:.1f} % of a core; {2 * slots} in its window\n"
        f"  recordings whose node died: {world.deaths}; requests paid again: {world.again} "
        f"({100 * world.again / world.requests:.4f} %)"
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
