"""What reads a file in this process, and which files need no other."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Mapping
from typing import IO, Any

from audiopipe.audio.reading.fragments import in_order
from audiopipe.audio.reading.links import parts_of
from audiopipe.audio.reading.recording import Recording
from audiopipe.audio.reading.tagging import untagged
from audiopipe.errors import UnreadableInput

_PLAIN = {b"\x01\x00", b"\x03\x00", b"\x06\x00", b"\x07\x00"}
"""PCM, float, A-law and mu-law, as WAV calls them; a longer name begins with the first two."""

_EXTENSIBLE = b"\xfe\xff"


def open_reader(file: IO[bytes], name: str, track: int | None, raw: str | None) -> Recording:
    """A seekable file of at least one byte.

    Args:
        file: at any position.
        name: for messages.
        track: counted from 1; None takes the first that can be decoded.
        raw: ffmpeg's name of the samples, for a file without a header.

    Raises:
        InputError: as `reading.open_source`.
    """
    # Imported late: most of this package does without ffmpeg's libraries, and their start.
    from audiopipe.audio.reading.pyav import ContainerRecording
    from audiopipe.audio.reading.pyav_fast import UnbrokenRecording

    joined = [] if raw else parts_of(untagged(file))
    parts = [part for each in joined for part in in_order(each)]
    if len(parts) > 1 or parts != joined:
        from audiopipe.audio.reading.joined import JoinedRecording

        return JoinedRecording(file, parts, name, track)
    recording = ContainerRecording(file, name, track, raw)
    if recording.is_plain and isinstance(file, io.FileIO):
        return UnbrokenRecording(recording, file.fileno())
    return recording


def chapter_marks(file: IO[bytes], name: str) -> list[tuple[float, float, str]]:
    """Start in s, end in s, and title of each chapter, by its start."""
    from audiopipe.audio.reading.track import open_container

    try:
        container = open_container(untagged(file), name)
    except UnreadableInput:
        return []
    with container:
        return sorted(_mark(facts) for facts in container.chapters())


TAGS = ("title", "artist", "album", "genre", "date")
"""What is read of the tags of a file, by ffmpeg's names."""

_MOST_CHARACTERS = 200

_MOST_TAG_BYTES = 1 << 24
"""Pictures included."""

_FRAMES = 20 * (b"\xff\xfb\x10\xc4" + bytes(100))
"""Silence as MPEG 1 layer III has it: mono, 32 kbit/s at 44.1 kHz."""


def written_tags(file: IO[bytes], name: str) -> dict[str, str]:
    """The tags of a file, or of its first track of sound, on one line each."""
    from audiopipe.audio.reading.track import open_container

    told: dict[str, Any] = {}
    bare = untagged(file)
    for each in [file] if bare is file else [_tagged_frames(file, bare), bare]:
        try:
            container = open_container(each, name)
        except UnreadableInput:
            continue
        with container:
            places: list[Any] = [container, *container.streams.audio[:1]]
            for place in places:
                told |= {key.lower(): value for key, value in dict(place.metadata).items()}
    lines = {tag: " ".join(str(told.get(tag, "")).split())[:_MOST_CHARACTERS] for tag in TAGS}
    return {tag: line for tag, line in lines.items() if line}


def _tagged_frames(file: IO[bytes], bare: IO[bytes]) -> IO[bytes]:
    """The tags in front of a file, in front of what they are made for: ffmpeg reads them there."""
    rest = bare.seek(0, os.SEEK_END)
    size = file.seek(0, os.SEEK_END) - rest
    file.seek(0)
    return io.BytesIO(file.read(min(size, _MOST_TAG_BYTES)) + _FRAMES)


def is_simple(file: IO[bytes]) -> bool:
    """Whether a file is FLAC, or plain samples in WAVs: what no decoder dies of."""
    file.seek(0)
    if file.read(4) == b"fLaC":  # of which each part is
        return True
    # its head first: to look for parts may be to read the whole
    return _is_plain(file) and all(map(_is_plain, parts_of(file)))


def _is_plain(file: IO[bytes]) -> bool:
    file.seek(0)
    head = file.read(4096)
    if head[:4] not in (b"RIFF", b"RF64") or head[8:12] != b"WAVE":
        return False
    at = 12
    while at + 8 <= len(head):
        kind, size = struct.unpack_from("<4sI", head, at)
        if kind == b"fmt ":
            code = head[at + 8 : at + 10]
            return (head[at + 32 : at + 34] if code == _EXTENSIBLE else code) in _PLAIN
        at += 8 + size + size % 2
    return False


def _mark(facts: Mapping[str, Any]) -> tuple[float, float, str]:
    tick_s = float(facts["time_base"] or 0)
    title = " ".join(facts["metadata"].get("title", "").split())
    return max(0.0, facts["start"] * tick_s), facts["end"] * tick_s, title
