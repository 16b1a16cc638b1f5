"""What of a reply's figures can be true: their unit, their order, and whether text is missing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audiopipe.backends.wire.words import alike
from audiopipe.text.words import normal_form, split_words

_SCALES = (1.0, 1e-3, 1e-6, 1e-9)
"""Seconds, and what else servers count in."""

_PADDING_S = 30.0
"""Whisper hears 30 s at once, and may tell times in what was added to a shorter chunk."""

_MOST_LETTERS_PER_S = 60.0
"""Nobody speaks so fast: times that would make it so are not in this unit."""

_BACK_S = 0.5
"""A start that falls by less is an overlap, not an order."""

_MOST_MISSING_SHARE, _FEWEST_MISSING = 0.05, 3
"""Words that a text may have more than its segments: servers spell numbers out in one of them."""


def scale_of(
    times: Sequence[float], letters: int, length_s: float, duration: float | None
) -> float:
    """Seconds that a unit of the times stands for.

    Args:
        times: starts and ends, >= 0.
        letters: how many are spoken in them.
        length_s: of the chunk.
        duration: what the reply says of its length, in the unit of the times.
    """
    most = max(times, default=0.0)
    if most <= 0:
        return 1.0
    for scale in _SCALES:
        room_s = length_s + (_PADDING_S if scale == 1.0 else 1.0)
        in_room = sum(time * scale <= room_s for time in times)
        if in_room < 0.8 * len(times):
            continue
        if scale < 1.0 and letters > _MOST_LETTERS_PER_S * most * scale:
            continue
        if scale == 1.0 and duration and _is_near(duration * 1e-3, length_s):
            continue
        return scale
    return 1.0


def _is_near(seconds: float, length_s: float) -> bool:
    return length_s > 1.0 and abs(seconds - length_s) <= max(0.5, 0.02 * length_s)


def in_line(starts: Sequence[float | None]) -> list[bool]:
    """Which of the starts rise, the most that do together; one that is not known counts as such."""
    last: list[float] = []  # the least last start of a rising row of each length
    rows: list[tuple[int, int]] = []  # of each start: the length of its row, and itself
    for n, start in enumerate(starts):
        if start is None:
            continue
        length = bisect_right(last, start)
        last[length : length + 1] = [start]
        rows.append((length, n))
    keep = [start is None for start in starts]
    want = len(last) - 1
    for length, n in reversed(rows):
        if length == want:
            keep[n] = True
            want -= 1
    return keep


def goes_back(starts: Iterable[float | None]) -> bool:
    """Whether a start lies clearly before one that stands before it."""
    latest = 0.0
    for start in starts:
        if start is not None and start < latest - _BACK_S:
            return True
        latest = max(latest, start or 0.0)
    return False


@dataclass(frozen=True, slots=True)
class Missing:
    """Words of a text that none of its segments has.

    Attributes:
        after: segments that stand before them; None where they are in many places.
        text: the words; "" where they are in many places.
    """

    after: int | None
    text: str = ""


def missing(text: str, segments: Sequence[str]) -> Missing | None:
    """What of a text its segments lack; None if nothing, or too little to tell."""
    whole = [piece for piece in split_words(text) if normal_form(piece)]
    rows = [_norms(each) for each in segments]
    parts = [norm for row in rows for norm in row]
    more = len(whole) - len(parts)
    if more <= 0 or not segments:
        return None
    norms = [normal_form(piece) for piece in whole]
    first, last = alike(norms, parts), alike(norms[::-1], parts[::-1])
    if first + last >= len(parts):
        edges = list(_edges(rows))
        for after, edge in enumerate(edges):
            if len(parts) - last <= edge <= first:
                return Missing(after, "".join(whole[edge : edge + more]))
    if more >= max(_FEWEST_MISSING, _MOST_MISSING_SHARE * len(whole)):
        return Missing(None)
    return None


def spelled_in(text: str, segments: Iterable[str]) -> bool:
    """Whether the segments in this order are the text."""
    return _norms(text) == [norm for each in segments for norm in _norms(each)]


def _norms(text: str) -> list[str]:
    return [norm for piece in split_words(text) if (norm := normal_form(piece))]


def _edges(rows: Sequence[Sequence[str]]) -> Iterator[int]:
    """Words before each segment, and after the last."""
    done = 0
    yield done
    for row in rows:
        done += len(row)
        yield done
