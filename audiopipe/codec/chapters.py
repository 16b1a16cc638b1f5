"""The chapter marks of a recording."""

from __future__ import annotations

from collections.abc import Iterator

from audiopipe.codec.source import AudioSource, is_samples, open_binary, shown
from audiopipe.data import Chapter, Span
from audiopipe.errors import UnreadableInput


def chapters(source: AudioSource) -> tuple[Chapter, ...]:
    """The chapters that the file of a recording names, by their start.

    MP3, MP4, Matroska, Ogg and FLAC can hold them; samples, and files that ffmpeg does not know,
    have none. A chapter without a title has its number.

    Args:
        source: as `codec.open_source` takes it; an address, of which no chapters are read, too.

    Raises:
        UnreadableInput: it cannot be opened.
    """
    is_address = isinstance(source, str) and "://" in source
    marks = () if is_address or is_samples(source) else sorted(_marks(source))
    return tuple(
        Chapter(title or str(number), Span(start_s, max(start_s, end_s)))
        for number, (start_s, end_s, title) in enumerate(marks, 1)
    )


def _marks(source: AudioSource) -> Iterator[tuple[float, float, str]]:
    # Imported late, as in `codec.open_source`.
    from audiopipe.codec.container import open_container

    name = shown(source)
    with open_binary(source, name) as file:
        try:
            container = open_container(file, name)
        except UnreadableInput:
            return
        with container:
            for mark in container.chapters():
                tick_s = float(mark["time_base"] or 0)
                title = " ".join(mark["metadata"].get("title", "").split())
                yield max(0.0, mark["start"] * tick_s), mark["end"] * tick_s, title
