"""Checks of what a model says about a transcript: only what stands there may come back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from audiopipe.conversation.jobs.facts import added, facts_in, lost, units_in
from audiopipe.conversation.jobs.heard import FIGURES, Heard, carries, in_order_of, tokens
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


def were_said(starts: Mapping[str, float], heard: Heard, *, in_its_words: bool) -> Check:
    """Each time is that of a line; owners and due dates were said, and half the words of a task.

    Args:
        starts: of the lines, by their times.
        heard: what was said, names of speakers included.
        in_its_words: whether tasks are written in the language of the lines.
    """

    def check(value: Row) -> Iterator[str]:
        yield from _unseen(value["items"], starts)
        for row in value["items"]:
            for name in ("owner", "due"):
                if row.get(name) and heard.unsaid(row[name]):
                    yield f"nobody said {row[name]!r}: give `{name}` in the very words, or null"
            if in_its_words and not heard.says(row["task"], _LEAST_SAID):
                yield f"nobody said {row['task']!r}: tell the task in the words of its line"

    return check


_LEAST_SAID = 0.5
"""Of the words of a task: others may be the model's own, as it tells it."""


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
        if not any(row["text"].strip() for row in value["lines"]):
            yield "all lines are empty"

    return check


def _unseen(rows: Iterable[Row], starts: Mapping[str, float]) -> Iterator[str]:
    for row in rows:
        if row["time"] not in starts:
            yield f"no line begins at {row['time']}: copy the time of a line as it stands"


def kept(lines: Sequence[str], language: str | None) -> Check:
    """Clean-up: fillers may go, facts stay, and none are added.

    Each figure, number, name and unit of a line comes back in it, its words in their order, and
    most of them; what it denies stays denied. A line that goes has little to say, and the whole
    keeps most of its words.
    """

    def check(value: Row) -> Iterator[str]:
        all_gone = meant = 0
        for line, row in zip(lines, value["lines"], strict=False):
            after = Heard(row["text"], language)
            words = {word for word in tokens(line) if carries(word)}
            gone = {word for word in words if not after.has(word)}
            gone -= units_in(row["text"], language)
            all_gone, meant = all_gone + len(gone), meant + len(words)
            facts = lost(line, row["text"], language)
            most = _MOST_GONE if row["text"].strip() else _MOST_SAID_BY_NOTHING
            few = len(gone) <= max(most, (1 - _LEAST_KEPT) * len(words))
            if facts or not few:
                shown = ", ".join(sorted(facts or gone))
                yield f"line {row['number']} has lost {shown}: leave out fillers only"
            if new := sorted(added(line, row["text"], language)):
                yield f"line {row['number']} says {', '.join(new)}, which nobody said"
            elif not in_order_of(line, row["text"]):
                yield f"line {row['number']} has its words in another order: keep theirs"
        if all_gone > _MOST_IN_ALL and all_gone > (1 - _LEAST_KEPT) * meant:
            yield f"{all_gone} of {meant} words have gone: leave out fillers only"

    return check


_MOST_GONE, _MOST_SAID_BY_NOTHING, _LEAST_KEPT = 4, 2, 0.5
"""Words that carry meaning: so many may go from a line, or with it, or that share must stay.
Fillers are mostly short; "basically", "you know" and false starts are not."""


_MOST_IN_ALL = 12
"""In short passages a few words are a large share."""


def told_again(lines: Sequence[str], language: str | None, into: str | None) -> Check:
    """Translation: figures and names come back.

    Years, amounts and other long numbers each in its line, as figures or in words; of short ones,
    which idioms may swallow, half; of names, which may have another form abroad (Vienna, Wien), a
    third, where both languages have one script and write only names with capitals.

    Args:
        lines: what is translated.
        language, into: codes of both languages; None where nobody knows.
    """

    def check(value: Row) -> Iterator[str]:
        short_gone, short = set(), set()
        for line, row in zip(lines, value["lines"], strict=False):
            after = Heard(row["text"], into)
            long = set(_LONG.findall(line))
            yield from (
                f"line {row['number']} has lost {figures}"
                for figures in sorted(long)
                if after.unsaid(figures)
            )
            others = {(row["number"], each) for each in FIGURES.findall(line) if each not in long}
            short |= others
            short_gone |= {each for each in others if after.unsaid(each[1])}
        if len(short_gone) > max(_FEW, len(short) // 2):
            told = ", ".join(f"{figures} (line {number})" for number, figures in sorted(short_gone))
            yield f"these figures are lost: {told}"
        if language != "de" and (gone := _names_gone(lines, [r["text"] for r in value["lines"]])):
            yield f"these names are lost: {', '.join(gone)}"

    return check


_FEW = 2
"""Of figures or names, that may go in any case."""

_LONG = re.compile(r"(?<![\d.,:])(?:\d{1,3}(?:[.,]\d{3})+|\d{3,})(?![\d:])")


def _names_gone(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """The names that are lost, if they are most of them."""
    names = {name for line in before for name in facts_in(line) if not name[0].isdigit()}
    words = {word for line in after for word in tokens(line)}
    if not _script(names) & _script(words):
        return []
    beginnings = {word[:_ALIKE] for word in words}
    gone = sorted(name for name in names if tokens(name)[0][:_ALIKE] not in beginnings)
    return gone if len(gone) > max(_FEW, len(names) * 2 // 3) else []


_ALIKE = 3
"""Letters at the beginning that a name's forms share: London, Londres."""


def _script(words: Iterable[str]) -> set[str]:
    return {unicodedata.name(word[0], "?").split()[0] for word in words if word[0].isalpha()}


def all_of(*checks: Check) -> Check:
    """The faults that the first check finds that finds any."""

    def check(value: Row) -> list[str]:
        return next(filter(None, (list(each(value)) for each in checks)), [])

    return check


def claimed(text: str) -> list[str]:
    """The figures of a summary that must have been said: times, amounts, years; a small one may
    be counted by who sums up."""
    figures = {each for each in FIGURES.findall(text) if len(re.sub(r"\D", "", each)) > 1}
    return sorted(figures)


def keeps_figures(lines: Sequence[str], instruction: str, language: str | None) -> Check:
    """Rewriting: figures that went or came are sent back once; whoever asks for a rewriting may
    want them to, so that what stays of them after that is taken.

    Args:
        lines: what is rewritten.
        instruction: what is to be done, whose own figures may come.
        language: of the lines; None where nobody knows.
    """
    told: list[str] = []

    def check(value: Row) -> Iterator[str]:
        if told:
            return
        before = Heard("\n".join([*lines, instruction]), language)
        after = Heard("\n".join(row["text"] for row in value["lines"]), language)
        for line, row in zip(lines, value["lines"], strict=False):
            gone = sorted(each for each in FIGURES.findall(line) if after.unsaid(each))
            new = sorted(each for each in FIGURES.findall(row["text"]) if before.unsaid(each))
            told.extend(f"line {row['number']} has lost {each}" for each in gone)
            told.extend(f"line {row['number']} says {each}, which nobody said" for each in new)
        if told:
            yield "; ".join([*told, "keep what was said, unless the owner wants it otherwise"])

    return check
