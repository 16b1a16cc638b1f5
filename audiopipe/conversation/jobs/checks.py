"""Checks of what a model says about a transcript: only what stands there may come back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from audiopipe.text.sentences import Sentence

Row = Mapping[str, Any]
Check = Callable[[Row], Iterable[str]]
"""Gives the faults of an answer, in words for the model."""


def starts_of(parts: Iterable[Sentence]) -> dict[str, float]:
    """When the first sentence with a time begins, in seconds, by that time as it is written."""
    starts: dict[str, float] = {}
    for part in parts:
        starts.setdefault(part.clock, part.span.start_s)
    return starts


def in_order(starts: Mapping[str, float], first: str) -> Check:
    """Each chapter begins with a line, after the one before it; the first with `first`, if any."""

    def check(value: Row) -> Iterator[str]:
        rows = value["chapters"]
        yield from _unseen(rows, starts)
        if first and (not rows or rows[0]["time"] != first):
            yield f"the first chapter must begin at {first}"
        for one, other in pairwise(rows):
            if starts.get(other["time"], 1e9) <= starts.get(one["time"], -1.0):
                yield f"the chapter at {other['time']} does not come after that at {one['time']}"

    return check


def were_said(name: str, starts: Mapping[str, float], text: str) -> Check:
    """Each time is that of a line, and each due date stands in the text."""
    plain = _plain(text)

    def check(value: Row) -> Iterator[str]:
        yield from _unseen(value[name], starts)
        for row in value[name]:
            if row.get("due") and _plain(row["due"]) not in plain:
                yield f"nobody said {row['due']!r}: give `due` in the very words, or null"

    return check


def each_line(lines: int, *, may_be_empty: bool) -> Check:
    """Every line comes back once, in order."""

    def check(value: Row) -> Iterator[str]:
        numbers = [row["number"] for row in value["lines"]]
        if numbers != list(range(1, lines + 1)):
            missing = sorted(set(range(1, lines + 1)) - set(numbers))
            told = f", and {missing[:10]} are missing" if missing else ""
            yield f"the lines must be numbered 1 to {lines}, each once and in order{told}"
        for row in value["lines"]:
            if not may_be_empty and not row["text"].strip():
                yield f"line {row['number']} is empty"

    return check


def _unseen(rows: Iterable[Row], starts: Mapping[str, float]) -> Iterator[str]:
    for row in rows:
        if row["time"] not in starts:
            yield f"no line begins at {row['time']}: copy the time of a line as it stands"


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def clocks_in(text: str) -> set[str]:
    """The times of day, or of the recording, that a text speaks of."""
    return set(re.findall(r"\b\d{1,2}:\d\d(?::\d\d)?\b", text))
