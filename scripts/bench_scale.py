"""Engines beside the plain command, in one run: time, CPU and memory for the same recordings.

python scripts/bench_scale.py                       the embedded engine, on tiny.en
python scripts/bench_scale.py --backend server      a server on this machine that answers in 0.5 s

Each way transcribes the same recordings into a new folder with a new store. CPU is that of all
processes of the way; the plain command is run first and last, as machines are shared. Of the
embedded engine there are decodings at once x threads of each too. An engine that is not installed
is left out.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.server import Server  # noqa: E402 - the path is set above
from support.speechlike import make_recording  # noqa: E402

SPOKEN = ("jfk.flac", "two_cities.flac", "reading.mp3")


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backend", choices=("local", "server"), default="local")
    parser.add_argument("--recordings", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=90, help="of each, embedded engine")
    parser.add_argument("--slots", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--skip", nargs="*", default=[], help="ways to leave out")
    told = parser.parse_args()
    adopt_orphans()
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
    with tempfile.TemporaryDirectory() as folder, Server(latency=lambda _: 0.5) as server:
        talks = Path(folder) / "talks"
        talks.mkdir()
        make(talks, told.recordings, told.seconds, told.backend)
        more = {} if told.backend == "local" else server.as_groq
        print(f"{'way':<14} {'wall s':>7} {'CPU s':>7} {'of plain':>9} {'MB':>6}")
        plain_s = 0.0
        for name, flags in ways.items():
            out = Path(folder) / name.replace(" ", "-")
            wall_s, cpu_s, peak_mb = run(talks, out, flags, told.backend, more)
            plain_s = plain_s or cpu_s
            row = f"{name:<14} {wall_s:7.1f} {cpu_s:7.1f} {cpu_s / plain_s:9.2f} {peak_mb:6.0f}"
            print(row, flush=True)


def make(talks: Path, count: int, seconds: float, backend: str) -> None:
    """Recordings, each of its own words."""
    if backend == "server":
        for n in range(count):
            sf.write(talks / f"{n:03}.flac", make_recording(600, first=n), 16_000)
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
    talks: Path, out: Path, flags: tuple[str, ...], backend: str, more: Mapping[str, str]
) -> tuple[float, float, float]:
    """Wall and CPU seconds, and the largest process in MB."""
    command = [sys.executable, "-m", "audiopipe", "transcribe", str(talks), "-o", str(out), "-q"]
    if backend == "local":
        command += ["--backend", "local", "-m", "tiny.en"]
    else:
        command += [f"--limit={name}=none" for name in ("rpm", "rpd", "ash", "asd")]
    environment = {**os.environ, **more, "AUDIOPIPE_CACHE_DIR": f"{out}-cache"}
    before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([*command, *flags], env=environment, check=True)
    wall_s = time.monotonic() - began_s
    with suppress(ChildProcessError):
        while True:  # those that the command has left to end by themselves
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall_s, cpu_s, after.ru_maxrss / 1e3


def adopt_orphans() -> None:
    """Processes whose parent has ended become ours, so that their CPU time is counted."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


if __name__ == "__main__":
    main()
