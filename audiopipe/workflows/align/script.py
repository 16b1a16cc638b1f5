"""The text that a recording is aligned with: lines, and the words in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from audiopipe.errors import InputError
from audiopipe.render import load
from audiopipe.render.read import ENDINGS
from audiopipe.speech.script import Paragraph, paragraphs
from audiopipe.speech.texts import read
from audiopipe.text.stops import sentence_ends
from audiopipe.text.words import is_unspaced, normal_form, split_words


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
    """The text in a file: a transcript or subtitles, whose segments are lines, or whatever can be
    spoken from (see `audiopipe.speech.texts`), whose sentences are.

    Raises:
        InputError: it cannot be read, or holds no word.
        UsageError: the library for it is not installed.
    """
    if path.suffix.lower() in ENDINGS:
        segments = load(path).segments
        return script_of(((each.text, each.speaker) for each in segments), str(path))
    return script_of(_sentences(read(path).paragraphs, language), str(path))


def script_of_text(text: str, language: str | None) -> Script:
    """Plain text or Markdown; each sentence is a line.

    Raises:
        InputError: it holds no word.
    """
    return script_of(_sentences(paragraphs(text), language), "the text")


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


def _sentences(text: Iterable[Paragraph], language: str | None) -> Iterator[tuple[str, str | None]]:
    for paragraph in text:
        flat = " ".join(paragraph.text.split())
        places = sorted({*sentence_ends(flat, language), len(flat)})
        for start, end in zip([0, *places], places, strict=False):
            yield flat[start:end], paragraph.speaker or None


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
