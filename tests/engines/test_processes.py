"""Processes end with whoever began them, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CODE = """
import os, sys, time
from audiopipe.engines.processes_engine import Processes

def who(number):
    return os.getpid()

if __name__ == "__main__":
    with Processes(2) as engine:
        engine.channel(print)
        print(*{engine.submit(who, n).result() for n in range(2)}, flush=True)
        sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_processes_end_with_one_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "driver.py"
    script.write_text(CODE)
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    ) as driver:
        assert driver.stdout
        driver.stdout.readline()
        children = _of_session(driver.pid) - {driver.pid}
        assert len(children) >= 3  # the manager, who is forked, and a worker
        os.kill(driver.pid, signal.SIGKILL)
    until_s = time.monotonic() + 30
    while _of_session(driver.pid) and time.monotonic() < until_s:
        time.sleep(0.05)
    assert not _of_session(driver.pid)


def _of_session(leader: int) -> set[int]:
    """Processes that a session has, and that have not ended."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = (place / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue  # it has ended meanwhile
        if int(session) == leader and state != "Z":
            found.add(int(place.name))
    return found
