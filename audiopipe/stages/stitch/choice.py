"""Choice: who speaks where two chunks heard different words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from math import exp
from statistics import fmean

from audiopipe.stages.stitch.tokens import Token, first_that
from audiopipe.text.words import LONGEST_WORD_S
from audiopipe.values.audio import Span
from audiopipe.values.flags import HURRIED, MADE_UP
from audiopipe.values.transcript import Flag

LEAST_SURENESS = 0.3
"""Words that only one side heard are left out if they are less sure than this on average."""

EDGE_S = 1.0
"""Within this of an edge of its chunk a word counts for less, half at the edge itself: there words
are cut, and the recogniser lacks what comes before or after."""

BEYOND = 0.8
"""What a word counts beyond its chunk's own part: there the other chunk heard more around it."""


MAX_DIFFERENT_WORDS = 2
"""Where two chunks heard more words than this differently in a row, the place is flagged: fewer
are a matter of spelling and endings at most seams. Characters, in scripts without spaces."""

_ALIKE = 0.6
"""The share of letters in common and in order from which two texts are two spellings of one, as
“Keyboarder” and “Kiborder” (0.8) or “Concres anyone” and “Contres ni en” (0.7)."""


def choice(ours: list[Token], theirs: list[Token], seam_s: float, *, agreed: bool) -> list[Token]:
    """Who speaks where the sides differ; without an agreed word it may change at the seam.

    What a flag calls made up gives way to what the other side heard, and to nothing else: to strike
    it is for the user to say.
    """
    heard = [side for side in (ours, theirs) if side]
    sound = [side for side in heard if not _is_flagged(side, MADE_UP)] or heard
    sound = [side for side in sound if not _is_flagged(side, HURRIED)] or sound
    if len(sound) == 2:
        early = ours[: first_that(ours, lambda token: token.heard.span.middle_s >= seam_s)]
        late = theirs[first_that(theirs, lambda token: token.heard.span.middle_s >= seam_s) :]
        in_turn = ours if ours[0].heard.span.start_s < seam_s else theirs
        ways = [in_turn if agreed else early + late, ours, theirs]
        return max(ways, key=lambda way: round(_worth(way), 6))
    alone = sound[0] if sound else []
    if alone and not (ours and theirs) and fmean(map(_sureness, alone)) < LEAST_SURENESS:
        return []
    return alone


def disagreement(ours: Iterable[Token], theirs: Iterable[Token]) -> Iterator[Flag]:
    """A flag where each side heard words of its own, those near an edge left aside, and those that
    the two spell in other ways."""
    sides = [[t for t in side if t.heard.norm and clearness(t) == 1] for side in (ours, theirs)]
    most = max(map(len, sides))
    if not all(sides) or most <= MAX_DIFFERENT_WORDS:
        return
    own = [_own(*sides), _own(*sides[::-1])]
    spelt = ["".join(t.heard.norm for t in side) for side in sides]
    if not all(own) or max(map(len, own)) <= MAX_DIFFERENT_WORDS or _is_alike(*spelt):
        return
    spans = [t.heard.span for side in sides for t in side]
    texts = ["".join(t.text for t in side).strip() for side in sides]
    yield Flag(
        "seam-disagreement",
        Span(min(span.start_s for span in spans), max(span.end_s for span in spans)),
        float(most),
        float(MAX_DIFFERENT_WORDS),
        f"Two chunks heard this differently, as “{texts[0]}” and as “{texts[1]}”: listen, or cut "
        "the chunks elsewhere.",
    )


def _own(side: Iterable[Token], other: Sequence[Token]) -> list[Token]:
    """What one side heard and the other did not, in any spelling."""
    return [t for t in side if not any(_is_alike(t.heard.norm, o.heard.norm) for o in other)]


def _is_alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE


def clearness(token: Token) -> float:
    """One half at the edge of the chunk, to one from `EDGE_S` inside."""
    window, at_s = token.chunk.window.span, token.heard.span.middle_s
    inside_s = min(at_s - window.start_s, window.end_s - at_s)
    return 0.5 + 0.5 * min(1.0, max(0.0, inside_s / EDGE_S))


def _worth(tokens: Iterable[Token]) -> float:
    """Seconds that the side is sure of.

    A word beyond its chunk's own part counts for less.

    Where a chunk and the whole of a recording heard different words, at 179 places, this leaves 118
    words wrong; the mean sureness 122, the sum 135, always the same side 175, the best choice 61.
    """
    return sum(
        min(t.heard.span.duration_s, LONGEST_WORD_S) * _sureness(t) * clearness(t) * _nearness(t)
        for t in tokens
    )


def _sureness(token: Token) -> float:
    """0 to 1: the word's own probability, else the mean one of its segment, else one half."""
    if token.word and token.word.probability is not None:
        return token.word.probability
    avg_logprob = token.segment.avg_logprob
    return 0.5 if avg_logprob is None else exp(min(0.0, avg_logprob))


def _nearness(token: Token) -> float:
    return 1.0 if token.chunk.window.core.holds(token.heard.span) else BEYOND


def _is_flagged(tokens: Sequence[Token], kinds: frozenset[str]) -> bool:
    flagged = sum(
        any(flag.kind in kinds and flag.span.holds(token.heard.span) for flag in token.chunk.flags)
        for token in tokens
    )
    return 2 * flagged > len(tokens)
