"""Flags from comparing where somebody speaks with where there is text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby

from audiopipe.stages.flag.evidence import Evidence, covering
from audiopipe.text.words import LONGEST_WORD_S, normal_form, split_words
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag, Segment

_WORD_SLACK_S = 0.2
"""How far from its sound Whisper places a word."""

_SUNG_WORDS = 4
"""Different words that a line of a song has at least; a choice of ours."""

_MADE_UP = (
    "Nobody is heard here, but silence, music or noise: if so the text is made up, so strike it, "
    "and trim the passage or reduce its noise before the next run."
)
_SUNG = "No speech is heard here, but words that the recogniser is sure of: somebody sings. Listen."

_PLACED_S = 0.05
"""A word that Whisper cannot place gets no time, or a step or two of 0.02 s."""

_TEXT_SLACK_S = 0.5
"""Voice so near to a word belongs to it: words are timed too short more often than too long."""


def text_without_speech(evidence: Evidence) -> Iterator[Flag]:
    """Words, or segments where words have no times, in which nobody can be heard.

    Words without a place go with the one before them. Where the recogniser is sure of many
    different words, and that they are spoken, they are sung: the detector of voices takes singing
    for music.
    """
    least = evidence.thresholds.min_voice_share
    if evidence.voice is None or least is None:
        return
    voice = [_wider(span, _WORD_SLACK_S) for span in evidence.voice.possible]
    shares = [
        (span, share, sung)
        for segment in evidence.segments
        for span, share, sung in _judged(segment, voice, evidence, least)
    ]
    for (silent, sung), group in groupby(shares, key=lambda each: (each[1] < least, each[2])):
        if silent:
            run = list(group)
            yield Flag(
                "music" if sung else "text-without-speech",
                covering(span for span, _, _ in run),
                max(share for _, share, _ in run),
                least,
                _SUNG if sung else _MADE_UP,
            )


def _judged(
    segment: Segment, voice: Sequence[Span], evidence: Evidence, least: float
) -> list[tuple[Span, float, bool]]:
    """The words that have a place, how much voice is in each, and whether they are sung; each
    reaches to the end of the words without a place behind it.

    A word that is stretched over something else may be at either end of it, and one alone of a
    phrase that is heard else was put beside its voice: Whisper does both.
    """
    spans = _timed(segment)
    shares = [
        max(voiced_share(at, voice) for at in (span, *(_ends(span) if segment.words else ())))
        for span in spans
    ]
    silent = sum(share < least for share in shares)
    if silent == 1 < len(spans):
        shares = [1.0] * len(spans)
    sung = silent >= min(_SUNG_WORDS, len(spans)) and _is_sung(segment, evidence)
    extents = _extents(segment) or spans
    return [(span, share, sung) for span, share in zip(extents, shares, strict=True)]


def speech_without_text(evidence: Evidence) -> Iterator[Flag]:
    """A voice that nothing was written for.

    A chunk often loses the phrase that its edge cuts; where a neighbouring chunk has it the
    stitcher lets go of the flag.
    """
    most_s = evidence.thresholds.max_untranscribed_s
    if evidence.voice is None or most_s is None:
        return
    written = [
        _wider(span, _TEXT_SLACK_S)
        for segment in evidence.segments
        for timed in _timed(segment)
        for span in (_ends(timed) if segment.words else (timed,))
    ]
    for span in _without(evidence.voice.certain, written):
        if span.duration_s > most_s:
            yield Flag(
                "speech-without-text",
                span,
                span.duration_s,
                most_s,
                "Somebody speaks here and nothing is written: transcribe the passage again in "
                "shorter chunks or with other boundaries.",
            )


def _is_sung(segment: Segment, evidence: Evidence) -> bool:
    """Whether a segment without a voice is heard so surely that it is no guess at silence."""
    limits = evidence.thresholds
    least, most = limits.min_avg_logprob, limits.max_no_speech_prob
    if segment.avg_logprob is None or segment.no_speech_prob is None or not least or not most:
        return False
    words = {normal_form(word) for word in split_words(segment.text)}
    is_sure = segment.avg_logprob >= least / 2 and segment.no_speech_prob < most / 2
    return is_sure and len(words) >= _SUNG_WORDS


def unheard_s(segment: Segment, evidence: Evidence) -> float:
    """How much of a segment's time is no voice, and only in it because a word is stretched."""
    if evidence.voice is None:
        return 0.0
    stretched = [w.span for w in segment.words if w.span.duration_s > 2 * LONGEST_WORD_S]
    voice = evidence.voice.possible
    return sum(span.duration_s * (1 - voiced_share(span, voice)) for span in stretched)


def voiced_share(span: Span, voice: Sequence[Span]) -> float:
    """The share of a span's time that is voice; of a span without length whether it is in voice.

    Args:
        span: what is asked about.
        voice: in order of their ends.
    """
    first = bisect_left(voice, span.start_s, key=_end_s)
    voiced_s = 0.0
    for each in voice[first:]:
        if each.start_s > span.end_s:
            break
        voiced_s += each.overlap_s(span)
        if not span.duration_s:
            return 1.0
    return voiced_s / span.duration_s if span.duration_s else 0.0


def _timed(segment: Segment) -> list[Span]:
    """Where its words lie that have a place; where none has, the segment itself."""
    spans = [w.span for w in segment.words if w.text.strip() and w.span.duration_s >= _PLACED_S]
    return spans or ([segment.span] if segment.text.strip() else [])


def _extents(segment: Segment) -> list[Span]:
    """The words that have a place, each with those after it that have none, the first with those
    before it too."""
    found: list[Span] = []
    before: list[Span] = []
    for span in (word.span for word in segment.words if word.text.strip()):
        if span.duration_s >= _PLACED_S:
            found.append(covering([*before, span]))
            before = []
        elif found:
            found[-1] = covering([found[-1], span])
        else:
            before.append(span)
    return found


def _ends(word: Span) -> tuple[Span, ...]:
    """The word; of one that is stretched over something else, where it may be: either end."""
    if word.duration_s <= 2 * LONGEST_WORD_S:
        return (word,)
    first = Span(word.start_s, word.start_s + LONGEST_WORD_S)
    return first, Span(word.end_s - LONGEST_WORD_S, word.end_s)


def _wider(span: Span, by_s: float) -> Span:
    return Span(max(0.0, span.start_s - by_s), span.end_s + by_s)


def _without(voice: Sequence[Span], written: Sequence[Span]) -> Iterator[Span]:
    """What is voice and is not written."""
    for each in voice:
        at_s, end_s = each.start_s, each.end_s
        for text in written[bisect_left(written, at_s, key=_end_s) :]:
            if text.start_s >= end_s:
                break
            if text.start_s > at_s:
                yield Span(at_s, text.start_s)
            at_s = max(at_s, text.end_s)
        if at_s < end_s:
            yield Span(at_s, end_s)


def _end_s(span: Span) -> float:
    return span.end_s
