"""Seams: where two chunks overlap, what both heard becomes one sequence of words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf
from statistics import fmean

from audiopipe.align import Heard, align, normal_form
from audiopipe.data import ChunkTranscript, Flag, Segment, Span, Word
from audiopipe.text import split_words

TIMED_TOLERANCE_S = 1.0
"""How far apart two chunks may time the same word when the recogniser gave word times."""

INTERPOLATED_TOLERANCE_S = 3.0
"""The same when word times are interpolated over the text of a segment of at most 30 s."""

LEAST_SURENESS = 0.3
"""Words that only one side heard are left out if they are less sure than this on average."""

EDGE_S = 1.0
"""Within this of an edge of its chunk a word counts for less, half at the edge itself: there words
are cut, and the recogniser lacks what comes before or after."""

BEYOND = 0.8
"""What a word counts beyond its chunk's own part: there the other chunk heard more around it."""

MOST_WORDS_A_SECOND = 8
"""Nobody speaks more, or more characters in scripts without spaces."""

LONGEST_WORD_S = 1.0
"""A word that seems to last longer is stretched over something that was not understood."""

MADE_UP = frozenset(
    ("likely-no-speech", "repetition", "text-without-speech", "prompt-echo", "stock-phrase")
)
"""Kinds of flags that say of a passage that nobody spoke its words."""

HURRIED = frozenset(("too-fast",))
"""Kinds of flags that say that the times are wrong or the words made up: the other side, if it has
something to say, is heard instead."""

MAX_DIFFERENT_WORDS = 2
"""Where two chunks heard more words than this differently in a row, the place is flagged: fewer
are a matter of spelling and endings at most seams. Characters, in scripts without spaces."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a character in a script without spaces; or, far from any seam, a whole segment.

    Attributes:
        chunk: who heard it.
        place: its segment in the chunk and its word in the segment; word -1 is all of them.
        text: as it stands in the segment's text.
        heard: how it is compared.
        word: the word it belongs to; None in a segment without word times.
    """

    chunk: ChunkTranscript
    place: tuple[int, int]
    text: str
    heard: Heard
    word: Word | None = None

    @property
    def segment(self) -> Segment:
        return self.chunk.segments[self.place[0]]


def segments_of(chunk: ChunkTranscript) -> list[Token]:
    """The chunk's segments, each whole: `join` cuts those that a seam comes near into words."""
    return [
        Token(chunk, (n, -1), segment.text, Heard("", segment.span))
        for n, segment in enumerate(chunk.segments)
    ]


def words_of(token: Token) -> Iterator[Token]:
    """The words of a whole segment, timed by their share of its text if it has no word times."""
    if token.place[1] >= 0:
        yield token
        return
    segment = token.segment
    for n, word in enumerate(segment.words or shared_out(segment.text, segment.span)):
        for part in shared_out(word.text, word.span):
            heard = Heard(normal_form(part.text), part.span)
            place = (token.place[0], n)
            yield Token(token.chunk, place, part.text, heard, word if segment.words else None)


def shared_out(text: str, span: Span) -> Iterator[Word]:
    """The words of a text, timed by their share of its characters."""
    total, done = len(text) or 1, 0
    for piece in split_words(text) or [text]:
        start_s = span.start_s + span.duration_s * done / total
        done += len(piece)
        end_s = span.start_s + span.duration_s * done / total
        yield Word(Span(start_s, max(start_s, min(end_s, span.end_s))), piece)


