"""Flag: which passages of a chunk's transcript not to trust, and what to do about each."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby, pairwise
from types import MappingProxyType

from audiopipe.align import Heard, normal_form
from audiopipe.data import ChunkTranscript, Flag, Segment, Span
from audiopipe.text import split_words

MAX_LOOP_WORDS = 20
"""Longest phrase that is looked for in a loop; of longer ones the compression ratio tells."""

LETTERS_PER_SYLLABLE = 3.0
"""English has 4.7 letters and 1.5 syllables a word; most alphabets are within a third of it."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a passage must pass to be flagged; None switches a check off.

    Three defaults are those at which openai-whisper itself decodes a window again: average
    log-probability -1, compression ratio 2.4, no-speech probability 0.6. The rates stand well
    outside the averages of single speakers in 17 languages, 4.3 to 9.1 syllables a second (Coupé,
    Oh, Dediu and Pellegrino 2019, Science Advances 5, eaaw2594): a third above the fastest, a
    quarter of the slowest, because a segment holds pauses. The others are choices of ours.

    Attributes:
        min_avg_logprob: below it the words are `low-confidence`; at most 0.
        max_no_speech_prob: above it a segment is `likely-no-speech`; 0 to 1.
        max_compression_ratio: above it a segment is a `repetition`.
        max_repeats: a phrase said more often than this in a row is a `repetition`.
        max_syllables_per_s: above it a segment is `too-fast` for speech.
        min_syllables_per_s: below it a segment is `too-slow` for speech.
        min_rated_syllables: shorter segments are not `too-fast`: their times are too coarse.
        min_rated_s: shorter segments are not `too-slow`.
        min_segment_s: a shorter segment is a `time-anomaly`; 0.02 s is Whisper's time step.
    """

    min_avg_logprob: float | None = -1.0
    max_no_speech_prob: float | None = 0.6
    max_compression_ratio: float | None = 2.4
    max_repeats: int | None = 4
    max_syllables_per_s: float | None = 12.0
    min_syllables_per_s: float | None = 1.0
    min_rated_syllables: float = 5.0
    min_rated_s: float = 10.0
    min_segment_s: float | None = 0.02


_DEFAULT = Thresholds()

_BY_MODEL: Mapping[str, Thresholds] = MappingProxyType(
    {
        # -0.5: the provider's guide, "Understanding Metadata Fields", which describes this model.
        # 0.06: measured; speech stays under 0.02 and what is made up over silence is above 0.06.
        "large-v3": replace(_DEFAULT, min_avg_logprob=-0.5, max_no_speech_prob=0.06),
        # None: this model gives 0 for everything, silence included.
        "large-v3-turbo": replace(_DEFAULT, min_avg_logprob=-0.5, max_no_speech_prob=None),
        "turbo": replace(_DEFAULT, min_avg_logprob=-0.5, max_no_speech_prob=None),
    }
)


def thresholds_for(model: str) -> Thresholds:
    """The thresholds for a model; those of `Thresholds` for all that the table does not name.

    | model                | avg_logprob | no_speech_prob | compression_ratio |
    |----------------------|-------------|----------------|-------------------|
    | large-v3             | -0.5        | 0.06           | 2.4               |
    | large-v3-turbo       | -0.5        | off            | 2.4               |
    | all others           | -1.0        | 0.6            | 2.4               |

    Args:
        model: a backend's id; an owner (`openai/`) and `whisper-` before the name do not matter.
    """
    return _BY_MODEL.get(model.rpartition("/")[2].removeprefix("whisper-"), _DEFAULT)


def flag(transcript: ChunkTranscript, *, thresholds: Thresholds) -> ChunkTranscript:
    """The transcript with the flags that the checks raise, in order of their start.

    Segments in a row that a check finds equally bad are one flag: Whisper measures windows of up
    to 30 s, and gives every segment of a window the same figures.
    """
    found = chain.from_iterable(check(transcript.segments, thresholds) for check in CHECKS)
    flags = sorted(found, key=lambda flag: (flag.span.start_s, flag.span.end_s, flag.kind))
    return replace(transcript, flags=tuple(flags))


def low_confidence(segments: Sequence[Segment], thresholds: Thresholds) -> Iterator[Flag]:
    """Average log-probability of the tokens below the limit."""
    return _outside(
        "low-confidence",
        segments,
        [segment.avg_logprob for segment in segments],
        lower=thresholds.min_avg_logprob,
        detail="The recogniser was unsure: listen for noise, several speakers at once, unclear "
        "speech or a strong accent, and clean the audio or cut the chunks elsewhere.",
    )


def likely_no_speech(segments: Sequence[Segment], thresholds: Thresholds) -> Iterator[Flag]:
    """Probability of silence, music or noise above the limit."""
    return _outside(
        "likely-no-speech",
        segments,
        [segment.no_speech_prob for segment in segments],
        upper=thresholds.max_no_speech_prob,
        detail="Probably nobody speaks here: if it is silence, music or noise, strike the text, "
        "and trim the passage or reduce its noise before the next run.",
    )


def compressible(segments: Sequence[Segment], thresholds: Thresholds) -> Iterator[Flag]:
    """Text that zlib shortens more than speech would allow."""
    return _outside(
        "repetition",
        segments,
        [segment.compression_ratio for segment in segments],
        upper=thresholds.max_compression_ratio,
        detail="The text repeats itself more than speech does: if nobody stutters here it is a "
        "loop, so transcribe the passage again with other boundaries or a higher temperature.",
    )


def loops(segments: Sequence[Segment], thresholds: Thresholds) -> Iterator[Flag]:
    """A phrase over and over, within a segment or across several."""
    if thresholds.max_repeats is None:
        return
    words = [word for segment in segments for word in _heard(segment) if word.norm]
    free_from = 0
    for start, end, repeats in _repeated(words):
        if start >= free_from and repeats > thresholds.max_repeats:
            free_from = end
            yield Flag(
                "repetition",
                _covering(words[start].span, words[end - 1].span),
                float(repeats),
                float(thresholds.max_repeats),
                "The same words come again and again: if nobody says them so often it is a loop, "
                "so transcribe the passage again with other boundaries or a higher temperature.",
            )


def too_fast(segments: Sequence[Segment], thresholds: Thresholds) -> Iterator[Flag]:
    """More syllables than a mouth can speak in the time."""
    rated = [
        _rate(segment) if _syllables(segment.text) >= thresholds.min_rated_syllables else None
        for segment in segments
    ]
    return _outside(
        "too-fast",
        segments,
        rated,
        upper=thresholds.max_syllables_per_s,
        detail="Nobody speaks so many syllables a second: the times are wrong or the text is "
        "made up, so listen, or cut the chunks elsewhere.",
    )


def too_slow(segments: Sequence[Segment], thresholds: Thresholds) -> Iterator[Flag]:
    """So few syllables in so long a time that speech was lost, or there was none."""
    rated = [
        _rate(segment)
        if segment.text.strip() and segment.span.duration_s >= thresholds.min_rated_s
        else None
        for segment in segments
    ]
    return _outside(
        "too-slow",
        segments,
        rated,
        lower=thresholds.min_syllables_per_s,
        detail="So little text for so long a time: speech is missing or there is none, so listen, "
        "and transcribe the passage again in shorter chunks.",
    )


def time_anomalies(segments: Sequence[Segment], thresholds: Thresholds) -> Iterator[Flag]:
    """Text that takes no time."""
    return _outside(
        "time-anomaly",
        segments,
        [segment.span.duration_s if segment.text.strip() else None for segment in segments],
        lower=thresholds.min_segment_s,
        detail="These words take no time: their place is not known, and they may be made up.",
    )


Check = Callable[[Sequence[Segment], Thresholds], Iterator[Flag]]

CHECKS: tuple[Check, ...] = (
    low_confidence,
    likely_no_speech,
    compressible,
    loops,
    too_fast,
    too_slow,
    time_anomalies,
)
"""Every check there is; each sees the segments of one chunk, in order."""


def _outside(
    kind: str,
    segments: Sequence[Segment],
    values: Sequence[float | None],
    *,
    detail: str,
    lower: float | None = None,
    upper: float | None = None,
) -> Iterator[Flag]:
    """A flag for each stretch of segments whose common value is beyond a limit."""
    for value, group in groupby(zip(segments, values, strict=True), key=lambda pair: pair[1]):
        limit = _passed(value, lower, upper)
        if value is not None and limit is not None:
            stretch = [segment.span for segment, _ in group]
            yield Flag(kind, _covering(*stretch), value, limit, detail)


def _passed(value: float | None, lower: float | None, upper: float | None) -> float | None:
    """The limit that the value is beyond."""
    if value is None:
        return None
    if lower is not None and value < lower:
        return lower
    return upper if upper is not None and value > upper else None


def _covering(*spans: Span) -> Span:
    return Span(min(span.start_s for span in spans), max(span.end_s for span in spans))


def _heard(segment: Segment) -> list[Heard]:
    if segment.words:
        return [Heard(normal_form(word.text), word.span) for word in segment.words]
    return [Heard(normal_form(word), segment.span) for word in split_words(segment.text)]


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


def _rate(segment: Segment) -> float | None:
    """Syllables a second; None for a segment without length."""
    duration_s = segment.span.duration_s
    return _syllables(segment.text) / duration_s if duration_s else None


def _syllables(text: str) -> float:
    """An estimate: one for each East Asian wide character, else by letters."""
    letters = [c for c in text if c.isalnum()]
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in letters)
    return wide + (len(letters) - wide) / LETTERS_PER_SYLLABLE
