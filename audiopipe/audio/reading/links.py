"""Recordings that stand one behind the other in one file, as `cat` joins them.

Players and ffmpeg stop behind the first, or take what follows for more of its sound. The rule, for
every kind of file that has a head: **a recording ends where it says itself that it does, if another
begins there; else it ends before the next head of its kind**, and without one with the file. Kinds
that are a stream of frames alone (MPEG audio, ADTS, transport streams) have no head, and are read
on; the links of an Ogg are in `ogg`.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, cast

from audiopipe.audio.reading.boxes import boxes
from audiopipe.audio.reading.chains import ebml_number
from audiopipe.audio.reading.part import Part, bytes_at
from audiopipe.audio.reading.tagging import HEAD_BYTES, begins_recording

_READ_BYTES = 1 << 20

_HEAD_BYTES = 64
"""Of each head that is looked for, at most."""

_MOST_JOINED, _MOST_CHUNKS = 10_000, 100_000

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")

_End = Callable[[IO[bytes], int], int | None]


def parts_of(file: IO[bytes]) -> list[IO[bytes]]:
    """Each of the recordings in a file, one at least.

    Args:
        file: seekable; its position stays.
    """
    position, size = file.tell(), file.seek(0, os.SEEK_END)
    starts = [0, *_further(file, size)]
    parts = [Part(file, *ends) for ends in pairwise([*starts, size])]
    file.seek(position)
    return cast("list[IO[bytes]]", parts)


def _further(file: IO[bytes], size: int) -> Iterator[int]:
    at = 0
    for _ in range(_MOST_JOINED):
        head = bytes_at(file, at, _HEAD_BYTES)
        kind = next((kind for kind in _KINDS if kind.head.match(head)), None)
        end = kind.end(file, at) if kind else size
        if kind and not (end == size or (end and _begins(file, end))):
            end = next(_places(file, kind.head, at + 1), size)
        if end is None or end >= size:
            return
        yield end
        at = end


def _begins(file: IO[bytes], at: int) -> bool:
    return begins_recording(bytes_at(file, at, HEAD_BYTES))


def _places(file: IO[bytes], head: re.Pattern[bytes], at: int) -> Iterator[int]:
    """Where heads begin, from a place on."""
    file.seek(at)
    kept = b""
    while data := file.read(_READ_BYTES):
        data = kept + data
        ends = max(0, len(data) - _HEAD_BYTES + 1)
        yield from (at + found.start() for found in head.finditer(data) if found.start() < ends)
        kept = data[ends:]
        at += ends
    yield from (at + found.start() for found in head.finditer(kept))


def _unstated(file: IO[bytes], at: int) -> None:
    """Where a recording ends whose head does not say it."""


def _end_of_riff(file: IO[bytes], at: int) -> int | None:
    """Of WAV, RF64, AIFF, and AVI, which may go on in further lists."""
    for _ in range(_MOST_CHUNKS):
        head = bytes_at(file, at, 28)
        order = ">" if head[:4] in (b"FORM", b"RIFX") else "<"
        length: int = struct.unpack(f"{order}I", head[4:8])[0]
        if head[12:16] == b"ds64":
            length = int.from_bytes(head[20:28], "little")
        at += 8 + length + length % 2
        if bytes_at(file, at, 12)[8:] != b"AVIX":
            return at
    return None


def _end_of_w64(file: IO[bytes], at: int) -> int | None:
    length = int.from_bytes(bytes_at(file, at + 16, 8), "little")
    return at + length + -length % 8


def _end_of_au(file: IO[bytes], at: int) -> int | None:
    start, length = struct.unpack(">II", bytes_at(file, at + 4, 8))
    end: int = at + start + length
    return end


def _end_of_caf(file: IO[bytes], at: int) -> int | None:
    return _behind_chunks(file, at + 8, ">4sq", b"caff")


def _end_of_asf(file: IO[bytes], at: int) -> int | None:
    return _behind_chunks(file, at, "<16sQ", _ASF_HEADER, header_bytes=24)


def _behind_chunks(
    file: IO[bytes], first: int, layout: str, head: bytes, header_bytes: int = 0
) -> int | None:
    """The first place behind chunks where a head stands or the file ends; None where one of them
    says no length.

    Args:
        layout: of the name and the length of a chunk, for `struct`.
        header_bytes: how much of a length that is.
    """
    at, width = first, struct.calcsize(layout)
    for _ in range(_MOST_CHUNKS):
        data = bytes_at(file, at, width)
        if len(data) < width or (at > first and data.startswith(head)):
            return at
        length = struct.unpack(layout, data)[1]
        if length < header_bytes:
            return None
        at += width + length - header_bytes
    return None


def _end_of_matroska(file: IO[bytes], at: int) -> int | None:
    """Behind the head, and the segment that it announces."""
    for name_bytes in (4, 4):
        data = bytes_at(file, at, name_bytes + 8)
        length, width = ebml_number(data[name_bytes:])
        if length == (1 << 7 * width) - 1:
            return None
        at += name_bytes + width + length
    return at


def _end_of_mp4(file: IO[bytes], at: int) -> int | None:
    """Before the `ftyp` that stands behind both index and sound: a later index alone is one of
    fragments, which go on with what was before."""
    seen = set[bytes]()
    end = at
    for box in boxes(file, at):
        if box.name == b"ftyp" and b"moov" in seen and seen & {b"mdat", b"moof"}:
            return box.start
        seen.add(box.name)
        end = box.end
    return None if bytes_at(file, end, 1) else end  # the last box may go on to the end, unstated


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of file.

    Attributes:
        head: how one begins: what no sound holds by chance.
        end: where one that begins at a place says that it ends.
    """

    head: re.Pattern[bytes]
    end: _End = _unstated


