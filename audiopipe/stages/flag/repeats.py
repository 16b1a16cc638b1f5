"""Flags from words that come again: loops, and the prompt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import fmean, pstdev

from audiopipe.stages.flag.evidence import Evidence, covering, heard
from audiopipe.stages.flag.speech import voiced_share
from audiopipe.text.words import Heard, normal_form, split_words
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag

MAX_LOOP_WORDS = 20
"""Longest phrase that is looked for in a loop; of longer ones the compression ratio tells."""

_LEAST_WORD_S, _EVEN_SHARE, _VOICED_SHARE = 0.12, 0.25, 0.6
"""Of what is really said again and again, by choices of ours: the least time of a word, the most
that the time of a phrase varies (standard deviation by mean), and the least share of voice."""

_LEAST_PROMPT_WORDS = 3
"""A name or two may be said as the prompt has them."""


def loops(evidence: Evidence) -> Iterator[Flag]:
    """A phrase over and over, within a segment or across several.

    What is really said so often has a voice for all of it, and its times advance as evenly as a
    speaker does: a loop lies over something else, or its words crowd together.
    """
    most = evidence.thresholds.max_repeats
    if most is None:
        return
    words = heard(evidence.segments)
    free_from = 0
    for start, end, repeats in _repeated(words):
        if start >= free_from and repeats > most:
            free_from = end
            if evidence.voice and _is_said(words[start:end], repeats, evidence.voice.possible):
                continue
            yield Flag(
                "repetition",
                covering(word.span for word in words[start:end]),
                float(repeats),
                float(most),
                "The same words come again and again: if nobody says them so often it is a loop, "
                "so transcribe the passage again with other boundaries or a higher temperature.",
            )


def _is_said(words: Sequence[Heard], repeats: int, voice: Sequence[Span]) -> bool:
    """Whether a phrase that comes again and again is heard to be said so often."""
    length = len(words) // repeats
    starts_s = [word.span.start_s for word in words[::length]]
    steps_s = [after - before for before, after in pairwise(starts_s)]
    if len({word.span for word in words}) < len(words) or min(steps_s) < _LEAST_WORD_S * length:
        return False
    whole = covering(word.span for word in words)
    even = pstdev(steps_s) <= _EVEN_SHARE * fmean(steps_s)
    return even and voiced_share(whole, voice) >= _VOICED_SHARE


def prompt_echo(evidence: Evidence) -> Iterator[Flag]:
    """Words in a row that the prompt has in the same order, or the whole of a short prompt."""
    most = evidence.thresholds.max_prompt_words
    prompt = [norm for word in split_words(evidence.prompt or "") if (norm := normal_form(word))]
    if most is None or len(prompt) < _LEAST_PROMPT_WORDS:
        return
    most = min(most, len(prompt) - 1)
    words = heard(evidence.segments)
    for start, end in _shared(words, prompt):
        if end - start > most:
            yield Flag(
                "prompt-echo",
                covering(word.span for word in words[start:end]),
                float(end - start),
                float(most),
                "These are the words of the prompt: if nobody says them here strike them, and "
                "transcribe the passage again without the prompt.",
            )


def _repeated(words: Sequence[Heard]) -> list[tuple[int, int, int]]:
    """Stretches that are one phrase again and again, as start, end and number of times.

    In order of start, the longest first. Takes `MAX_LOOP_WORDS * len(words)` steps.
    """
    found = []
    for length in range(1, MAX_LOOP_WORDS + 1):
        same = [a.norm == b.norm for a, b in zip(words, words[length:], strict=False)]
        edges = [i for i, (a, b) in enumerate(pairwise([False, *same, False])) if a != b]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            found.append((start, end + length, (end - start) // length + 1))
    return sorted(found, key=lambda loop: (loop[0], -loop[1], -loop[2]))


def _shared(words: Sequence[Heard], prompt: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The longest stretches of words that stand in the prompt in one piece, as start and end."""
    places = defaultdict(list)
    for place, norm in enumerate(prompt):
        places[norm].append(place)
    runs: dict[int, int] = {}
    for end, word in enumerate([*(word.norm for word in words), ""]):
        longer = {place: runs.get(place - 1, 0) + 1 for place in places[word]}
        longest = max(runs.values(), default=0)
        if longest and max(longer.values(), default=0) <= longest:
            yield end - longest, end
        runs = longer
