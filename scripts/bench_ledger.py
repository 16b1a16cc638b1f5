"""How well nodes share one budget: refusals, share of the limit used, time for an answer.

python scripts/bench_ledger.py --seconds 60 --processes 4 --threads 8 --waiting 1000
python scripts/bench_ledger.py --sqlite             the ledger of one machine

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
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.redis import RedisServer  # noqa: E402 - the path to it is set above

from audiopipe.limits.opened import open_budget  # noqa: E402
from audiopipe.limits.rules import Cost, Limits  # noqa: E402


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--waiting", type=int, default=1000)
    parser.add_argument("--rpm", type=float, default=1200)
    parser.add_argument("--sqlite", action="store_true", help="the ledger in a file, not in Redis")
    told = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        place: str | Path = folder / "budget"
        if not told.sqlite:
            place = stack.enter_context(RedisServer(folder)).address
        load(place, told)
        quiet(place)
        queue(place, told.waiting)


def load(place: str | Path, told: argparse.Namespace) -> None:
    """Everybody takes what the limit gives."""
    context = multiprocessing.get_context("spawn")
    sent: multiprocessing.Queue[list[float]] = context.Queue()
    until_s = time.time() + told.seconds + 2
    nodes = [
        context.Process(target=node, args=(place, told.rpm, told.threads, until_s, sent))
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
    place: str | Path,
    rpm: float,
    threads: int,
    until_s: float,
    sent: multiprocessing.Queue[list[float]],
) -> None:
    """One process: its threads send until the time is over."""
    times: list[float] = []
    with open_budget(place, time.time) as ledger:

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


def quiet(place: str | Path) -> None:
    """Nobody else is there."""
    with open_budget(place, time.time) as ledger:
        took = []
        for _ in range(1000):
            began_s = time.perf_counter()
            ledger.answered(ledger.ask("quiet", Limits(rpm=1e9, ash=1e9), Cost(audio_s=30)))
            took.append(time.perf_counter() - began_s)
    print(f"alone: {1e3 * statistics.median(took):.2f} ms to ask and answer")


def queue(place: str | Path, waiting: int) -> None:
    """A thousand wait, each asks again."""
    limits = Limits(rpm=20, rpd=2000, ash=7200, asd=28_800)
    with open_budget(place, time.time) as ledger:
        turns = [ledger.ask("queue", limits, Cost(audio_s=1.0 + n % 7)) for n in range(waiting)]
        took, cpu = [], []
        for turn in turns:
            began_s, before_s = time.perf_counter(), time.process_time()
            ledger.again(turn)
            took.append(time.perf_counter() - began_s)
            cpu.append(time.process_time() - before_s)
    median, most = statistics.median(took), max(took)
    print(
        f"{waiting} waiting: {1e3 * median:.2f} ms to ask again (at most {1e3 * most:.2f}), "
        f"of them {1e3 * statistics.median(cpu):.2f} ms of the processor here"
    )


if __name__ == "__main__":
    main()
