"""The text that a recording is aligned with: lines, and the words in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from audiopipe.errors import InputError
from audiopipe.render import load
from audiopipe.render.read import ENDINGS, MOST_BYTES
from audiopipe.text.stops import sentence_ends
from audiopipe.text.words import is_unspaced, normal_form, split_words

_PARAGRAPHS = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_MARKUP = re.compile(r"^\s{0,3}(?:#{1,6}\s+|>\s?)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text, with what stands around it.

    Attributes:
        line: the number of its line.
        text: with the space before it; joined, a line's words are the line.
        norm: how it is compared; never empty.
    """

    line: int
    text: str
    norm: str


@dataclass(frozen=True, slots=True)
class Script:
    """A text in lines, each a segment of the result.

    Attributes:
        tokens: all words, in order.
        speakers: of each line, where the text says it.
    """

    tokens: tuple[Token, ...]
    speakers: tuple[str | None, ...]


def read_script(path: Path, language: str | None) -> Script:
    """The text in a file: a transcript or subtitles, whose segments are lines, or plain text or
    Markdown, whose sentences are.

    Raises:
        InputError: it cannot be read, or holds no word.
    """
    if path.suffix.lower() in ENDINGS:
        segments = load(path).segments
        return script_of(((each.text, each.speaker) for each in segments), str(path))
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > MOST_BYTES or b"\0" in data:
        raise InputError(f"{path} is no text, or longer than {MOST_BYTES >> 20} MB")
    return script_of_text(data.decode("utf-8-sig", "replace"), language, str(path))


def script_of_text(text: str, language: str | None, name: str = "the text") -> Script:
    """A text in paragraphs, which empty lines part; each sentence is a line.

    Raises:
        InputError: it holds no word.
    """
    return script_of(((line, None) for line in _sentences(text, language)), name)


def script_of(lines: Iterable[tuple[str, str | None]], name: str) -> Script:
    """Lines with their speakers.

    Raises:
        InputError: they hold no word.
    """
    tokens: list[Token] = []
    speakers: list[str | None] = []
    for text, speaker in lines:
        if words := list(_tokens(text, len(speakers))):
            tokens += words
            speakers.append(speaker)
    if not tokens:
        raise InputError(f"{name} holds no word to align")
    return Script(tuple(tokens), tuple(speakers))


def _sentences(text: str, language: str | None) -> Iterator[str]:
    for paragraph in _PARAGRAPHS.split(_MARKUP.sub("", text)):
        flat = " ".join(paragraph.split())
        places = sorted({*sentence_ends(flat, language), len(flat)})
        for start, end in zip([0, *places], places, strict=False):
            yield flat[start:end]


def _tokens(line: str, number: int) -> Iterator[Token]:
    """The words of a line; marks that stand alone belong to the word before, or to the first."""
    line = line.strip()
    lead = "" if is_unspaced(line[:1]) else " "
    held = ""
    for piece in split_words(lead + line):
        if normal_form(piece):
            if normal_form(held):
                yield Token(number, held, normal_form(held))
                held = ""
            held += piece
        else:
            held += piece
    if normal_form(held):
        yield Token(number, held, normal_form(held))
