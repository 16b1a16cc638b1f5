"""A folder of recordings of which some end whatever decodes them, as seen from outside.

No file that still crashes one is known; so whoever has one of these open is sent the signal that
the kernel would send. Files that make one take memory, or work on without a sound, are known: the
tables of an MP4 may say of its few bytes that they are samples by the million.
"""

from __future__ import annotations

import os
import signal
import struct
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

TABLES = {"memory": (4_000, 16_000), "endless": (4_000, 2_000)}
"""How many samples a chunk holds, and how many chunks there are, by the name of a file."""

KINDS = (("m4a", "ipod", "aac"), ("mp3", "mp3", "libmp3lame"), ("mkv", "matroska", "aac"))

_LONG_S = 120.0
"""Longer than what two processes hold between them, so that it stays open for a while."""


def make_folder(folder: Path, good: int, bad: dict[str, int]) -> None:
    """Recordings in three formats, all different, and so many of each name of the tables above."""
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
        data, ending = (tabled(*TABLES[name]), "m4a") if name in TABLES else (poison, "mp3")
        for number in range(count):
            (folder / f"{name}{number:03}.{ending}").write_bytes(data)


def tabled(samples: int, chunks: int) -> bytes:
    """An M4A whose tables say that each of so many chunks, all at one place, holds so many samples
    of one byte (ISO 14496-12, section 8.7).
    """
    sound = babble(1.0)[:, np.newaxis].astype(np.float32) / np.float32(32768)
    data = container_file([sound], 16_000, "ipod", "aac")
    boxes = _box(b"stsz", struct.pack(">II", 1, samples * chunks))
    boxes += _box(b"stsc", struct.pack(">IIII", 1, 1, samples, 1))
    boxes += _box(b"stco", struct.pack(">I", chunks) + struct.pack(">I", 40) * chunks)
    boxes += _box(b"stts", struct.pack(">III", 1, samples * chunks, 1024))
    # boxes around them are the last of the file, and grow with them
    for name in (b"stsz", b"stsc", b"stco", b"stts", b"edts"):
        data = data.replace(name, b"free")
    table = data.index(b"stbl") + 4
    grown = bytearray(data[:table] + boxes + data[table:])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        at = grown.index(name) - 4
        struct.pack_into(">I", grown, at, int.from_bytes(grown[at : at + 4], "big") + len(boxes))
    return bytes(grown)


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4sI", 12 + len(body), name, 0) + body


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
