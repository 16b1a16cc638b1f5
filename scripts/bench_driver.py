"""What driver and scheduler of a large run hold, and how long they take: trivial work on Dask.

python scripts/bench_driver.py --recordings 100000

The command is the real one, in every part but what nodes do: an engine from outside hands each
recording to Dask as `--on dask://` does, and the node gives back a row at once. Recordings are
links to one short file. The driver finds them, reads their headers, hands them out in windows,
hears of each, and keeps `batch.json`.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile as sf

MODULE = """
from audiopipe.engines.dask_engine import Dask
from audiopipe.workflows.batch import Row, identity

class Trivial(Dask):
    def submit(self, work, item):
        return super().submit(done, item)

def done(job):
    stem = job.item.stem.as_posix()
    return Row(identity(job.item.source), stem, "done", "", (f"{stem}.json",), 900.0, 0, 2, 900.0)

def opened(on, settings):
    return Trivial("tcp" + on[len("trivial"):], 0)
"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recordings", type=int, default=100_000)
    parser.add_argument("--nodes", type=int, default=2)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        talks = links(folder, told.recordings)
        environment = {**os.environ, "PYTHONPATH": plugged(folder), "GROQ_API_KEY": "gsk_none"}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            place = f"127.0.0.1:{free.getsockname()[1]}"
        dask = [sys.executable, "-m", "dask", "scheduler", "--no-dashboard"]
        node = [sys.executable, "-m", "audiopipe", "node", f"dask://{place}", "-q"]
        address = ["--host", f"tcp://{place}"]
        quiet = {"env": environment, "stderr": subprocess.DEVNULL}
        scheduler = subprocess.Popen([*dask, *address], **quiet)  # type: ignore[call-overload]
        time.sleep(5)
        nodes = [subprocess.Popen(node, **quiet) for _ in range(told.nodes)]  # type: ignore[call-overload]
        try:
            drive(talks, folder, place, environment, told.recordings)
            print(f"scheduler: at most {peak_mb(scheduler.pid):.0f} MB")
        finally:
            for each in (*nodes, scheduler):
                each.terminate()
                each.wait()


def drive(talks: Path, folder: Path, place: str, environment: dict[str, str], count: int) -> None:
    """The command, and what it took."""
    command = [sys.executable, "-m", "audiopipe", "transcribe", str(talks), "-o"]
    command += [str(folder / "out"), "-f", "json", "-q", "--on", f"trivial://{place}"]
    began_s = time.monotonic()
    driver = subprocess.Popen(command, env=environment)
    _, status, used = os.wait4(driver.pid, 0)
    driver.returncode = os.waitstatus_to_exitcode(status)
    wall_s, cpu_s = time.monotonic() - began_s, used.ru_utime + used.ru_stime
    size_mb = (folder / "out" / "batch.json").stat().st_size / 1e6
    print(
        f"{count} recordings: exit code {driver.returncode} after {wall_s:.0f} s, "
        f"{1e3 * cpu_s / count:.1f} ms of CPU each\n"
        f"driver: at most {used.ru_maxrss / 1e3:.0f} MB; batch.json {size_mb:.0f} MB"
    )


def links(folder: Path, count: int) -> Path:
    """So many recordings, a thousand to a folder."""
    first = folder / "first.flac"
    sf.write(first, np.zeros(800, np.float32), 16_000)
    talks = folder / "talks"
    for n in range(count):
        below = talks / f"{n // 1000:04}"
        if n % 1000 == 0:
            below.mkdir(parents=True)
        (below / f"recording {n:07}.flac").hardlink_to(first)
    return talks


def plugged(folder: Path) -> str:
    """The engine, where Python finds it."""
    place = folder / "plug-in"
    (place / "trivial-1.dist-info").mkdir(parents=True)
    (place / "trivial-1.dist-info" / "METADATA").write_text("Name: trivial\nVersion: 1\n")
    entry = "[audiopipe.executors]\ntrivial = audiopipe_trivial:opened\n"
    (place / "trivial-1.dist-info" / "entry_points.txt").write_text(entry)
    (place / "audiopipe_trivial.py").write_text(MODULE)
    return os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])


def peak_mb(process: int) -> float:
    """The most memory that a process has had."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1e3


if __name__ == "__main__":
    main()
