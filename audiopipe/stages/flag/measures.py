"""Flags from the recogniser's own measures, and from how fast it says somebody speaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audiopipe.stages.flag.evidence import Evidence, outside, syllables
from audiopipe.stages.flag.speech import unheard_s, voiced_share
from audiopipe.values.transcript import Flag, Segment

_SPOKEN_SHARE = 0.5
"""Where at least half of the time is voice, and the words are half as sure as they must be, a model
that guesses at silence is wrong: over clear telephone prompts Whisper base gives no-speech
probabilities of up to 0.8. What it makes up it is seldom so sure of."""


def unmeasured(segments: Sequence[Segment]) -> tuple[str, ...]:
    """The kinds of flags that none of these can have, as a measure is given for none of them."""
    has_logprob = any(segment.avg_logprob is not None for segment in segments)
    has_silence = any(segment.no_speech_prob is not None for segment in segments)
    needs = {
        "low-confidence": has_logprob,
        "likely-no-speech": has_silence,
        "music": has_logprob and has_silence,
    }
    return tuple(kind for kind, is_there in needs.items() if segments and not is_there)


def low_confidence(evidence: Evidence) -> Iterator[Flag]:
    """Average log-probability of the tokens below the limit."""
    return outside(
        "low-confidence",
        evidence.segments,
        [segment.avg_logprob for segment in evidence.segments],
        lower=evidence.thresholds.min_avg_logprob,
        detail="The recogniser was unsure: listen for noise, several speakers at once, unclear "
        "speech or a strong accent, and clean the audio or cut the chunks elsewhere.",
    )


def likely_no_speech(evidence: Evidence) -> Iterator[Flag]:
    """Probability of silence, music or noise above the limit, and no voice that contradicts it."""
    return outside(
        "likely-no-speech",
        evidence.segments,
        [
            None if _is_spoken(segment, evidence) else segment.no_speech_prob
            for segment in evidence.segments
        ],
        upper=evidence.thresholds.max_no_speech_prob,
        detail="Probably nobody speaks here: if it is silence, music or noise, strike the text, "
        "and trim the passage or reduce its noise before the next run.",
    )


def compressible(evidence: Evidence) -> Iterator[Flag]:
    """Text that zlib shortens more than speech would allow."""
    return outside(
        "repetition",
        evidence.segments,
        [segment.compression_ratio for segment in evidence.segments],
        upper=evidence.thresholds.max_compression_ratio,
        detail="The text repeats itself more than speech does: if nobody stutters here it is a "
        "loop, so transcribe the passage again with other boundaries or a higher temperature.",
    )


def too_fast(evidence: Evidence) -> Iterator[Flag]:
    """More syllables than a mouth can speak in the time."""
    least = evidence.thresholds.min_rated_syllables
    return outside(
        "too-fast",
        evidence.segments,
        [
            _rate(segment, evidence) if syllables(segment.text) >= least else None
            for segment in evidence.segments
        ],
        upper=evidence.thresholds.max_syllables_per_s,
        detail="Nobody speaks so many syllables a second: the times are wrong or the text is "
        "made up, so listen, or cut the chunks elsewhere.",
    )


def too_slow(evidence: Evidence) -> Iterator[Flag]:
    """So few syllables in so long a time that speech was lost, or there was none."""
    least_s = evidence.thresholds.min_rated_s
    return outside(
        "too-slow",
        evidence.segments,
        [
            _rate(segment, evidence, unheard_s(segment, evidence))
            if segment.text.strip() and evidence.audio_s(segment) >= least_s
            else None
            for segment in evidence.segments
        ],
        lower=evidence.thresholds.min_syllables_per_s,
        detail="So little text for so long a time: speech is missing or there is none, so listen, "
        "and transcribe the passage again in shorter chunks.",
    )


def time_anomalies(evidence: Evidence) -> Iterator[Flag]:
    """Text that takes no time, or more than the model hears at once."""
    return outside(
        "time-anomaly",
        evidence.segments,
        [
            evidence.audio_s(segment) if segment.text.strip() and _is_timed(segment) else None
            for segment in evidence.segments
        ],
        lower=evidence.thresholds.min_segment_s,
        upper=evidence.thresholds.max_segment_s,
        detail="No phrase takes so short or so long a time: where these words are spoken is not "
        "known, and they may be made up, so listen, or cut the chunks elsewhere.",
    )


def _is_spoken(segment: Segment, evidence: Evidence) -> bool:
    least = evidence.thresholds.min_avg_logprob
    if least is not None and segment.avg_logprob is not None and segment.avg_logprob < least / 2:
        return False
    voice = evidence.voice.certain if evidence.voice else ()
    return voiced_share(segment.span, voice) >= _SPOKEN_SHARE


def _is_timed(segment: Segment) -> bool:
    """Whether its times are the recogniser's: one that gives no times gives no measures either."""
    return segment.avg_logprob is not None or not segment.span.duration_s


def _rate(segment: Segment, evidence: Evidence, less_s: float = 0.0) -> float | None:
    """Syllables a second; None for a segment without length.

    Args:
        less_s: of its time is none of it.
    """
    duration_s = evidence.audio_s(segment) - less_s
    return syllables(segment.text) / duration_s if duration_s > 0 else None
