"""What driver and scheduler of a large run hold, and how long they take: trivial work.

python scripts/bench_driver.py --recordings 100000                      on Dask
python scripts/bench_driver.py --recordings 100000 --on threads         on threads of an engine
python scripts/bench_driver.py --recordings 10000 --on plain            no engine, a real server

The command is the real one, in every part but what nodes do: an engine from outside hands each
recording to Dask, or to threads, as `--on` does, and the node gives back a row at once. Recordings
are links to short files. The driver finds them, reads their headers, hands them out in windows,
hears of each, and keeps `batch.json`. Without an engine all is real, with a server on this machine,
and the same command once more finds all done.
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

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

MODULE = """
from audiopipe.engines.dask_engine import Dask
from audiopipe.engines.threads_engine import Threads
from audiopipe.workflows.batch import Row, identity

class OnDask(Dask):
    def submit(self, work, item):
        return super().submit(done, item)

class OnThreads(Threads):
    def submit(self, work, item):
        return super().submit(done, item)

def done(job):
    stem = job.item.stem
    return Row(identity(job.item.source), stem, "done", "", (f"{stem}.json",), 900.0, 0, 2, 900.0)

def opened(on, settings):
    place = on.partition("://")[2]
    return OnDask(f"tcp://{place}", 0) if place else OnThreads(4)
"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recordings", type=int, default=100_000)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--on", choices=("dask", "threads", "plain"), default="dask")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        talks = links(folder, told.recordings)
        environment = {**os.environ, "PYTHONPATH": plugged(folder), "GROQ_API_KEY": "gsk_none"}
        command = [sys.executable, "-m", "audiopipe", "transcribe", str(talks), "-q"]
        command += ["-o", str(folder / "out"), "-f", "json"]
        {"dask": on_dask, "threads": on_threads, "plain": plain}[told.on](
            command, environment, told
        )


def on_threads(command: list[str], environment: dict[str, str], told: argparse.Namespace) -> None:
    """Work at once, in the driver's process."""
    drive([*command, "--on", "trivial"], environment, told.recordings)


def plain(command: list[str], environment: dict[str, str], told: argparse.Namespace) -> None:
    """As most people run it, and again."""
    from support.server import Server

    command += [f"--limit={name}=none" for name in ("rpm", "rpd", "ash", "asd")]
    cache = str(Path(environment["PYTHONPATH"].partition(os.pathsep)[0]) / "answers")
    with Server(latency=lambda _: 0.0) as server:
        environment |= {**server.as_groq, "AUDIOPIPE_CACHE_DIR": cache}
        for _ in range(2):
            drive(command, environment, told.recordings)


def on_dask(command: list[str], environment: dict[str, str], told: argparse.Namespace) -> None:
    """On nodes, through a scheduler."""
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
        drive([*command, "--on", f"trivial://{place}"], environment, told.recordings)
        print(f"scheduler: at most {peak_mb(scheduler.pid):.0f} MB")
    finally:
        for each in (*nodes, scheduler):
            each.terminate()
            each.wait()


def drive(command: list[str], environment: dict[str, str], count: int) -> None:
    """The command, and what it took."""
    out = Path(command[command.index("-o") + 1])
    began_s = time.monotonic()
    driver = subprocess.Popen(command, env=environment)
    _, status, used = os.wait4(driver.pid, 0)
    driver.returncode = os.waitstatus_to_exitcode(status)
    wall_s, cpu_s = time.monotonic() - began_s, used.ru_utime + used.ru_stime
    size_mb = (out / "batch.json").stat().st_size / 1e6
    print(
        f"{count} recordings: exit code {driver.returncode} after {wall_s:.0f} s, "
        f"{1e3 * cpu_s / count:.1f} ms of CPU each\n"
        f"driver: at most {used.ru_maxrss / 1e3:.0f} MB; batch.json {size_mb:.0f} MB",
        flush=True,
    )


def links(folder: Path, count: int) -> Path:
    """So many recordings, a thousand to a folder."""
    talks = folder / "talks"
    for n in range(count):
        below = talks / f"{n // 1000:04}"
        path = below / f"recording {n:07}.flac"
        if n % 1000 == 0:  # a file has no more than some 65,000 links
            below.mkdir(parents=True)
            first = path
            sf.write(first, np.zeros(800, np.float32), 16_000)
        else:
            path.hardlink_to(first)
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
