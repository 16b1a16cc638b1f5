"""A folder of recordings of which some end whatever decodes them, as seen from outside.

No file that still does that is known; so whoever has one of these open is sent the signal that the
kernel would send.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import numpy as np

from support.audio import babble, container_file
from support.processes import decoder_ids
from support.speechlike import make_recording

SIGNALS = {
    "segfault": signal.SIGSEGV,
    "abort": signal.SIGABRT,
    "illegal": signal.SIGILL,
    "overtime": signal.SIGPROF,
    "hang": signal.SIGSTOP,
}
"""What happens to who reads a file whose name begins so."""

KINDS = (("m4a", "ipod", "aac"), ("mp3", "mp3", "libmp3lame"), ("mkv", "matroska", "aac"))

_LONG_S = 120.0
"""Longer than what two processes hold between them, so that it stays open for a while."""


def make_folder(folder: Path, good: int, bad: dict[str, int]) -> None:
    """Recordings in three formats, all different, and so many of each name of `SIGNALS`."""
    folder.mkdir()
    for number in range(good):
        ending, kind, codec = KINDS[number % len(KINDS)]
        sound = make_recording(5, first=number)[:, np.newaxis].astype(np.float32)
        (folder / f"good{number:04}.{ending}").write_bytes(
            container_file([sound], 16_000, kind, codec)
        )
    long = babble(_LONG_S)[:, np.newaxis].astype(np.float32) / np.float32(32768)
    poison = container_file([long], 16_000, "mp3", "libmp3lame")
    for name, count in bad.items():
        for number in range(count):
            (folder / f"{name}{number:03}.mp3").write_bytes(poison)


@contextmanager
def poisonous(parent: int, every_s: float = 0.004) -> Iterator[None]:
    """Meanwhile every decoder of a process gets what the name of its open file says."""
    left = Event()

    def watch() -> None:
        while not left.wait(every_s):
            for process_id in decoder_ids(parent):
                for name in _open_names(process_id):
                    _strike(process_id, name)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()


def _strike(process_id: int, name: str) -> None:
    for word, number in SIGNALS.items():
        if name.startswith(word):
            with suppress(ProcessLookupError):
                os.kill(process_id, number)


def _open_names(process_id: int) -> list[str]:
    names = []
    with suppress(OSError):
        for link in Path(f"/proc/{process_id}/fd").iterdir():
            with suppress(OSError):
                names.append(link.readlink().name)
    return names
