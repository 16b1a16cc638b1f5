"""Whole runs over several nodes while something breaks: real Redis, real Dask, network namespaces.

python scripts/cluster_faults.py                          all of them
python scripts/cluster_faults.py limit redis              some

    limit      two nodes share rpm=20: refusals, time beside the least, requests of a second run
    pace       two nodes share rpm=120, recordings of several chunks: likewise
    twice      the same recordings under two names on two nodes, several chunks each
    redis      Redis is away for 20 s
    cut        the network between a node and all others is cut for 30 s (root alone)
    workers    ten workers of Dask are killed
    driver     the driver is killed
    scheduler  the scheduler is killed, and Ctrl-C comes at once in a second run
    cost       --max-cost over two nodes of Dask of which workers are killed, and the same again
    poison     one recording kills whoever reads it
    ctrl-c     Ctrl-C while nodes of Dask work

Each run must end with all recordings done by the same command, begun again where it ended. What is
printed: requests beside recordings, each of which is one request, and how many were under way when
it happened.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import soundfile as sf

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.namespaces import Link, namespace  # noqa: E402 - the path to it is set above
from support.redis import RedisServer  # noqa: E402
from support.server import Server  # noqa: E402
from support.speechlike import make_recording, word  # noqa: E402

from audiopipe.limits.rules import Limits  # noqa: E402

COUNT = 40
LATENCY_S = 2.0
IN_CHUNKS = ("--chunk-length", "20", "--overlap", "5")
MOST_USD = 0.002
"""Of whisper-large-v3-turbo: 18 requests of at most 10 s, at $0.04 an hour."""
DEADLY = """
import os, signal

def check(evidence):
    if any("{word}" in each.text for each in evidence.segments):
        os.kill(os.getpid(), signal.SIGKILL)
    return iter(())
