"""Engines beside the plain command, in one run: time, CPU and memory for the same recordings.

python scripts/bench_scale.py                       the embedded engine, on tiny.en
python scripts/bench_scale.py --backend server      a server on this machine that answers in 0.5 s
python scripts/bench_scale.py --nodes 1 2           nodes of Dask, each on a core of its own
python scripts/bench_scale.py --nodes 1 2 4 8 --backend server --latency 10

Each way transcribes the same recordings into a new folder with a new store. CPU is that of all
processes of the way, found by a mark in their environment and looked at four times a second; the
plain command is run first and last, as machines are shared. Of the embedded engine there are
decodings at once x threads of each too. An engine that is not installed is left out.

Of nodes, which have four slots each, it is told how much of the least possible time they took, from
the first request to the last answer, or of one node's time where they compute.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Self

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.server import Server  # noqa: E402 - the path is set above
from support.speechlike import make_recording  # noqa: E402

SPOKEN = ("jfk.flac", "two_cities.flac", "reading.mp3")
_LOOK_S = 0.25
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backend", choices=("local", "server"), default="local")
    parser.add_argument("--recordings", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=90, help="of each")
    parser.add_argument("--slots", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--skip", nargs="*", default=[], help="ways to leave out")
    parser.add_argument("--nodes", type=int, nargs="*", help="so many nodes of Dask, in turn")
    parser.add_argument("--latency", type=float, default=0.5, help="of the server, in seconds")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Server(latency=lambda _: told.latency) as server:
        talks = Path(folder) / "talks"
        talks.mkdir()
        make(talks, told.recordings, told.seconds, told.backend)
        (by_nodes if told.nodes else by_ways)(told, talks, server)


def by_ways(told: argparse.Namespace, talks: Path, server: Server) -> None:
    """A row for each engine."""
    ways: dict[str, tuple[str, ...]] = {"plain": ()}
    if told.backend == "local":
        for at_once, threads in ((1, 1), (1, 2), (2, 1), (2, 2)):
            way = f"{at_once} x {threads} threads"
            ways[way] = ("--workers", str(at_once), "--threads", str(threads))
    for slots in told.slots:
        ways[f"processes, {slots}"] = ("--on", "processes", "--slots", str(slots))
    for name, library in (("dask", "distributed"), ("ray", "ray")):
        if importlib.util.find_spec(library):
            ways[name] = ("--on", name, "--slots", str(os.cpu_count()))
    ways["plain again"] = ()
    ways = {name: flags for name, flags in ways.items() if name.partition(",")[0] not in told.skip}
    print(f"{'way':<14} {'wall s':>7} {'CPU s':>7} {'of plain':>9} {'MB':>6}")
    plain_s = 0.0
    for name, flags in ways.items():
        with Counted() as counted:
            wall_s = run(talks, name, flags, told.backend, counted.mark | of(told, server))
        plain_s = plain_s or counted.cpu_s
        row = f"{name:<14} {wall_s:7.1f} {counted.cpu_s:7.1f} {counted.cpu_s / plain_s:9.2f}"
        print(f"{row} {counted.peak_mb:6.0f}", flush=True)


def by_nodes(told: argparse.Namespace, talks: Path, server: Server) -> None:
    """A row for each number of nodes."""
    slots = 4 if told.backend == "server" else 1
    print(f"{'nodes':<6} {'s':>7} {'least s':>8} {'efficiency':>11} {'CPU s':>7}")
    one_s = 0.0
    for count in told.nodes:
        server.seen.clear()
        with Counted() as counted:
            environment = counted.mark | of(told, server)
            with cluster(count, slots, environment, is_pinned=told.backend == "local") as place:
                spent_s = run(talks, f"{count}", ("--on", place), told.backend, environment)
        if told.backend == "server":
            times = sorted(each.at_s for each in server.seen)
            spent_s = times[-1] - times[0] + told.latency
        one_s = one_s or spent_s * count
        rounds = -(-told.recordings // (count * slots))
        least_s = rounds * told.latency if told.backend == "server" else one_s / count
        row = f"{count:<6} {spent_s:7.1f} {least_s:8.1f} {least_s / spent_s:11.2f}"
        print(f"{row} {counted.cpu_s:7.1f}", flush=True)


@contextmanager
def cluster(
    count: int, slots: int, environment: Mapping[str, str], *, is_pinned: bool
) -> Iterator[str]:
    """A scheduler and nodes, each on a core of its own if they compute."""
    from distributed import Client

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    node = ("audiopipe", "node", f"dask://{place}", "--slots", str(slots), "-q")
    commands = [("dask", "scheduler", "--no-dashboard", "--host", f"tcp://{place}")]
    running = []
    try:
        for n, command in enumerate([*commands, *[node] * count]):
            begun = subprocess.Popen(
                [sys.executable, "-m", *command],
                env={**os.environ, **environment},
                stderr=None if n else subprocess.DEVNULL,
            )
            if is_pinned and n:
                os.sched_setaffinity(begun.pid, {(n - 1) % (os.cpu_count() or 1)})
            running.append(begun)
        with Client(place) as client:  # type: ignore[no-untyped-call]
            client.wait_for_workers(count, timeout=120)
        yield f"dask://{place}"
    finally:
        for each in reversed(running):
            each.terminate()
            each.wait()


def of(told: argparse.Namespace, server: Server) -> dict[str, str]:
    """What the environment says of the backend."""
    return {} if told.backend == "local" else server.as_groq


def make(talks: Path, count: int, seconds: float, backend: str) -> None:
    """Recordings, each of its own words."""
    if backend == "server":
        for n in range(count):
            words = make_recording(round(2 * seconds), first=n)
            sf.write(talks / f"{n:03}.flac", words, 16_000)
        return
    read = [decoded(ROOT / "fixtures" / "recordings" / name) for name in SPOKEN]
    speech = np.concatenate(read)
    need = round(seconds * 16_000)
    for n in range(count):
        samples = np.resize(np.roll(speech, -n * len(speech) // count), need)
        sf.write(talks / f"{n:03}.flac", samples, 16_000)


def decoded(path: Path) -> NDArray[np.float32]:
    """Samples of a recording, 16 kHz, mono."""
    samples, rate_hz = sf.read(path, dtype="float32", always_2d=True)
    mono: NDArray[np.float32] = soxr.resample(samples.mean(axis=1), rate_hz, 16_000)
    return mono


def run(
    talks: Path, name: str, flags: tuple[str, ...], backend: str, environment: Mapping[str, str]
) -> float:
    """Seconds that the command takes, into a new folder and with new answers."""
    out = talks.parent / name.replace(" ", "-")
    command = [sys.executable, "-m", "audiopipe", "transcribe", str(talks), "-o", str(out), "-q"]
    if backend == "local":
        command += ["--backend", "local", "-m", "tiny.en"]
    else:
        command += [f"--limit={name}=none" for name in ("rpm", "rpd", "ash", "asd")]
    fresh = {"AUDIOPIPE_CACHE_DIR": f"{out}-cache"}
    began_s = time.monotonic()
    subprocess.run([*command, *flags], env={**os.environ, **environment, **fresh}, check=True)
    return time.monotonic() - began_s


class Counted:
    """CPU and memory of all processes that inherit a mark. A context that ends when they have."""

    def __init__(self) -> None:
        self.mark = {"BENCH_SCALE": uuid.uuid4().hex}
        self.peak_mb = 0.0
        self._cpu_s: dict[str, float] = {}
        self._left = Event()
        self._thread = Thread(target=self._watch)

    @property
    def cpu_s(self) -> float:
        return sum(self._cpu_s.values())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._left.set()
        self._thread.join()

    def _watch(self) -> None:
        """Until none is left: those that an engine leaves behind end by themselves."""
        while self._look() or not self._left.is_set():
            time.sleep(_LOOK_S)

    def _look(self) -> bool:
        mark, found = f"BENCH_SCALE={self.mark['BENCH_SCALE']}".encode(), False
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark not in (place / "environ").read_bytes():
                    continue
                fields = (place / "stat").read_text().rpartition(")")[2].split()
                # a number is used again after a while: the start tells them apart
                self._cpu_s[f"{place.name} {fields[19]}"] = sum(map(int, fields[11:13])) / _TICKS
                self.peak_mb = max(self.peak_mb, int(fields[21]) * _PAGE_MB)
                found = True
        return found


if __name__ == "__main__":
    main()
