"""Words onto text: the words a server timed, laid on the text that it wrote.

Servers differ in what they call a word: with or without spaces and punctuation, parts of words,
several words in one, numbers spelled out. Here the text has the last word: it is cut into words by
`text.split_words`, and each takes its times from the letters that both sides have in common.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from statistics import fmean
from unicodedata import category

from audiopipe.text.words import is_unspaced, normal_form, shares, split_words
from audiopipe.values.audio import Span

TOLERANCE_S = 3.0
"""How far outside its segment a word may be timed before its times are taken for wrong."""

_MOST_MATCHES = 1_000_000  # pairs of equal words that a matcher looks at: seconds
_MOST_PAIRS = 250_000  # letters compared at a time: beyond it two texts have nothing in common


@dataclass(frozen=True, slots=True)
class Timed:
    """Something with its times, in seconds on whatever clock; None where nobody knows."""

    text: str
    start_s: float | None = None
    end_s: float | None = None
    probability: float | None = None


def lay(texts: Sequence[Timed], words: Sequence[Timed]) -> list[tuple[Timed, ...]]:
    """For each text its words, which joined are the text.

    Args:
        texts: segments in the order of their text; times may be missing.
        words: the server's words in the same order, of all segments together.

    Returns:
        As many tuples as texts, with no time missing where a segment or a word has times. A text
        of which no letter was found among the words has its words timed by its length, within it.
        Times within a text never go back; those of a word that stands more than `TOLERANCE_S`
        outside its segment are not believed.
    """
    pieces = [[_Piece(piece) for piece in _words_of(text.text)] for text in texts]
    flat = [piece for row in pieces for piece in row]
    for at, letter in _matched(flat, _letters(words)):
        flat[at].letters.append(letter)
    return [tuple(_timed(text, _merged(row))) for text, row in zip(texts, pieces, strict=True)]


def fill(items: Sequence[Timed], start_s: float, end_s: float) -> list[tuple[float, float]]:
    """Times for all items: those that are known, and the gaps shared out by length of text.

    An item without an end, or with one before its start, lasts until the next start that is known.

    Args:
        items: in order.
        start_s, end_s: where the first gap begins and the last one ends.
    """
    times: list[tuple[float, float]] = []
    waiting: list[Timed] = []
    following = _next_starts(items, end_s)
    for n, item in enumerate(items):
        if item.start_s is None:
            waiting.append(item)
            continue
        times += _shares(waiting, times[-1][1] if times else start_s, item.start_s)
        waiting = []
        until_s = item.end_s
        if until_s is None or until_s < item.start_s:
            until_s = max(item.start_s, following[n])
        times.append((item.start_s, until_s))
    return times + _shares(waiting, times[-1][1] if times else start_s, end_s)


def _next_starts(items: Sequence[Timed], end_s: float) -> list[float]:
    """For each item the next start that is known behind it, else the end."""
    starts, next_s = [end_s] * len(items), end_s
    for n in range(len(items) - 1, -1, -1):
        starts[n] = next_s
        start_s = items[n].start_s
        next_s = next_s if start_s is None else start_s
    return starts


def in_order(times: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same times with starts that never fall and no end after the next start."""
    starts: list[float] = []
    for start_s, _ in times:
        starts.append(max(start_s, starts[-1]) if starts else start_s)
    ends = [max(start, end) for start, (_, end) in zip(starts, times, strict=True)]
    ends = [min(end, after) for end, after in zip(ends, [*starts[1:], *ends[-1:]], strict=True)]
    return list(zip(starts, ends, strict=True))


@dataclass(frozen=True, slots=True)
class _Letter:
    """One letter of the normal form of a server's word, with its share of the word's time."""

    character: str
    word: int
    start_s: float
    end_s: float
    probability: float | None