"""

Process = subprocess.Popen[str]


class Stage:
    """A folder with recordings, a server, a Redis, and what runs between them."""

    def __init__(
        self,
        stack: ExitStack,
        host: str = "127.0.0.1",
        rpm: float | None = None,
        words: int = 6,
        count: int = COUNT,
        latency_s: float = LATENCY_S,
    ) -> None:
        enter = stack.enter_context
        self.folder = Path(enter(tempfile.TemporaryDirectory()))
        self.host = host
        self.server = enter(
            Server(limits=Limits(rpm=rpm), latency=lambda _: 0.3 if rpm else latency_s, host=host)
        )
        self.redis = enter(RedisServer(self.folder, host))
        self.running: list[Process] = []
        self.environment = {**os.environ, **self.server.as_groq, "PYTHONUNBUFFERED": "1"}
        self.environment["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "0"
        stack.callback(self.end)
        self.count, self.within = count, list[str]()
        for n in range(count):
            path = self.folder / "talks" / f"{n:02}.flac"
            path.parent.mkdir(exist_ok=True)
            length = words + n % 5
            sf.write(path, make_recording(length, first=(words + 40) * n), 16_000)
        self.limits = ("--limit", f"rpm={rpm:g}" if rpm else "rpm=none")

    def begin(self, *command: str, link: Link | None = None) -> Process:
        """A command line of ours, here or behind a link."""
        within = link.within() if link else self.within
        made = subprocess.Popen(
            [*within, sys.executable, "-m", *command],
            cwd=self.folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self.running.append(made)
        return made

    def transcribe(self, *more: str, out: str = "out", link: Link | None = None) -> Process:
        """A driver, or a node with a share."""
        shared = ["--ledger", self.redis.address, "--cache-dir", f"{self.folder.as_uri()}/answers"]
        command = ["audiopipe", "transcribe", "talks", "-o", out, "-f", "json", *shared]
        return self.begin(*command, *self.limits, *more, link=link)

    def shares(
        self, out: str = "out", link: Link | None = None, more: Sequence[str] = ()
    ) -> list[Process]:
        """Two nodes, the second behind a link."""
        first = self.transcribe("--share", "1/2", *more, out=out)
        return [first, self.transcribe("--share", "2/2", *more, out=out, link=link)]

    def wait_for(self, requests: int) -> None:
        """Until so many have come."""
        until_s = time.monotonic() + 300
        while len(self.server.seen) < requests and time.monotonic() < until_s:
            time.sleep(0.02)

    def ended(self, processes: Sequence[Process]) -> list[int]:
        """Their exit codes; what they said, where one is not 0."""
        for each in processes:
            _, said = each.communicate(timeout=600)
            if each.returncode:
                print("   ", *said.strip().splitlines()[-3:], sep="\n    ")
        return [each.returncode for each in processes]

    def results(self) -> int:
        """How many are there."""
        return len(list((self.folder / "out").glob("[0-9]*.json")))

    def told(self, what: str, codes: object, under_way: int = 0) -> None:
        """A row: what came of it."""
        done = self.results()
        heard = {each.audio for each in self.server.accepted}
        print(
            f"{what}: exit codes {codes}, {done} of {self.count} done, "
            f"{len(self.server.seen)} requests ({len(self.server.refused)} refused, "
            f"{len(heard)} different ones answered), "
            f"{under_way} under way then",
            flush=True,
        )

    def end(self) -> None:
        """Nothing that was begun is left."""
        for each in self.running:
            with suppress(ProcessLookupError):
                os.killpg(each.pid, signal.SIGKILL)
            with suppress(ValueError):
                each.communicate()


def limit(stack: ExitStack) -> None:
    """One limit for both nodes, of which the burst is half of the recordings."""
    shared(Stage(stack, rpm=20), "limit", 20)


def pace(stack: ExitStack) -> None:
    """A limit that is quick; recordings of 100 s in chunks of 20 s."""
    shared(Stage(stack, rpm=120, words=200), "pace", 120, *IN_CHUNKS)


def shared(stage: Stage, what: str, rpm: float, *more: str) -> None:
    """Two nodes under one limit, and once more."""
    codes = stage.ended(stage.shares(more=more))
    times = sorted(seen.at_s for seen in stage.server.seen)
    least_s = (len(times) - 0.99 * rpm) * 60 / rpm
    stage.told(f"{what}, {times[-1] - times[0]:.1f} s (least {least_s:.1f})", codes)
    stage.told(f"{what}, again", stage.ended(stage.shares(out="out-2", more=more)))


def twice(stack: ExitStack) -> None:
    """Two nodes that do not know of each other get the same recordings at the same time."""
    stage = Stage(stack, words=80)
    nodes = [stage.transcribe(*IN_CHUNKS, out=out) for out in ("out", "out-2")]
    codes = stage.ended(nodes)
    stage.told("twice", codes)


def redis(stack: ExitStack) -> None:
    """It is away while nodes work."""
    stage = Stage(stack)
    nodes = stage.shares()
    stage.wait_for(10)
    busy = stage.server.busy
    stage.redis.stop()
    time.sleep(20)
    stage.redis.start()
    stage.told("redis", stage.ended(nodes), busy)


def cut(stack: ExitStack) -> None:
    """A node is in a namespace whose only link goes down."""
    link = stack.enter_context(namespace())
    stage = Stage(stack, link.host)
    nodes = stage.shares(link=link)
    stage.wait_for(10)
    busy = stage.server.busy
    link.cut()
    time.sleep(30)
    link.join()
    codes = stage.ended(nodes)
    stage.told("cut", codes, busy)
    if any(codes):
        stage.told("cut, again", stage.ended(stage.shares(link=link)), busy)


def workers(stack: ExitStack) -> None:
    """Processes of nodes are killed, one after another."""
    stage = Stage(stack)
    place, nodes, _ = cluster(stage)
    driver = stage.transcribe("--on", f"dask://{place}")
    busy, dice = 0, random.Random(1)
    for n in range(10):
        stage.wait_for(2 * n + 4)
        if victims := [child for node in nodes for child in workers_of(node.pid)]:
            busy += stage.server.busy
            os.kill(dice.choice(victims), signal.SIGKILL)
        time.sleep(0.5)
    stage.told("workers", stage.ended([driver]), busy)


def driver(stack: ExitStack) -> None:
    """It is killed, and begun again at once: what nodes have under way still ends."""
    stage = Stage(stack)
    place, _, _ = cluster(stage)
    first = stage.transcribe("--on", f"dask://{place}")
    stage.wait_for(10)
    busy = stage.server.busy
    first.kill()
    stage.told("driver", stage.ended([stage.transcribe("--on", f"dask://{place}")]), busy)


def scheduler(stack: ExitStack) -> None:
    """It is killed: the driver ends by itself; nodes wait for the next one."""
    stage = Stage(stack)
    place, _, boss = cluster(stage)
    for how in ("ends by itself", "Ctrl-C"):
        before = len(stage.server.seen)
        run = stage.transcribe("--on", f"dask://{place}")
        stage.wait_for(before + 5)
        busy = stage.server.busy
        boss.kill()
        began_s = time.monotonic()
        if how == "Ctrl-C":
            os.kill(run.pid, signal.SIGINT)
        codes = stage.ended([run])
        stage.told(f"scheduler, {how} after {time.monotonic() - began_s:.1f} s", codes, busy)
        boss = begin_scheduler(stage, place)
    stage.told("scheduler, again", stage.ended([stage.transcribe("--on", f"dask://{place}")]))


def cost(stack: ExitStack) -> None:
    """A bound for all nodes: what it was exceeded by, in requests, though workers die."""
    stage = Stage(stack)
    place, nodes, _ = cluster(stage)
    bound = ("--on", f"dask://{place}", "--max-cost", f"{MOST_USD:g}", "--run", "bounded")
    run, busy = stage.transcribe(*bound), 0
    for n in (4, 8):
        stage.wait_for(n)
        busy += stage.server.busy
        if victims := [child for node in nodes for child in workers_of(node.pid)]:
            os.kill(victims[0], signal.SIGKILL)
    stage.told(f"cost, at most {MOST_USD / (10 / 3600 * 0.04):.0f}", stage.ended([run]), busy)
    stage.told("cost, again", stage.ended([stage.transcribe(*bound)]), busy)


def poison(stack: ExitStack) -> None:
    """A plug-in of the nodes dies of one recording's words; all others are done."""
    stage = Stage(stack)
    stage.environment["PYTHONPATH"] = plugged(stage.folder, word(7 * 46))
    place, _, _ = cluster(stage)
    stage.told("poison", stage.ended([stage.transcribe("--on", f"dask://{place}")]))


