"""How well nodes share one budget in Redis: refusals, share of the limit used, time for an answer.

python scripts/bench_ledger.py --seconds 60 --processes 4 --threads 8 --waiting 1000

Starts a redis-server of its own. Each process has its threads take turns as fast as they get them,
of one account with a limit of `--rpm`; a referee counts every charge and tells if the limit was
ever passed. Then `--waiting` requests stand in the queue, and each asks again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.redis import RedisServer  # noqa: E402 - the path to it is set above

from audiopipe.limits.redis_ledger import RedisLedger  # noqa: E402
from audiopipe.limits.rules import Cost, Limits  # noqa: E402


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--waiting", type=int, default=1000)
    parser.add_argument("--rpm", type=float, default=1200)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as redis:
        load(redis.address, told)
        quiet(redis.address)
        queue(redis.address, told.waiting)


def load(address: str, told: argparse.Namespace) -> None:
    """Everybody takes what the limit gives."""
    context = multiprocessing.get_context("spawn")
    sent: multiprocessing.Queue[list[float]] = context.Queue()
    until_s = time.time() + told.seconds + 2
    nodes = [
        context.Process(target=node, args=(address, told.rpm, told.threads, until_s, sent))
        for _ in range(told.processes)
    ]
    for each in nodes:
        each.start()
    times = sorted(at_s for _ in nodes for at_s in sent.get())
    for each in nodes:
        each.join()
    spent_s = times[-1] - times[0]
    allowed = told.rpm * (1 + spent_s / 60)
    worst = most_at_once(times, told.rpm)
    print(
        f"{told.processes} processes of {told.threads} threads, {spent_s:.0f} s, rpm={told.rpm:g}: "
        f"{len(times)} sent of {allowed:.0f} ({100 * len(times) / allowed:.1f} %), "
        f"level at most {worst:.2f} of {told.rpm:g}"
    )


def node(
    address: str, rpm: float, threads: int, until_s: float, sent: multiprocessing.Queue[list[float]]
) -> None:
    """One process: its threads send until the time is over."""
    times: list[float] = []
    with RedisLedger(address) as ledger:

        def work() -> None:
            while time.time() < until_s:
                turn = ledger.acquire("load", Limits(rpm=rpm), Cost(), lambda _, s: time.sleep(s))
                times.append(turn.sent_s)
                ledger.answered(turn)

        running = [threading.Thread(target=work) for _ in range(threads)]
        for each in running:
            each.start()
        for each in running:
            each.join()
    sent.put(times)


def most_at_once(times: list[float], rpm: float) -> float:
    """The highest level of a bucket that the provider keeps."""
    level = worst = 0.0
    before_s = times[0]
    for at_s in times:
        level = max(0.0, level - (at_s - before_s) * rpm / 60) + 1
        worst, before_s = max(worst, level), at_s
    return worst


def quiet(address: str) -> None:
    """Nobody else is there."""
    with RedisLedger(address) as ledger:
        took = []
        for _ in range(1000):
            began_s = time.perf_counter()
            ledger.answered(ledger.ask("quiet", Limits(rpm=1e9, ash=1e9), Cost(audio_s=30)))
            took.append(time.perf_counter() - began_s)
    print(f"alone: {1e3 * statistics.median(took):.2f} ms to ask and answer")


def queue(address: str, waiting: int) -> None:
    """A thousand wait, each asks again."""
    limits = Limits(rpm=20, rpd=2000, ash=7200, asd=28_800)
    with RedisLedger(address) as ledger:
        turns = [ledger.ask("queue", limits, Cost(audio_s=1.0 + n % 7)) for n in range(waiting)]
        took = []
        for turn in turns:
            began_s = time.perf_counter()
            ledger.again(turn)
            took.append(time.perf_counter() - began_s)
    median, most = statistics.median(took), max(took)
    print(f"{waiting} waiting: {1e3 * median:.2f} ms to ask again (at most {1e3 * most:.2f})")


if __name__ == "__main__":
    main()
