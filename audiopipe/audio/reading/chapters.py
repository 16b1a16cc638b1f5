"""The chapter marks of a recording."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO, cast

from audiopipe.audio.reading.source import AudioSource, is_samples, open_binary, shown
from audiopipe.concurrency import Stop
from audiopipe.errors import UnreadableInput
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
    marks = sorted(_marks(source)) if _can_be_read_again(source) else ()
    return tuple(
        Chapter(title or str(number), Span(start_s, max(start_s, end_s)))
        for number, (start_s, end_s, title) in enumerate(marks, 1)
    )


def _can_be_read_again(source: AudioSource) -> bool:
    if is_samples(source) or (isinstance(source, str) and "://" in source):
        return False
    if isinstance(source, str | os.PathLike):
        # what is missing is for whoever opens it to tell; a path may be bytes
        return os.path.isfile(source) or not os.path.exists(source)  # noqa: PTH110, PTH113
    return isinstance(source, bytes) or cast("IO[bytes]", source).seekable()


def _marks(source: AudioSource) -> Iterator[tuple[float, float, str]]:
    # Imported late, as in `codec.open_source`.
    from audiopipe.audio.reading.track import open_container

    name = shown(source)
    with open_binary(source, name, Stop()) as file:
        try:
            container = open_container(file, name)
        except UnreadableInput:
            return
        with container:
            for mark in container.chapters():
                tick_s = float(mark["time_base"] or 0)
                title = " ".join(mark["metadata"].get("title", "").split())
                yield max(0.0, mark["start"] * tick_s), mark["end"] * tick_s, title