class _Piece:
    """A word of the text, and the letters of the server that were found in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.norm = normal_form(text)
        self.letters: list[_Letter] = []


def _words_of(text: str) -> list[str]:
    """Words as `split_words` cuts them, punctuation that stands alone joined to its word."""
    words: list[str] = []
    opening = ""
    for piece in split_words(text):
        if normal_form(piece):
            words.append(opening + piece)
            opening = ""
        elif words and category(piece.strip()[:1] or " ") not in ("Ps", "Pi"):
            words[-1] += opening + piece
            opening = ""
        else:
            opening += piece
    if opening:
        words[-1:] = ["".join(words[-1:]) + opening]
    return words


def _letters(words: Sequence[Timed]) -> list[list[_Letter]]:
    """The letters of each word that has letters and times."""
    rows = []
    for n, word in enumerate(words):
        norm = normal_form(word.text)
        if not norm or word.start_s is None:
            continue
        end_s = word.start_s if word.end_s is None else max(word.start_s, word.end_s)
        step_s = (end_s - word.start_s) / len(norm)
        edges = [word.start_s + step_s * k for k in range(len(norm))] + [end_s]
        rows.append(
            [
                _Letter(character, n, *edge, word.probability)
                for character, edge in zip(norm, pairwise(edges), strict=True)
            ]
        )
    return rows


def _matched(
    pieces: Sequence[_Piece], words: Sequence[Sequence[_Letter]]
) -> Iterator[tuple[int, _Letter]]:
    """Letters of the words with the index of the piece they belong to, both rising.

    Whole words are compared first; what lies between equal words is compared letter by letter.
    """
    norms = [piece.norm for piece in pieces]
    heard = ["".join(letter.character for letter in word) for word in words]
    for i, i_end, j, j_end in _blocks(norms, heard):
        here = [(n, c) for n in range(i, i_end) for c in norms[n]]
        there = [letter for word in words[j:j_end] for letter in word]
        yield from ((here[a][0], there[b]) for a, b in _same(here, there))


def _blocks(norms: Sequence[str], heard: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Ranges of both that belong together, in order."""
    if "".join(norms) == "".join(heard):
        yield 0, len(norms), 0, len(heard)
        return
    # what both begin and end with is found in one go: a loop of one word, 100,000 times, would
    # take a matcher hours
    first = alike(norms, heard)
    last = min(alike(norms[::-1], heard[::-1]), len(norms) - first, len(heard) - first)
    yield 0, first, 0, first
    ours, theirs = norms[first : len(norms) - last], heard[first : len(heard) - last]
    counts = Counter(theirs)
    if sum(counts[norm] for norm in ours) <= _MOST_MATCHES:
        matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
        for _, i, i_end, j, j_end in matcher.get_opcodes():
            yield first + i, first + i_end, first + j, first + j_end
    yield len(norms) - last, len(norms), len(heard) - last, len(heard)


def alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many items both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _same(here: Sequence[tuple[int, str]], there: Sequence[_Letter]) -> Iterator[tuple[int, int]]:
    left, right = "".join(c for _, c in here), "".join(each.character for each in there)
    if left == right:
        yield from zip(range(len(left)), range(len(left)), strict=True)
    elif len(left) * len(right) <= _MOST_PAIRS:
        for block in SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks():
            yield from ((block.a + k, block.b + k) for k in range(block.size))


def _merged(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Characters of a script without spaces put together where the server heard one word."""
    merged: list[_Piece] = []
    for piece in pieces:
        if (
            merged
            and is_unspaced(piece.text[:1])
            and is_unspaced(merged[-1].text[-1:])
            and piece.letters
            and merged[-1].letters
            and piece.letters[0].word == merged[-1].letters[-1].word
        ):
            merged[-1].text += piece.text
            merged[-1].letters += piece.letters
        else:
            merged.append(piece)
    return merged


def _timed(text: Timed, pieces: Sequence[_Piece]) -> Iterator[Timed]:
    """The pieces with the times of their letters, or with those of their neighbours' gap."""
    known = [_known(piece, text) for piece in pieces]
    starts = [each.start_s for each in known if each.start_s is not None]
    ends = [each.end_s for each in known if each.end_s is not None]
    first_s = min([*starts, text.start_s] if text.start_s is not None else starts, default=0.0)
    last_s = max([*ends, text.end_s] if text.end_s is not None else ends, default=first_s)
    for each, (start_s, end_s) in zip(known, in_order(fill(known, first_s, last_s)), strict=True):
        yield Timed(each.text, start_s, end_s, each.probability)


def _known(piece: _Piece, text: Timed) -> Timed:
    early_s = -float("inf") if text.start_s is None else text.start_s - TOLERANCE_S
    late_s = float("inf") if text.end_s is None else text.end_s + TOLERANCE_S
    letters = [each for each in piece.letters if early_s <= each.start_s and each.end_s <= late_s]
    if not letters:
        return Timed(piece.text)
    sure = {each.word: each.probability for each in letters if each.probability is not None}
    probability = fmean(sure.values()) if sure else None
    return Timed(piece.text, letters[0].start_s, letters[-1].end_s, probability)


def _shares(items: Sequence[Timed], start_s: float, end_s: float) -> list[tuple[float, float]]:
    """The time from start to end, shared out by length of text; none if the end comes first."""
    gap = Span(start_s, max(start_s, end_s))
    return [(each.start_s, each.end_s) for each in shares([len(i.text) for i in items], gap)]
