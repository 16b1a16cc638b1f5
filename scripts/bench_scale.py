"""Engines beside the plain command, in one run: time, CPU and memory for the same recordings.

python scripts/bench_scale.py                       the embedded engine, on tiny.en
python scripts/bench_scale.py --backend server      a server on this machine that answers in 0.5 s

Each way transcribes the same recordings into a new folder with a new store. CPU is that of all
processes of the way, of Ray those that have ended with it; the plain command is run first
and last, as machines are shared. An engine that is not installed is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import soundfile as sf

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.server import Server  # noqa: E402 - the path is set above
from support.speechlike import make_recording  # noqa: E402


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--backend", choices=("local", "server"), default="local")
    parser.add_argument("--recordings", type=int, default=8)
    parser.add_argument("--slots", type=int, nargs="*", default=[1, 2])
    told = parser.parse_args()
    ways: dict[str, tuple[str, ...]] = {"plain": ()}
    for slots in told.slots:
        ways[f"processes, {slots}"] = ("--on", "processes", "--slots", str(slots))
    for name, library in (("dask", "distributed"), ("ray", "ray")):
        if importlib.util.find_spec(library):
            ways[name] = ("--on", name, "--slots", str(os.cpu_count()))
    ways["plain again"] = ()
    with tempfile.TemporaryDirectory() as folder, Server(latency=lambda _: 0.5) as server:
        talks = Path(folder) / "talks"
        talks.mkdir()
        make(talks, told.recordings, told.backend)
        more = {} if told.backend == "local" else server.as_groq
        print(f"{'way':<14} {'wall s':>7} {'CPU s':>7} {'of plain':>9} {'MB':>6}")
        plain_s = 0.0
        for name, flags in ways.items():
            out = Path(folder) / name.replace(" ", "-")
            wall_s, cpu_s, peak_mb = run(talks, out, flags, told.backend, more)
            plain_s = plain_s or cpu_s
            print(f"{name:<14} {wall_s:7.1f} {cpu_s:7.1f} {cpu_s / plain_s:9.2f} {peak_mb:6.0f}")


def make(talks: Path, count: int, backend: str) -> None:
    """Recordings, each of its own words."""
    speech, rate_hz = sf.read(ROOT / "fixtures" / "recordings" / "jfk.flac")
    for n in range(count):
        if backend == "local":
            sf.write(talks / f"{n:03}.flac", speech[n * 1000 :], rate_hz)
        else:
            sf.write(talks / f"{n:03}.flac", make_recording(600, first=n), 16_000)


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
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began_s, cpu_s, after.ru_maxrss / 1e3


if __name__ == "__main__":
    main()
