"""When each subtitle appears and goes, in whole milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """When a subtitle is spoken, and the least time a reader needs for it."""

    start_ms: int
    end_ms: int
    reading_ms: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds for every subtitle: `0 < min_ms <= max_ms`, `gap_ms >= 0`, file's length."""

    min_ms: int
    max_ms: int
    gap_ms: int
    file_ms: int


def place(wishes: Sequence[Wish], bounds: Bounds) -> list[tuple[int, int]]:
    """Start and end of each subtitle, as near to its wish as the bounds allow.

    A subtitle is held after its last word, into the silence, until it can be read. One that
    would be too short delays the next; what the end of the file then cuts off moves forward.

    Args:
        wishes: in order of `start_ms`.
        bounds: a file with less than one millisecond for each subtitle counts as if it had that.

    Returns:
        Spans in order: none is empty, none overlaps another, none is longer than `max_ms` or
        shorter than `min_ms`, and `gap_ms` parts them; the last two yield where a file is too
        short for all its subtitles.
    """
    return _pulled_inside(_delayed(wishes, bounds), bounds)


def _delayed(wishes: Sequence[Wish], bounds: Bounds) -> list[tuple[int, int]]:
    spans = []
    free_ms = 0
    for index, wish in enumerate(wishes):
        start_ms = max(wish.start_ms, free_ms)
        end_ms = min(max(wish.end_ms, start_ms + wish.reading_ms), start_ms + bounds.max_ms)
        for following in wishes[index + 1 : index + 2]:
            end_ms = min(end_ms, following.start_ms - bounds.gap_ms)
        end_ms = max(end_ms, start_ms + bounds.min_ms)
        spans.append((start_ms, end_ms))
        free_ms = end_ms + bounds.gap_ms
    return spans


def _pulled_inside(spans: Sequence[tuple[int, int]], bounds: Bounds) -> list[tuple[int, int]]:
    """From the last to the first, each ends before the next; `index` ms stay for those before."""
    inside = []
    limit_ms = max(bounds.file_ms, len(spans))
    for index, (start_ms, end_ms) in reversed(list(enumerate(spans))):
        end_ms = min(end_ms, limit_ms)
        start_ms = min(start_ms, max(end_ms - bounds.min_ms, index))
        inside.append((start_ms, end_ms))
        limit_ms = max(start_ms - bounds.gap_ms, index)
    return inside[::-1]
