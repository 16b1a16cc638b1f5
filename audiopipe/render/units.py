"""What a line may be broken between: words, each with the punctuation that clings to it."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate, pairwise

from audiopipe.render.passages import without_controls
from audiopipe.text.breaks import line_breaks
from audiopipe.text.joints import is_phrased, lacks_space
from audiopipe.text.stops import closing_stops
from audiopipe.values.transcript import Word


class Ending(IntEnum):
    """How well a line or a subtitle may end after a unit."""

    OPEN = -1
    """An abbreviation, which points at what follows."""
    NONE = 0
    CLAUSE = 1
    SENTENCE = 2


@dataclass(frozen=True, slots=True)
class Unit:
    """Text that stays on one line.

    Attributes:
        text: at least one character; a space in it is no place to break.
        spaced: whether a space parts it from the unit before.
        start_s, end_s: when it is spoken.
        columns: its width, see `columns`.
        ending: how well a line may end after it.
    """

    text: str
    spaced: bool
    start_s: float
    end_s: float
    columns: int
    ending: Ending = Ending.NONE


def columns(text: str) -> int:
    """Width in a monospaced font: East Asian wide characters take two columns, marks none.

    Source: Unicode Standard Annex 11, East Asian Width.
    """
    return len(text) if text.isascii() else sum(map(_character_columns, text))


def units(
    said: Sequence[Word],
    language: str | None = None,
    joints: Iterable[int] = (),
    breaks: Iterable[int] | None = None,
) -> list[Unit]:
    """What one speaker says, cut into units.

    Args:
        said: words, or longer stretches of text whose time is shared out over their columns.
        language: ISO 639-1 code: what is an abbreviation depends on it.
        joints: places in the text where phrases meet that may lack the space between them.
        breaks: places in the text where lines may end; by default those of one text.

    Returns:
        Units in the order of the text; in each the time of its letters.
    """
    text = "".join(without_controls(word.text) for word in said)
    times = _Times(said)
    stops = closing_stops(text, language)
    spaces = {place for place in joints if lacks_space(text, place)}
    made = []
    for start, end in _clung(text, _pieces(text, line_breaks(text) if breaks is None else breaks)):
        shown = " ".join(text[start:end].split())
        made.append(
            Unit(
                shown,
                start in spaces or text[max(0, start - 1) : start].isspace(),
                *times.of(*_spoken(text, start, end)),
                columns(shown),
                _ending(text, start, end, stops, end in spaces or text[end : end + 1].isspace()),
            )
        )
    return made


class _Times:
    """When each character of a text is spoken."""

    def __init__(self, said: Sequence[Word]) -> None:
        ends = accumulate((len(word.text) for word in said), initial=0)
        spoken = [
            (at + len(word.text) - len(word.text.lstrip()), word)
            for at, word in zip(ends, said, strict=False)
            if word.text.strip()
        ]
        self._starts = [at for at, _ in spoken]
        self._words = [word for _, word in spoken]

    def of(self, start: int, end: int) -> tuple[float, float]:
        """When the characters from one place to before the other are spoken, in seconds."""
        start_s = self._at(start, 0)
        return start_s, max(start_s, self._at(end - 1, 1))

    def _at(self, place: int, more: int) -> float:
        """When a character begins, or, with one more, ends: by columns inside its word."""
        n = max(0, bisect_right(self._starts, place) - 1)
        word, inside = self._words[n], place - self._starts[n] + more
        core = word.text.strip()
        share = columns(core[: max(0, inside)]) / (columns(core) or 1)
        return word.span.start_s + word.span.duration_s * share


def _pieces(text: str, breaks: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The text between places where a line may end, without the space around it."""
    for start, end in pairwise((0, *breaks, len(text))):
        piece = text[start:end]
        if piece.strip():
            yield start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _clung(text: str, pieces: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The pieces; those that are punctuation alone go with the word that they belong to."""
    held: tuple[int, int] | None = None
    hangs_on = False
    marks = 0
    for start, end in pieces:
        bare = bool(_BARE.fullmatch(text, start, end))
        marks += bare and text[start] in PAIRED
        opens = bare and _is_opening(text, start, end, marks)
        if held and (hangs_on or (bare and not (opens and _NEXT.match(text, end)))):
            held = held[0], end
        else:
            if held:
                yield held
            held = start, end
        hangs_on = opens or (bare and held == (start, end))
    if held:
        yield held


def _is_opening(text: str, start: int, end: int, marks: int) -> bool:
    """Whether punctuation between spaces belongs to what follows: a dash, an opening quotation
    mark or bracket, a currency before its amount, the first of a pair of the same marks."""
    if text[start] in PAIRED:
        return marks % 2 == 1
    category = unicodedata.category(text[start])
    if category == "Sc":
        return bool(_AMOUNT.match(text, end)) and not text[max(0, start - 2) : start - 1].isdigit()
    return category in ("Pd", "Ps", "Pi")


def _spoken(text: str, start: int, end: int) -> tuple[int, int]:
    """The part of a unit that is spoken: without dashes and marks that a space parts from it."""
    said = [part for part in _PART.finditer(text, start, end) if not _BARE.fullmatch(part[0])]
    return (said[0].start(), said[-1].end()) if said else (start, end)


def _ending(text: str, start: int, end: int, stops: set[int], is_spaced: bool) -> Ending:
    bare = text[start:end].rstrip(CLOSING)
    following = _NEXT.match(text, end)
    if bare[-1:] in SENTENCE_ENDS:
        is_stop = bare.endswith(".") and not bare.endswith("..")
        if is_stop and following and start + len(bare) not in stops:
            return Ending.OPEN
        goes_on = following and following[1].islower()
        return Ending.CLAUSE if goes_on else Ending.SENTENCE
    is_phrase = is_spaced and is_phrased(bare[-1:])
    return Ending.CLAUSE if is_phrase or bare[-1:] in CLAUSE_ENDS else Ending.NONE


def _character_columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


CLOSING = "\"'”’»›«)]}」』）】》〉 \u200b"
SENTENCE_ENDS = frozenset(".!?…。！？؟۔।॥။។።༎།։")
CLAUSE_ENDS = frozenset(",;:،؛、，；：–—၊፣፤៖")
PAIRED = frozenset("\"'*♪♫♬")
_BARE = re.compile(r"[^\w\s\U0001f000-\U0001ffff]+(?:\s+[^\w\s\U0001f000-\U0001ffff]+)*")
_NEXT = re.compile(r"\W*(\w)")
_PART = re.compile(r"\S+")
_AMOUNT = re.compile(r"\s*\d")
