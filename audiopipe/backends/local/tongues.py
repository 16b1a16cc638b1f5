"""Which language is spoken where: what the network hears of it piece by piece, made steady."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, log

from audiopipe.backends.local.windows import Hearing
from audiopipe.values.audio import Span

_LEAST_S, _MOST_S = 3.0, 6.0
"""Of a passage whose language is asked for: a language is not told by less."""

_FLOOR = 1e-3
"""No passage says that a language is less likely than this."""

_CHANGE = 6.0
"""What a change of language must be worth, in nats: one clear passage (6.9) says enough at the
start or end of a recording, and within it two, or one beside one that leans the same way."""

_COMMON = frozenset(
    "ar bg ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nl no pl pt ro ru sk "
    "sl sr sv ta th tr uk ur vi zh".split()
)
_SELDOM = 4.0
"""What it takes more for a language that is none of these, of which Whisper has learnt most: what
it cannot place it calls Tagalog or Yoruba (13 s of Spanish over the telephone, with 0.65)."""

_CONTRADICTION = 4.0
"""What is needed to contradict what is told of the language: that another is 55 times as likely."""

_IN_DOUBT = 3.0
"""In nats: what another language must be less likely by, so that there is no doubt. Of 57 clips in
13 languages 13 are in doubt, and one that is taken for another is not."""

Guess = Mapping[str, float]
"""The probability of each language, or a multiple of it; what is not named is not likely at all."""


def passages(pieces: Hearing) -> list[Span]:
    """A window in passages of 3 to 6 s, from its first second to its last, in its own time; cut
    between pieces where that can be."""
    edges = [0.0]
    at_s = 0.0
    for piece in pieces:
        at_s += piece.duration_s
        while at_s - edges[-1] > _MOST_S:
            edges.append(edges[-1] + min(_MOST_S, (at_s - edges[-1]) / 2))
        if at_s - edges[-1] >= _LEAST_S:
            edges.append(at_s)
    if at_s > edges[-1]:
        edges = [*edges[:-1], at_s] if len(edges) > 1 else [0.0, at_s]
    return [Span(*pair) for pair in pairwise(edges)]


@dataclass(slots=True)
class Tongues:
    """The languages of a chunk's passages as they come; earlier ones count for later ones.

    Attributes:
        likely: of each language, the worth of the likeliest course that ends in it.
        change: what a change of language must be worth.
    """

    likely: dict[str, float] = field(default_factory=dict)
    change: float = _CHANGE

    @classmethod
    def told(cls, language: str) -> Tongues:
        """Those of a chunk of which it is told that it is in a language."""
        return cls({language: 0.0}, _CONTRADICTION)

    @property
    def latest(self) -> tuple[str, ...]:
        """What was spoken last; nothing where there was nothing."""
        return (max(self.likely, key=self.likely.__getitem__),) if self.likely else ()

    def course(self, guesses: Sequence[Guess], lengths_s: Sequence[float]) -> list[str]:
        """The likeliest language of each passage (Viterbi's algorithm).

        Args:
            guesses: of each passage, in order.
            lengths_s: of each passage in seconds: short ones say less.
        """
        steps: list[dict[str, str]] = []
        for guess, length_s in zip(guesses, lengths_s, strict=True):
            weight = min(1.0, length_s / _LEAST_S)
            best = max(self.likely, key=self.likely.__getitem__) if self.likely else ""
            top = self.likely.get(best, 0.0)
            came: dict[str, str] = {}
            now: dict[str, float] = {}
            for language in guess.keys() | self.likely.keys():
                share = guess.get(language, 0.0)
                come = top - self.change - _seldom(language)
                # What no passage before named can only be changed to.
                stay = self.likely.get(language, -inf)
                came[language] = language if stay >= come else best
                worth = max(stay, come) - top
                now[language] = worth + weight * log(max(share, _FLOOR))
            self.likely = now
            steps.append(came)
        return [*_back(steps, self.likely)][::-1]


def likelihoods(guess: Guess) -> dict[str, float]:
    """How likely each language is in a recording of which nothing else is known, as logarithms."""
    return {code: log(max(share, _FLOOR)) - _seldom(code) for code, share in guess.items()}


def rival(language: str, guesses: Sequence[Guess]) -> str:
    """The language that passages may be in just as well; empty where there is no doubt."""
    worths = [likelihoods(guess) for guess in guesses]
    among = {code for worth in worths for code in worth} - {language}
    if not among:
        return ""
    least = log(_FLOOR)

    def mean(code: str) -> float:
        return sum(worth.get(code, least) for worth in worths) / len(worths)

    second = max(sorted(among), key=mean)
    return second if mean(language) - mean(second) < _IN_DOUBT else ""


def _seldom(language: str) -> float:
    return 0.0 if language in _COMMON else _SELDOM


def _back(steps: Sequence[Mapping[str, str]], likely: Mapping[str, float]) -> Iterator[str]:
    if not steps:
        return
    now = max(likely, key=likely.__getitem__)
    for came in reversed(steps):
        yield now
        now = came[now]
