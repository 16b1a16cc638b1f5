"""A dialogue of hosts about what was said: turns, each held to the lines that it is of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audiopipe.conversation.jobs.checks import Check, Row
from audiopipe.conversation.jobs.facts import facts_in
from audiopipe.conversation.jobs.heard import Heard, carries, tokens
from audiopipe.conversation.jobs.parts import TEXT, rows_of
from audiopipe.text.sentences import Sentence

HOSTS = ("Ann", "Ben")

TURNS = rows_of(
    "turns",
    speaker=TEXT,
    text=TEXT,
    lines={"type": "array", "items": {"type": "integer"}},
)

_LEAST_SAID = 0.5
"""Of the words of a turn that carry meaning; the others are the talk of hosts."""

_MOST_CLAIMED_BY_NOTHING = 8
"""Words that carry meaning in a turn of no lines: a greeting, a question."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a host says at once.

    Attributes:
        speaker: the host.
        text: the words.
        start_s: when the first line that it is of was said, in seconds of the recording; None for
            a turn of none.
    """

    speaker: str
    text: str
    start_s: float | None = None


def numbered(lines: Iterable[str]) -> str:
    """Lines with their numbers, from 1 on, as the model reads them."""
    return "\n".join(f"{number}: {line}" for number, line in enumerate(lines, 1))


def place_of(run: Sequence[Sentence], whole: Sequence[Sentence]) -> str:
    """Which part of the whole a run is, in words for the model."""
    is_first, is_last = run[0] == whole[0], run[-1] == whole[-1]
    if is_first and is_last:
        return "the whole: greet at the beginning, take leave at the end"
    if is_first:
        return "the first part: greet, and do not take leave"
    if is_last:
        return "the last part: go on without a greeting, and take leave at the end"
    return "a part from the middle: neither greet nor take leave"


def stands_in(
    lines: Sequence[str], hosts: Sequence[str], language: str | None, *, is_translated: bool
) -> Check:
    """Each turn is of a host, and what it claims stands in its lines.

    Args:
        lines: what the model read.
        hosts: who may speak.
        language: of the lines.
        is_translated: whether the turns are in another: then figures alone can be looked for.
    """

    def check(value: Row) -> Iterator[str]:
        turns = value["turns"]
        for number, turn in enumerate(turns, 1):
            if turn["speaker"] not in hosts:
                yield f"turn {number}: {turn['speaker']!r} is no host: take {', '.join(hosts)}"
            if wrong := [n for n in turn["lines"] if not 1 <= n <= len(lines)]:
                yield f"turn {number}: there are no lines {wrong}"
                continue
            yield from (f"turn {number}: {fault}" for fault in _faults(turn))
        if len({turn["speaker"] for turn in turns}) < len(hosts) <= len(turns):
            yield f"each of {', '.join(hosts)} must speak"

    def _faults(turn: Row) -> Iterator[str]:
        text = turn["text"]
        heard = Heard("\n".join([*(lines[n - 1] for n in turn["lines"]), *hosts]), language)
        facts = [fact for fact in facts_in(text) if not is_translated or fact[0].isdigit()]
        if made_up := [fact for fact in facts if heard.unsaid(fact)]:
            yield f"{', '.join(made_up)} does not stand in its lines {turn['lines']}"
        elif is_translated:
            return
        elif not turn["lines"] and sum(map(carries, tokens(text))) > _MOST_CLAIMED_BY_NOTHING:
            yield "it claims something, and is of no line: name its lines in `lines`"
        elif turn["lines"] and not heard.says(text, _LEAST_SAID):
            yield f"it says what does not stand in its lines {turn['lines']}: keep to their words"

    return check


def turns_of(rows: Iterable[Row], run: Sequence[Sentence]) -> list[Turn]:
    """The turns of an answer that has passed."""
    return [
        Turn(
            row["speaker"],
            " ".join(row["text"].split()),
            min((run[n - 1].span.start_s for n in row["lines"]), default=None),
        )
        for row in rows
    ]
