"""Where a stretch of speech is cut into subtitles, and a subtitle into lines.

Both choose the cheapest of all ways by dynamic programming. The costs are in numbers of subtitles:
what it is worth to have one more of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

from audiopipe.render.units import Ending, Unit

_CUE_COST = 1.0
_CUT_AFTER = {Ending.SENTENCE: 0.0, Ending.CLAUSE: 0.5, Ending.NONE: 2.0, Ending.OPEN: 2.0}
_KEPT_SENTENCE_END = 0.5
_KEPT_SILENCE = 1.5
_LINE_AFTER = {Ending.SENTENCE: 0.0, Ending.CLAUSE: 0.0, Ending.NONE: 0.15, Ending.OPEN: 0.15}

_SILENCE_S = 0.4
"""A silence from which on the place is as good as the end of a clause."""


def cut(
    run: Sequence[Unit], max_width: int, max_lines: int, max_duration_s: float
) -> list[Sequence[Unit]]:
    """The run as subtitles that end with sentences, clauses or silences and are evenly filled.

    Args:
        run: what one speaker says without a long silence.
        max_width, max_lines: columns of a line and lines of a subtitle; a wider unit stands alone.
        max_duration_s: longest time from first to last word; a longer unit stands alone.

    Returns:
        The run in pieces, none empty. Takes `len(run)` times the units of one subtitle steps.
    """
    cost, origin = [0.0] + [math.inf] * len(run), [0] * (len(run) + 1)
    capacity = max_width * max_lines
    kept, parted = _kept_costs(run), _parted_costs(run)
    for begin in range(len(run)):
        inside = 0.0
        for end, filled in _fitting(run, begin, max_width, max_lines, max_duration_s):
            inside += kept[end - 1] if end - begin > 1 else 0.0
            slack = 1 - filled / capacity
            total = cost[begin] + _CUE_COST + inside + parted[end - 1] + slack * slack
            if total < cost[end]:
                cost[end], origin[end] = total, begin
    pieces = []
    end = len(run)
    while end:
        pieces.append(run[origin[end] : end])
        end = origin[end]
    return pieces[::-1]


def rows(subtitle: Sequence[Unit], max_width: int) -> tuple[Sequence[Unit], ...]:
    """The subtitle in as few lines as it can be, of like width and ending with clauses if may be.

    Args:
        subtitle: at least one unit.
        max_width: columns; a wider unit stands alone.
    """
    size = len(subtitle)
    *_, count = _rows(subtitle, 0, max_width)
    ideal = _width(subtitle) / count

    @cache
    def best(begin: int, left: int) -> tuple[float, tuple[int, ...]]:
        """Cost and ends of the `left` lines from `begin` on."""
        if begin == size or not left:
            return (math.inf if begin < size or left else 0.0), ()
        options: list[tuple[float, tuple[int, ...]]] = []
        for end in range(begin + 1, size + 1):
            width = _width(subtitle[begin:end])
            if width > max_width and options:
                break
            rest, further = best(end, left - 1)
            off = (width - ideal) / max_width
            cost = off * off
            cost += _LINE_AFTER[subtitle[end - 1].ending] if end < size else 0.0
            options.append((cost + rest, (end, *further)))
        return min(options)

    _, ends = best(0, count)
    return tuple(subtitle[a:b] for a, b in pairwise((0, *ends)))


def text_of(row: Sequence[Unit]) -> str:
    """The text of a line."""
    return "".join(f" {unit.text}" if unit.spaced else unit.text for unit in row).strip()


def _fitting(
    run: Sequence[Unit], begin: int, max_width: int, max_lines: int, max_duration_s: float
) -> Iterator[tuple[int, int]]:
    """Ends of the subtitles that may start at `begin`, with the columns each fills."""
    filled = 0
    latest_s = run[begin].start_s + max_duration_s
    for end, row in enumerate(_rows(run, begin, max_width), start=begin + 1):
        unit = run[end - 1]
        filled += unit.columns + unit.spaced
        if end > begin + 1 and (row > max_lines or unit.end_s > latest_s):
            return
        yield end, filled


def _rows(run: Sequence[Unit], begin: int, max_width: int) -> Iterator[int]:
    """The number of the row, from 1 on, that each unit comes to stand in if rows are filled up."""
    row, width = 0, max_width
    for index in range(begin, len(run)):
        unit = run[index]
        width += unit.columns + unit.spaced
        if not row or width > max_width:
            row, width = row + 1, unit.columns
        yield row


def _kept_costs(run: Sequence[Unit]) -> list[float]:
    """What it costs to show each unit together with the one before it."""
    return [0.0] + [
        _KEPT_SENTENCE_END * (before.ending is Ending.SENTENCE)
        + _KEPT_SILENCE * (after.start_s - before.end_s >= _SILENCE_S)
        for before, after in pairwise(run)
    ]


def _parted_costs(run: Sequence[Unit]) -> list[float]:
    """What it costs to end a subtitle after each unit."""
    costs = []
    for before, after in pairwise(run):
        silent = after.start_s - before.end_s >= _SILENCE_S
        ending = before.ending
        costs.append(_CUT_AFTER[Ending.CLAUSE if silent and ending is Ending.NONE else ending])
    return [*costs, 0.0]


def _width(row: Sequence[Unit]) -> int:
    return sum(unit.columns + unit.spaced for unit in row) - row[0].spaced
