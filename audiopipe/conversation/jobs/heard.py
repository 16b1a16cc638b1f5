"""What was said, by words: whether that which comes back stands there.

Words are compared without case, accents and endings, and figures as they are spoken: who said
"three sixteen" said 3:16. Scripts without spaces are compared by characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import chain, takewhile
from operator import eq

from audiopipe.text.messages import decimal, ordinals, spelled, spelled_year
from audiopipe.text.words import is_unspaced

_FEWEST_LETTERS = 4
"""Of a word that carries a meaning of its own; articles, pronouns and most fillers are shorter."""

_ENDING = 3
"""Letters at the end in which forms of a word may differ: call, called; Haus, Hauses."""

_MOST_SPELLED = 10**12

FIGURES = re.compile(r"\d{1,3}(?: \d{3})+(?!\d)|\d+(?:[.,:’'\u00a0\u202f]\d+)*")
"""A number as it is written, with what groups it; a time of day."""

_TOKEN = re.compile(rf"{FIGURES.pattern}|[^\W\d_]+")


class Heard:
    """The words of a text.

    Args:
        text: what was said.
        language: ISO 639-1 code; None where nobody knows.

    Attributes:
        words: as they stand there, figures also in parts and without marks for thousands.
    """

    def __init__(self, text: str, language: str | None) -> None:
        self._language = language or "en"
        self.words = set(tokens(text))
        figures = [token for token in self.words if token[0].isdigit()]
        self._spelled = self.words.union(*chain(*map(self._spoken, figures)))
        self._stems = {_stem(word) for word in self._spelled}
        self.words.update(*chain(*map(_written, figures)))

    def has(self, token: str) -> bool:
        """Whether a word was said, in any of its forms, or a figure."""
        if not token[0].isdigit():
            return token in self._spelled or _stem(token) in self._stems
        ways = chain(_written(token), self._spoken(token))
        return token in self.words or any(way <= self.words for way in ways)

    def unsaid(self, text: str) -> list[str]:
        """The words and figures of a text that were not said."""
        return [token for token in tokens(text) if not self.has(token)]

    def says(self, text: str, share: float = 1.0) -> bool:
        """Whether so many of the words of a text that carry meaning were said."""
        meant = [token for token in tokens(text) if carries(token)]
        return sum(map(self.has, meant)) >= share * len(meant)

    def says_word(self, word: str) -> bool:
        """Whether a word was said in this very form, be it as figures."""
        return word in self._spelled

    def _spoken(self, figures: str) -> Iterator[set[str]]:
        """The ways in which figures may have been said in words."""
        for whole in _written(figures):
            if len(max(whole, key=len)) <= len(str(_MOST_SPELLED)):
                yield {word for n in whole for word in self._words_of(int(n))}
                if len(whole) == 1:
                    yield from self._otherwise(*whole)
        whole, *parts = re.findall(r"\d+", figures)
        if parts == ["00"]:
            yield from self._spoken(whole)
        if len(parts) == 1:
            yield set(tokens(decimal(whole, parts[0], self._language)))
        if parts and len(whole) < _FEWEST_BY_FIGURE:
            yield from self._halved(int(whole), parts[0])

    def _words_of(self, n: int) -> list[str]:
        return tokens(spelled(n, self._language))

    def _otherwise(self, figures: str) -> Iterator[set[str]]:
        """A whole number by its figures, as a place in a row, a year or a decade; and with no
        word for one before a hundred."""
        n = int(figures)
        if len(figures) >= _FEWEST_BY_FIGURE:
            yield {word for figure in figures for word in self._words_of(int(figure))}
        if n < _MOST_PLACES:
            yield from map(self._plural, ordinals(n, self._language))
        if len(figures) == len("1984"):
            *words, last = tokens(spelled_year(n, self._language))
            yield {*words, last}
            yield {*words, re.sub("y$", "ies", last)}
        one, whole = spelled(1, self._language), spelled(n, self._language)
        if n >= _HUNDRED and whole[0] == one[0]:
            same = sum(1 for _ in takewhile(bool, map(eq, one, whole)))
            yield set(tokens(whole[same:]))

    def _plural(self, place: str) -> set[str]:
        """A place in a row, its last word as it was said: thirds, dritten."""
        *words, last = tokens(place)
        forms = [word for word in self.words if word.startswith(last)]
        return {*words, min(forms, key=len, default=last)}

    def _halved(self, whole: int, part: str) -> Iterator[set[str]]:
        """Of a number with tenths, or a time: what is said with half or a quarter."""
        half, quarter = _HALVES.get(self._language, ("", ""))
        kinds = {"5": half, "50": half, "30": half, "25": quarter, "15": quarter, "45": quarter}
        kind = kinds.get(part, "")
        found = {word for word in self.words if kind and kind in word}
        if found:
            yield from ({*self._words_of(n), *found} for n in (whole, whole + 1))


def _written(figures: str) -> list[set[str]]:
    """The ways in which figures may be written: in parts, and without marks for thousands."""
    parts = re.findall(r"\d+", figures)
    ways = [{*parts, *(str(int(part)) for part in parts)}]
    if ":" not in figures and all(len(part) == _GROUP for part in parts[1:]):
        ways.append({"".join(parts)})
    return ways


_HUNDRED, _GROUP = 100, 3
"""From what number on one may go unsaid; figures between two marks for thousands."""

_FEWEST_BY_FIGURE = 3
_MOST_PLACES = 1000

_HALVES = {
    "en": ("half", "quarter"),
    "de": ("halb", "viertel"),
    "fr": ("demi", "quart"),
    "es": ("medi", "cuarto"),
    "it": ("mezz", "quarto"),
    "pt": ("mei", "quarto"),
    "nl": ("half", "kwart"),
    "ru": ("полов", "четверт"),
}
"""How words for halves and quarters begin, or what they hold."""


def in_order_of(line: str, after: str) -> bool:
    """Whether the words that two lines share stand in the same order in them, but for a fifth, or
    one."""
    said = tokens(line)
    shared = [token for token in tokens(after) if token in set(said)]
    blocks = SequenceMatcher(None, said, shared, autojunk=False).get_matching_blocks()
    moved = len(shared) - sum(block.size for block in blocks)
    return moved <= max(1, len(shared) // 5)


def tokens(text: str) -> list[str]:
    """Words without case and accents, and figures with what stands between them."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    plain = re.sub(r"\b([^\W\d_])\.\s?(?=[^\W\d_]\b)", r"\1", plain)  # p.m. is one word
    return [part for found in _TOKEN.findall(plain) for part in _apart(found)]


def carries(token: str) -> bool:
    """Whether a word says something by itself: a figure, or no short word."""
    return token[0].isdigit() or is_unspaced(token[0]) or len(token) >= _FEWEST_LETTERS


def _apart(token: str) -> list[str]:
    return list(token) if is_unspaced(token[0]) else [token]


def _stem(word: str) -> str:
    return word[: max(_FEWEST_LETTERS, len(word) - _ENDING)]
