"""The decoder processes of a process, found as an outsider finds them."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def decoder_ids(parent: int | None = None) -> list[int]:
    """Of a process; of this one by default."""
    children: set[int] = set()
    with suppress(OSError):
        for thread in Path(f"/proc/{parent or os.getpid()}/task").iterdir():
            with suppress(OSError):
                children |= set(map(int, (thread / "children").read_text().split()))
    return [each for each in sorted(children) if _decodes(each)]


def _decodes(process_id: int) -> bool:
    with suppress(OSError):
        return b"isolation.child" in Path(f"/proc/{process_id}/cmdline").read_bytes()
    return False


@contextmanager
def a_killer(
    by: signal.Signals, parent: int | None = None, every_s: float = 0.002, most: int = 1_000_000
) -> Iterator[list[int]]:
    """Meanwhile kills decoders, one at each round; whom it has killed."""
    left, chance = Event(), random.Random(1)
    killed: list[int] = []

    def kill() -> None:
        while len(killed) < most and not left.wait(every_s * chance.uniform(0.5, 1.5)):
            for process_id in decoder_ids(parent)[:1]:
                with suppress(ProcessLookupError):
                    os.kill(process_id, by)
                    killed.append(process_id)

    thread = Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        left.set()
        thread.join()
