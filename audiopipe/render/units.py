"""What a line may be broken between: words, or characters where the script has no spaces."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from audiopipe.render.passages import without_controls
from audiopipe.text.words import is_unspaced, split_words
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Word


class Ending(IntEnum):
    """How well a line or a subtitle may end after a unit."""

    NONE = 0
    CLAUSE = 1
    SENTENCE = 2


@dataclass(frozen=True, slots=True)
class Unit:
    """Text without a space in it that stays on one line.

    Attributes:
        text: at least one character.
        spaced: whether a space parts it from the unit before.
        start_s, end_s: when it is spoken.
        columns: its width, see `columns`.
    """

    text: str
    spaced: bool
    start_s: float
    end_s: float
    columns: int

    @property
    def ending(self) -> Ending:
        last = self.text.rstrip(_CLOSING)[-1:]
        if last in _SENTENCE_ENDS:
            return Ending.SENTENCE
        return Ending.CLAUSE if last in _CLAUSE_ENDS else Ending.NONE


def columns(text: str) -> int:
    """Width in a monospaced font: East Asian wide characters take two columns, marks none.

    Source: Unicode Standard Annex 11, East Asian Width.
    """
    return len(text) if text.isascii() else sum(map(_character_columns, text))


def units(segment: Segment) -> list[Unit]:
    """The segment's text as units, timed by its words, else by interpolation over columns."""
    timed = segment.words or (Word(segment.span, segment.text),)
    merged: list[Unit] = []
    for unit in _pieces(timed):
        if merged and _inseparable(merged[-1], unit):
            merged[-1] = _joined(merged[-1], unit)
        else:
            merged.append(unit)
    return merged


def spread(text: str, span: Span, spaced: bool = False) -> Iterator[Unit]:
    """The text's words as units, timed in proportion to their columns."""
    words = split_words(without_controls(text))
    total = sum(map(columns, words)) or 1
    passed = 0
    for word in words:
        begin, passed = passed, passed + columns(word)
        if bare := word.strip():
            yield Unit(
                bare,
                spaced or word[0].isspace(),
                span.start_s + span.duration_s * begin / total,
                span.start_s + span.duration_s * passed / total,
                columns(bare),
            )
        spaced = word[-1].isspace()


def _pieces(words: Iterable[Word]) -> Iterator[Unit]:
    spaced = False
    for word in words:
        text = without_controls(word.text)
        yield from spread(text, word.span, spaced)
        spaced = text[-1:].isspace() or (spaced and not text)


def _inseparable(before: Unit, after: Unit) -> bool:
    """Whether no line may break between them; East Asian rules after JIS X 4051 (kinsoku)."""
    if after.spaced:
        return False
    last, first = before.text[-1], after.text[0]
    if not (is_unspaced(last) or is_unspaced(first)):
        return True
    clings_back = unicodedata.category(first) in _NEVER_FIRST or first in _NEVER_FIRST_LETTERS
    clings_on = unicodedata.category(last) in _NEVER_LAST or last in _NEVER_LAST_LETTERS
    return clings_back or clings_on


def _joined(before: Unit, after: Unit) -> Unit:
    return replace(
        before,
        text=before.text + after.text,
        end_s=after.end_s,
        columns=before.columns + after.columns,
    )


def _character_columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


_CLOSING = "\"'”’»›)]}」』）】》〉"
_SENTENCE_ENDS = frozenset(".!?…。！？؟۔।॥")
_CLAUSE_ENDS = frozenset(",;:،؛、，；：–—")
_NEVER_FIRST = frozenset(("Pe", "Pf", "Po", "Pd", "Mn", "Mc", "Me", "Cf", "Sk", "Lm"))
_NEVER_LAST = frozenset(("Ps", "Pi"))
# small kana; Thai and Lao vowels that follow, and those that are written before, their consonant
_NEVER_FIRST_LETTERS = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶะาำๅະາຳ")
_NEVER_LAST_LETTERS = frozenset("เแโใไເແໂໃໄ")