def ctrl_c(stack: ExitStack) -> None:
    """How long the driver takes to end."""
    stage = Stage(stack)
    place, _, _ = cluster(stage)
    run = stage.transcribe("--on", f"dask://{place}")
    stage.wait_for(6)
    busy, began_s = stage.server.busy, time.monotonic()
    os.kill(run.pid, signal.SIGINT)
    codes = stage.ended([run])
    took_s = time.monotonic() - began_s
    stage.told(f"ctrl-c, out after {took_s:.1f} s (a request {LATENCY_S:g})", codes, busy)
    stage.told("ctrl-c, again", stage.ended([stage.transcribe("--on", f"dask://{place}")]), busy)


def plugged(folder: Path, deadly: str) -> str:
    """A check that kills whoever sees a word, where Python finds it."""
    place = folder / "plug-in"
    (place / "deadly-1.dist-info").mkdir(parents=True)
    (place / "deadly-1.dist-info" / "METADATA").write_text("Name: deadly\nVersion: 1\n")
    entry = "[audiopipe.checks]\ndeadly = audiopipe_deadly:check\n"
    (place / "deadly-1.dist-info" / "entry_points.txt").write_text(entry)
    (place / "audiopipe_deadly.py").write_text(DEADLY.format(word=deadly))
    return os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])


def cluster(stage: Stage) -> tuple[str, list[Process], Process]:
    """A scheduler and two nodes."""
    place = f"{stage.host}:{free_port(stage.host)}"
    boss = begin_scheduler(stage, place)
    node = ("audiopipe", "node", f"dask://{place}", "--slots", "2", "-q")
    return place, [stage.begin(*node) for _ in range(2)], boss


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as free:
        free.bind((host, 0))
        port: int = free.getsockname()[1]
        return port


def begin_scheduler(stage: Stage, place: str) -> Process:
    boss = stage.begin("dask", "scheduler", "--no-dashboard", "--host", f"tcp://{place}")
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        with suppress(OSError), socket.create_connection(tuple(place.split(":")), timeout=1):  # type: ignore[arg-type]
            break
        time.sleep(0.1)
    return boss


def workers_of(process: int) -> list[int]:
    """Of a node: the children that work."""
    found = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(child)
    return found


WAYS: dict[str, Callable[[ExitStack], None]] = {
    each.__name__.replace("_", "-"): each
    for each in (limit, pace, twice, redis, cut, workers, driver, scheduler, cost, poison, ctrl_c)
}


def main(ways: Mapping[str, Callable[[ExitStack], None]], said: str | None) -> None:
    """Run those that are named, or all."""
    parser = argparse.ArgumentParser(description=(said or "").partition("\n")[0])
    parser.add_argument("ways", nargs="*", choices=[[], *ways])
    for name in parser.parse_args().ways or ways:
        with ExitStack() as stack:
            ways[name](stack)


if __name__ == "__main__":
    main(WAYS, __doc__)
