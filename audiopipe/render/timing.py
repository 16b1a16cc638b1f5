"""When each subtitle appears and goes, in whole milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LATEST_MS = 500
"""How long after its first word a subtitle may appear."""


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
    would be too short delays the next, by `LATEST_MS` at most; what the end of the file then cuts
    off moves forward.

    Args:
        wishes: in order of `start_ms`.
        bounds: a file with less than one millisecond for each subtitle counts as if it had that.

    Returns:
        Spans in order: none is empty, none overlaps another, none is longer than `max_ms` or
        later than it may be; none is shorter than `min_ms`, and `gap_ms` parts them. The last two
        yield, the gap first, where there is no room for them.
    """
    starts = list(_starts(wishes, bounds))
    following = [*starts[1:], None][: len(starts)]
    spans = [
        (start_ms, _end(start_ms, wish, next_ms, bounds))
        for start_ms, wish, next_ms in zip(starts, wishes, following, strict=True)
    ]
    return _pulled_inside(spans, bounds)


def _starts(wishes: Iterable[Wish], bounds: Bounds) -> Iterator[int]:
    free_ms = earliest_ms = 0
    for wish in wishes:
        delayed_ms = min(free_ms, wish.start_ms + LATEST_MS)
        start_ms = max(wish.start_ms, delayed_ms, earliest_ms)
        yield start_ms
        free_ms, earliest_ms = start_ms + bounds.min_ms + bounds.gap_ms, start_ms + 1


def _end(start_ms: int, wish: Wish, next_ms: int | None, bounds: Bounds) -> int:
    shortest_ms = start_ms + bounds.min_ms
    wished_ms = max(wish.end_ms, start_ms + wish.reading_ms, shortest_ms)
    end_ms = min(wished_ms, start_ms + bounds.max_ms)
    if next_ms is None:
        return end_ms
    return min(end_ms, max(next_ms - bounds.gap_ms, min(shortest_ms, next_ms)))


def _pulled_inside(spans: Sequence[tuple[int, int]], bounds: Bounds) -> list[tuple[int, int]]:
    """From the last to the first, each ends before the next; `index` ms stay for those before.

    What is pulled keeps `min_ms` and `gap_ms` as far as it had them.
    """
    inside = []
    limit_ms = max(bounds.file_ms, len(spans))
    for index, (start_ms, end_ms) in reversed(list(enumerate(spans))):
        pulled_end_ms = min(end_ms, limit_ms)
        kept_ms = min(bounds.min_ms, end_ms - start_ms)
        pulled_ms = min(start_ms, max(pulled_end_ms - kept_ms, index))
        inside.append((pulled_ms, pulled_end_ms))
        gap_ms = min(bounds.gap_ms, start_ms - spans[index - 1][1] if index else 0)
        limit_ms = max(pulled_ms - gap_ms, index)
    return inside[::-1]
