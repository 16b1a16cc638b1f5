"""Words to voices: who says each, and where in a segment somebody else begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.voiceprint import Directions, Prints
from audiopipe.text.stops import sentence_ends
from audiopipe.text.words import shared_out
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Word

_STEP_S = 0.1
_NEAR_S = 0.4
"""A window tells of its middle most: how it weighs around there, as a standard deviation."""

_LEAST_S = 0.2
"""A word is heard for so long at least, around its middle: the engine times some as 0.02 s."""

_CHANGE = 3.0
"""What a change of voices costs within a sentence: so many tenths of a second for which another
voice must be as much nearer as two voices differ as a rule (`_DIFFER`)."""

_DIFFER = 0.3
_PAUSE_S = 0.3
_AT_PAUSE, _AT_END = 0.4, 0.3
"""Shares of that cost where there is a pause, and at the end of a sentence."""


def split_by_voice(
    segments: Sequence[Segment], prints: Prints, voices: Directions, language: str | None
) -> Iterator[tuple[int, Segment]]:
    """Segments of one voice each, with its number; a segment of several is split where they change.

    The most likely way through all words, where each is the likelier said by a voice the nearer
    that is to the windows around it, and changes are rare (Viterbi). They are likelier at pauses
    and ends of sentences, so that a change is where people change, which the windows are too long
    to tell. The words of a segment without times are timed by their share of its text.

    Args:
        segments: in order.
        prints: of the recording.
        voices: shape (voices, 256), at least one.
        language: of the text, ISO 639-1 code.
    """
    words = [tuple(_words(segment)) for segment in segments]
    flat = [word for row in words for word in row]
    near = _nearness(prints, voices, max((word.span.end_s for word in flat), default=0.0))
    who = iter(_likeliest(_heard(flat, near), _costs(flat, language)))
    for segment, row in zip(segments, words, strict=True):
        said = [(next(who), word) for word in row]
        parts = [(voice, [w for _, w in run]) for voice, run in groupby(said, lambda pair: pair[0])]
        for voice, run in parts:
            yield voice, segment if len(parts) == 1 else _part(segment, run)


def _words(segment: Segment) -> Sequence[Word]:
    return (
        segment.words
        or tuple(shared_out(segment.text, segment.span))
        or (Word(segment.span, segment.text),)
    )


def _part(segment: Segment, words: Sequence[Word]) -> Segment:
    span = Span(words[0].span.start_s, max(words[0].span.start_s, words[-1].span.end_s))
    text = "".join(word.text for word in words)
    kept = tuple(words) if segment.words else ()
    return replace(segment, span=span, text=text, words=kept, breaks=None)


def _nearness(prints: Prints, voices: Directions, end_s: float) -> NDArray[np.float64]:
    """How near each voice is, above the mean of all, in each tenth of a second; (n, voices)."""
    near = prints.directions @ voices.T
    count = int(max([end_s, *(span.end_s for span in prints.spans)]) / _STEP_S) + 2
    total, weight = np.zeros((count, len(voices))), np.full((count, 1), 1e-6)
    for span, row in zip(prints.spans, near, strict=True):
        steps = np.arange(int(span.start_s / _STEP_S), int(span.end_s / _STEP_S) + 1)
        away = ((steps + 0.5) * _STEP_S - span.middle_s) / _NEAR_S
        share = np.exp(-0.5 * away**2)[:, None]
        total[steps] += share * row
        weight[steps] += share
    mean = total / weight
    above: NDArray[np.float64] = mean - mean.mean(axis=1, keepdims=True)
    return above


def _heard(words: Sequence[Word], near: NDArray[np.float64]) -> NDArray[np.float64]:
    """How near each voice is in each word, over its time; (words, voices)."""
    sums = np.concatenate([np.zeros((1, near.shape[1])), np.cumsum(near, axis=0)])
    rows = np.zeros((len(words), near.shape[1]))
    for n, word in enumerate(words):
        half_s = max(word.span.duration_s, _LEAST_S) / 2
        first = int(max(0.0, word.span.middle_s - half_s) / _STEP_S)
        last = min(len(near), max(first + 1, round((word.span.middle_s + half_s) / _STEP_S)))
        rows[n] = sums[last] - sums[first]
    return rows


def _costs(words: Sequence[Word], language: str | None) -> list[float]:
    """What a change of voices costs before each word."""
    ends = sentence_ends("".join(word.text for word in words), language)
    places = accumulate(len(word.text) for word in words)
    costs, before = [0.0], None
    for word, place in zip(words, places, strict=True):
        if before is not None:
            is_pause = word.span.start_s - before[0].span.end_s >= _PAUSE_S
            share = (_AT_PAUSE if is_pause else 1.0) * (_AT_END if before[1] in ends else 1.0)
            costs.append(_CHANGE * _DIFFER * share)
        before = word, place
    return costs


def _likeliest(heard: NDArray[np.float64], costs: Sequence[float]) -> list[int]:
    """The voice of each word on the way that is the best in all."""
    if not len(heard):
        return []
    came = np.zeros(heard.shape, np.intp)
    best = heard[0].copy()
    for n in range(1, len(heard)):
        leader = int(best.argmax())
        stays = best >= best[leader] - costs[n]
        came[n] = np.where(stays, np.arange(len(best)), leader)
        best = np.where(stays, best, best[leader] - costs[n]) + heard[n]
    way = [int(best.argmax())]
    for row in came[:0:-1]:
        way.append(int(row[way[-1]]))
    return way[::-1]