def join(
    left: Sequence[Token], right: Sequence[Token], overlap: Span, seam_s: float
) -> tuple[list[Token], list[Token], list[Flag]]:
    """Two sequences that overlap in time become one.

    Words are aligned by text and time. Between agreed words, and from them to the edges of the
    overlap, the side speaks that is sure for longer; words near the edge of their chunk count
    for less, and a side that a flag says is made up is not heard. Without an agreed word the one
    may speak before the seam and the other after it.

    Args:
        left, right: in order of time.
        overlap: the time that both heard.
        seam_s: where the left one's own part ends and the right one's begins.

    Returns:
        What lies before the overlap, what lies in it and after it, and where the two sides
        really heard different words.
    """
    tolerance_s = max(_tolerance_s(left), _tolerance_s(right))
    before, ours = _from(left, overlap.start_s - tolerance_s)
    theirs, after = _until(right, overlap.end_s + tolerance_s)
    pairs = align([t.heard for t in ours], [t.heard for t in theirs], tolerance_s)
    timed = tolerance_s <= TIMED_TOLERANCE_S or not pairs
    merged: list[Token] = []
    flags: list[Flag] = []
    edges = [(-1, -1), *pairs, (len(ours), len(theirs))]
    for n, ((i, j), (next_i, next_j)) in enumerate(pairwise(edges)):
        if n:
            merged.append(ours[i] if ours[i].heard.span.middle_s < seam_s else theirs[j])
        a, b = ours[i + 1 : next_i], theirs[j + 1 : next_j]
        head: list[Token] = []
        tail: list[Token] = []
        if n == 0:
            head, a, b = _head(a, b, overlap.start_s if timed else inf)
        if n == len(pairs):
            a, b, tail = _tail(a, b, overlap.end_s if timed else 0)
        if a and not b:
            a = _with_room(a, [*theirs[max(0, j) : j + 1], *(tail or theirs[next_j:])[:1]])
        elif b and not a:
            b = _with_room(b, [*(head or ours[max(0, i) : i + 1])[-1:], *ours[next_i : next_i + 1]])
        merged += [*head, *_choice(a, b, seam_s, agreed=bool(pairs)), *tail]
        flags += _disagreement(a, b)
    return before, merged + after, flags


def _from(tokens: Sequence[Token], at_s: float) -> tuple[list[Token], list[Token]]:
    """What ends before the time, and the words of what does not."""
    n = _first(tokens, lambda token: token.heard.span.end_s >= at_s)
    words = _words(tokens[n:])
    m = _first(words, lambda token: token.heard.span.end_s >= at_s)
    return [*tokens[:n], *words[:m]], words[m:]


def _until(tokens: Sequence[Token], at_s: float) -> tuple[list[Token], list[Token]]:
    """The words of what starts by the time, and what starts later."""
    n = _first(tokens, lambda token: token.heard.span.start_s > at_s)
    words = _words(tokens[:n])
    m = _first(words, lambda token: token.heard.span.start_s > at_s)
    return words[:m], [*words[m:], *tokens[n:]]


def _first(tokens: Sequence[Token], fits: Callable[[Token], bool]) -> int:
    return next((n for n, token in enumerate(tokens) if fits(token)), len(tokens))


def _words(tokens: Iterable[Token]) -> list[Token]:
    return [word for token in tokens for word in words_of(token)]


def _tolerance_s(tokens: Sequence[Token]) -> float:
    """Interpolated times of a long segment drift by a share of its length."""
    untimed = [t.segment.span.duration_s for t in tokens if not t.segment.words]
    return max(INTERPOLATED_TOLERANCE_S, max(untimed) / 10) if untimed else TIMED_TOLERANCE_S


def _head(
    ours: list[Token], theirs: list[Token], from_s: float
) -> tuple[list[Token], list[Token], list[Token]]:
    """What the left side heard before the right one listened, and what they contend for.

    A word that the right side's start cut in two is not heard twice.
    """
    n = _first(ours, lambda token: token.heard.span.middle_s >= from_s)
    head = ours[:n]
    if head:
        until_s = max(from_s, min(head[-1].heard.span.end_s, from_s + EDGE_S))
        theirs = [t for t in theirs if t.heard.span.middle_s >= until_s]
    return head, ours[n:], theirs


def _tail(
    ours: list[Token], theirs: list[Token], to_s: float
) -> tuple[list[Token], list[Token], list[Token]]:
    """What they contend for, and what one side heard when the other no longer listened."""
    n = _first(theirs, lambda token: token.heard.span.middle_s > to_s)
    tail = theirs[n:]
    if tail:
        from_s = min(to_s, max(tail[0].heard.span.start_s, to_s - EDGE_S))
        ours = [t for t in ours if t.heard.span.middle_s <= from_s]
    return ours, theirs[:n], tail


