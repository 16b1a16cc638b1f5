"""What jobs ask for and what they give the model to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from audiopipe.conversation.jobs.checks import Row
from audiopipe.text.languages import NAMES, code_of
from audiopipe.text.sentences import Sentence
from audiopipe.text.tokens import tokens_at_most
from audiopipe.values.transcript import Transcript


@dataclass(frozen=True, slots=True)
class ActionItem:
    """Something that somebody said will be done.

    Attributes:
        task: what.
        start_s: when it was said, in seconds of the recording.
        owner: who, as it was said; None if it was not.
        due: until when, in the words of the recording; None if it was not said.
    """

    task: str
    start_s: float
    owner: str | None = None
    due: str | None = None


TEXT: Row = {"type": "string", "minLength": 1}
MAYBE: Row = {"type": ["string", "null"]}


def an_object(**properties: Any) -> Row:
    """The schema of an object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def rows_of(name: str, **properties: Any) -> Row:
    """The schema of an object with a list of objects."""
    return an_object(**{name: {"type": "array", "items": an_object(**properties)}})


LINES = rows_of("lines", number={"type": "integer"}, text={"type": "string"})


def name_of(language: str, transcript: Transcript) -> str:
    """A language by its English name where that is known."""
    if not language and not transcript.language:
        return "the language of the text"
    asked = language or str(transcript.language)
    return NAMES.get(code_of(asked) or "", asked).title()


def lines_of(run: Iterable[Sentence]) -> str:
    """What the model reads: a sentence a line, with its time and speaker."""
    return "\n".join(
        f"[{part.clock}] " + (f"{part.speaker}: " if part.speaker else "") + part.line
        for part in run
    )


def groups(parts: Sequence[str], most_tokens: int) -> list[list[str]]:
    """The parts in groups of so many tokens, of two at least where there are two."""
    groups: list[list[str]] = []
    size = 0
    for part in parts:
        tokens = tokens_at_most(part)
        if not groups or (len(groups[-1]) > 1 and size + tokens > most_tokens):
            groups.append([])
            size = 0
        groups[-1].append(part)
        size += tokens
    return groups
