"""The chapter marks of a recording."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import IO, cast

from audiopipe.audio.reading.isolation.recording import CannotStart, isolated_chapters, on_disk
from audiopipe.audio.reading.readers import chapter_marks
from audiopipe.audio.reading.source import AudioSource, is_samples, open_binary, shown
from audiopipe.concurrency import Stop
from audiopipe.values.audio import Chapter, Span

_MOST_BYTES = 4 << 20
_ENDING = ".chapters.json"


def chapters_beside(path: Path) -> Path:
    """Where the chapters of a recording stand that holds none itself, in the JSON format of
    podcastindex.org: `NAME.chapters.json`."""
    return path.with_name(f"{path.stem}{_ENDING}")


def chapters(source: AudioSource) -> tuple[Chapter, ...]:
    """The chapters that the file of a recording names, by their start.

    MP3, MP4, Matroska, Ogg and FLAC can hold them; samples, and files that ffmpeg does not know,
    have none. Where the file has none, those in `chapters_beside` it are taken. A chapter without
    a title has its number.

    Args:
        source: as `codec.open_source` takes it; of an address, or of what can be read only once,
            no chapters are read.

    Raises:
        UnreadableInput: it cannot be opened.
    """
    found = _found(source) if can_be_read_again(source) else []
    if not found and isinstance(source, str | os.PathLike) and "://" not in str(source):
        found = _beside(chapters_beside(Path(os.fsdecode(source))))
    return tuple(
        Chapter(title or str(number), Span(start_s, max(start_s, end_s)))
        for number, (start_s, end_s, title) in enumerate(found, 1)
    )


def _beside(path: Path) -> list[tuple[float, float, str]]:
    """The chapters in a file beside; none where it is missing or holds none."""
    try:
        with path.open("rb") as file:
            rows = json.loads(file.read(_MOST_BYTES))["chapters"]
        named = sorted((float(row["startTime"]), str(row.get("title") or "")) for row in rows)
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return []
    ends = [start_s for start_s, _ in (*named[1:], *named[-1:])]
    return [
        (start_s, end_s, title)
        for (start_s, title), end_s in zip(named, ends, strict=True)
        if 0 <= start_s < math.inf
    ]


def _found(source: AudioSource) -> list[tuple[float, float, str]]:
    name = shown(source)
    with open_binary(source, name, Stop()) as file, on_disk(file, name) as held:
        try:
            return isolated_chapters(held, name)
        except CannotStart:
            return chapter_marks(held, name)


def can_be_read_again(source: AudioSource) -> bool:
    """Whether a look at the file takes nothing away from who reads it next."""
    if is_samples(source) or (isinstance(source, str) and "://" in source):
        return False
    if isinstance(source, str | os.PathLike):
        # what is missing is for whoever opens it to tell; a path may be bytes
        return os.path.isfile(source) or not os.path.exists(source)  # noqa: PTH110, PTH113
    return isinstance(source, bytes) or cast("IO[bytes]", source).seekable()