def _kind(head: bytes, end: _End = _unstated) -> _Kind:
    return _Kind(re.compile(head, re.DOTALL), end)


_FIRST_BLOCK = re.escape(bytes(byte for byte in range(256) if byte & 8))
"""Of WavPack: what the second byte of its flags is in the first block of several at a time."""

_KINDS = (
    _kind(rb"(?:RIFF|RIFX|RF64|BW64).{4}(?:WAVE|AVI )[ -~]{4}|FORM.{4}AIF[FC]", _end_of_riff),
    _kind(rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb", _end_of_w64),
    _kind(rb"\.snd\0\0[\0-\x0f].{5}\0\0\0[\x01-\x1d]\0[\0-\x0b]..\0\0\0[\x01-\x40]", _end_of_au),
    _kind(rb"caff\0\x01..desc", _end_of_caf),
    _kind(rb"\0\0\0[\x10-\xff]ftyp[ -~]{4}", _end_of_mp4),
    _kind(rb"\x1aE\xdf\xa3(?=.{1,40}?(?:matroska|webm))", _end_of_matroska),
    _kind(re.escape(_ASF_HEADER), _end_of_asf),
    _kind(rb"fLaC[\0\x80]\0\0\x22"),
    _kind(rb"TTA1[\x01-\3]\0[\x01-\x20]\0[\x01-\x20]\0"),
    _kind(rb"wvpk.{4}[\x02-\x10]\x04.{6}\0{4}(?!\0{4}).{4}.[" + _FIRST_BLOCK + rb"]"),
    _kind(rb"FLV\x01[\x01\x04\x05]\0\0\0\x09\0{4}"),
    _kind(rb"nut/multimedia container\0"),
    _kind(rb"Creative Voice File\x1a"),
    _kind(rb"#!AMR(?:-WB)?(?:_MC1\.0)?\n"),
    _kind(rb"MAC .\x0f\0\0\x34\0\0\0"),
    _kind(rb"MPCKSH"),
    _kind(rb"DSD \x1c\0{7}"),
)
