"""What was said, by words: whether that which comes back stands there.

Words are compared without case, accents and endings, and figures as they are spoken: who said
"three sixteen" said 3:16. Scripts without spaces are compared by characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from audiopipe.text.messages import spelled, spelled_year
from audiopipe.text.words import is_unspaced

_FEWEST_LETTERS = 4
"""Of a word that carries a meaning of its own; articles, pronouns and most fillers are shorter."""

_ENDING = 3
"""Letters at the end in which forms of a word may differ: call, called; Haus, Hauses."""

_MOST_SPELLED = 10**12

_TOKEN = re.compile(r"\d+(?:[.,:’'\u00a0\u202f]\d+)*|[^\W\d_]+")


class Heard:
    """The words of a text.

    Args:
        text: what was said.
        language: ISO 639-1 code; None where nobody knows.
    """

    def __init__(self, text: str, language: str | None) -> None:
        self._language = language or "en"
        self._words: set[str] = set()
        for token in tokens(text):
            self._words.add(token)
            if token[0].isdigit():
                self._words.update(*self._spoken(token))
        self._stems = {_stem(word) for word in self._words}

    def has(self, token: str) -> bool:
        """Whether a word was said, in any of its forms, or a figure."""
        if not token[0].isdigit():
            return token in self._words or _stem(token) in self._stems
        return token in self._words or any(way <= self._words for way in self._spoken(token))

    def unsaid(self, text: str) -> list[str]:
        """The words and figures of a text that were not said."""
        return [token for token in tokens(text) if not self.has(token)]

    def says(self, text: str, share: float = 1.0) -> bool:
        """Whether so many of the words of a text that carry meaning were said."""
        meant = [token for token in tokens(text) if carries(token)]
        return sum(map(self.has, meant)) >= share * len(meant)

    def _spoken(self, figures: str) -> Iterator[set[str]]:
        """The ways in which figures may have been said, each as its words."""
        parts = re.findall(r"\d+", figures)
        yield {"".join(parts)}
        yield set(parts) | {str(int(part)) for part in parts}
        for whole in (["".join(parts)], parts):
            if len(max(whole, key=len)) <= len(str(_MOST_SPELLED)):
                yield {word for n in whole for word in tokens(spelled(int(n), self._language))}
        if len(parts) == 1 and len(parts[0]) == 4:
            yield set(tokens(spelled_year(int(parts[0]), self._language)))


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
