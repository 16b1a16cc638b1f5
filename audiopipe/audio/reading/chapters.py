"""The chapter marks of a recording."""

from __future__ import annotations

import os
from typing import IO, cast

from audiopipe.audio.reading.isolation import CannotStart, isolated_chapters, on_disk
from audiopipe.audio.reading.readers import chapter_marks
from audiopipe.audio.reading.source import AudioSource, is_samples, open_binary, shown
from audiopipe.concurrency import Stop
from audiopipe.values.audio import Chapter, Span


def chapters(source: AudioSource) -> tuple[Chapter, ...]:
    """The chapters that the file of a recording names, by their start.

    MP3, MP4, Matroska, Ogg and FLAC can hold them; samples, and files that ffmpeg does not know,
    have none. A chapter without a title has its number.

    Args:
        source: as `codec.open_source` takes it; of an address, or of what can be read only once,
            no chapters are read.

    Raises:
        UnreadableInput: it cannot be opened.
    """
    found = _found(source) if _can_be_read_again(source) else []
    return tuple(
        Chapter(title or str(number), Span(start_s, max(start_s, end_s)))
        for number, (start_s, end_s, title) in enumerate(found, 1)
    )


def _found(source: AudioSource) -> list[tuple[float, float, str]]:
    name = shown(source)
    with open_binary(source, name, Stop()) as file, on_disk(file, name) as held:
        try:
            return isolated_chapters(held, name)
        except CannotStart:
            return chapter_marks(held, name)


def _can_be_read_again(source: AudioSource) -> bool:
    if is_samples(source) or (isinstance(source, str) and "://" in source):
        return False
    if isinstance(source, str | os.PathLike):
        # what is missing is for whoever opens it to tell; a path may be bytes
        return os.path.isfile(source) or not os.path.exists(source)  # noqa: PTH110, PTH113
    return isinstance(source, bytes) or cast("IO[bytes]", source).seekable()