def _with_room(alone: list[Token], around: Sequence[Token]) -> list[Token]:
    """Words that one side alone heard, if they can have been spoken between the words around them
    that the other side heard.

    At the edge of a chunk sounds that are cut off are taken for words, and a recogniser in a loop
    writes more than the time has room for.
    """
    spans = [t.heard.span for t in around]
    spoken_s = sum(t.heard.span.duration_s for t in alone)
    taken_s = sum(t.heard.span.overlap_s(span) for t in alone for span in spans)
    at_edge = all(_clearness(t) < 1 for t in alone)
    room_s = spans[1].start_s - spans[0].end_s if len(spans) == 2 else inf
    too_many = len(alone) > MOST_WORDS_A_SECOND * (room_s + EDGE_S)
    return [] if too_many or (at_edge and 2 * taken_s > spoken_s) else alone


def _choice(ours: list[Token], theirs: list[Token], seam_s: float, *, agreed: bool) -> list[Token]:
    """Who speaks where the sides differ; without an agreed word it may change at the seam."""
    sound = [side for side in (ours, theirs) if side and not _is_flagged(side, MADE_UP)]
    sound = [side for side in sound if not _is_flagged(side, HURRIED)] or sound
    if len(sound) == 2:
        early = ours[: _first(ours, lambda token: token.heard.span.middle_s >= seam_s)]
        late = theirs[_first(theirs, lambda token: token.heard.span.middle_s >= seam_s) :]
        in_turn = ours if ours[0].heard.span.start_s < seam_s else theirs
        ways = [in_turn if agreed else early + late, ours, theirs]
        return max(ways, key=lambda way: round(_worth(way), 6))
    alone = sound[0] if sound else []
    if alone and not (ours and theirs) and fmean(map(_sureness, alone)) < LEAST_SURENESS:
        return []
    return alone


def _worth(tokens: Iterable[Token]) -> float:
    """Seconds that the side is sure of.

    A word beyond its chunk's own part counts for less.

    Where a chunk and the whole of a recording heard different words, at 179 places, this leaves 118
    words wrong; the mean sureness 122, the sum 135, always the same side 175, the best choice 61.
    """
    return sum(
        min(t.heard.span.duration_s, LONGEST_WORD_S) * _sureness(t) * _clearness(t) * _nearness(t)
        for t in tokens
    )


def _sureness(token: Token) -> float:
    """0 to 1: the word's own probability, else the mean one of its segment, else one half."""
    if token.word and token.word.probability is not None:
        return token.word.probability
    avg_logprob = token.segment.avg_logprob
    return 0.5 if avg_logprob is None else exp(min(0.0, avg_logprob))


def _clearness(token: Token) -> float:
    """One half at the edge of the chunk, to one from `EDGE_S` inside."""
    window, at_s = token.chunk.window.span, token.heard.span.middle_s
    inside_s = min(at_s - window.start_s, window.end_s - at_s)
    return 0.5 + 0.5 * min(1.0, max(0.0, inside_s / EDGE_S))


def _nearness(token: Token) -> float:
    return 1.0 if token.chunk.window.core.holds(token.heard.span) else BEYOND


def _is_flagged(tokens: Sequence[Token], kinds: frozenset[str]) -> bool:
    flagged = sum(
        any(flag.kind in kinds and flag.span.holds(token.heard.span) for flag in token.chunk.flags)
        for token in tokens
    )
    return 2 * flagged > len(tokens)


def _disagreement(ours: Iterable[Token], theirs: Iterable[Token]) -> Iterator[Flag]:
    """A flag where each side heard words of its own, those near an edge left aside."""
    sides = [[t for t in side if t.heard.norm and _clearness(t) == 1] for side in (ours, theirs)]
    most = max(map(len, sides))
    if not all(sides) or most <= MAX_DIFFERENT_WORDS:
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
