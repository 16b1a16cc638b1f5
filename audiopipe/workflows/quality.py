"""How far transcripts can be trusted, in figures: one file's, or a whole batch's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain

from audiopipe.stages.flag import flag
from audiopipe.stages.flag.evidence import syllables
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.values.audio import Span, Window, covered_s
from audiopipe.values.corrections import Doubt, doubt_of
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import ChunkTranscript, Flag, Segment, Transcript

_SHARES = (0.0, 0.05, 0.5, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is to be known of one transcript; far smaller than itself, so that a batch fits.

    Attributes:
        duration_s: how long the recording is.
        segments: how many phrases it has.
        flagged_s: how much of its time is flagged, each second once.
        flags: each with the text under it.
        values: what each measure gave for the segments that have it.
        open_s: how much of its time is flagged, and not settled by anybody.
        settled: flags that somebody has settled.
    """

    duration_s: float
    segments: int
    flagged_s: float
    flags: tuple[tuple[Flag, str], ...]
    values: Mapping[str, tuple[float, ...]]
    open_s: float
    settled: frozenset[Doubt] = frozenset()

    def is_settled(self, flag: Flag) -> bool:
        """Whether somebody has listened, and it is no doubt any more."""
        return doubt_of(flag) in self.settled


@dataclass(frozen=True, slots=True)
class Spread:
    """How a measure is distributed: the least, 5 %, the median, 95 %, the most."""

    least: float
    low: float
    median: float
    high: float
    most: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Findings of one transcript, or of several together.

    Attributes:
        files: how many transcripts.
        duration_s, segments, flagged_s, open_s: sums, as in `Findings`.
        settled: how many of the flags somebody has settled.
        kinds: how many flags of each kind, the most frequent first.
        measures: how each measure is distributed, where any segment has it.
    """

    files: int
    duration_s: float
    segments: int
    flagged_s: float
    kinds: Mapping[str, int]
    measures: Mapping[str, Spread]
    open_s: float
    settled: int

    @property
    def flags(self) -> int:
        return sum(self.kinds.values())

    @property
    def flagged_share(self) -> float:
        """The share of the time that is flagged, 0 to 1."""
        return min(1.0, self.flagged_s / self.duration_s) if self.duration_s else 0.0


def checked(transcript: Transcript) -> Transcript:
    """A transcript that another program wrote, with the flags that its text, times and measures
    give without the recording; one of ours as it is."""
    if transcript.backend or transcript.flags:
        return transcript
    whole = Span(0.0, transcript.duration_s)
    heard = ChunkTranscript(
        Window(0, (whole,), whole), transcript.language, transcript.segments, Usage()
    )
    return replace(transcript, flags=flag(heard, thresholds=Thresholds()).flags)


def examine(transcript: Transcript, settled: AbstractSet[Doubt] = frozenset()) -> Findings:
    """What is to be known of a transcript, from its flags as they stand in it.

    Args:
        transcript: as it is, or as corrected.
        settled: what its corrections say of its flags.
    """
    left = [flag for flag in transcript.flags if doubt_of(flag) not in settled]
    return Findings(
        transcript.duration_s,
        len(transcript.segments),
        covered_s(flag.span for flag in transcript.flags),
        tuple((flag, _text_under(flag, transcript)) for flag in transcript.flags),
        {
            name: tuple(v for v in map(measure, transcript.segments) if v is not None)
            for name, measure in MEASURES.items()
        },
        covered_s(flag.span for flag in left),
        frozenset(map(doubt_of, transcript.flags)).intersection(settled),
    )


def summary(findings: Sequence[Findings]) -> Summary:
    """The figures of all these together."""
    spreads = {name: _spread([each.values[name] for each in findings]) for name in MEASURES}
    return Summary(
        files=len(findings),
        duration_s=sum(each.duration_s for each in findings),
        segments=sum(each.segments for each in findings),
        flagged_s=sum(each.flagged_s for each in findings),
        kinds=dict(Counter(f.kind for each in findings for f, _ in each.flags).most_common()),
        measures={name: spread for name, spread in spreads.items() if spread},
        open_s=sum(each.open_s for each in findings),
        settled=sum(each.is_settled(flag) for each in findings for flag, _ in each.flags),
    )


def _rate(segment: Segment) -> float | None:
    return syllables(segment.text) / segment.span.duration_s if segment.span.duration_s else None


MEASURES: Mapping[str, Callable[[Segment], float | None]] = {
    "avg_logprob": lambda segment: segment.avg_logprob,
    "no_speech_prob": lambda segment: segment.no_speech_prob,
    "compression_ratio": lambda segment: segment.compression_ratio,
    "syllables_per_s": _rate,
}
"""What is watched of each segment: the provider's three, and how fast somebody speaks."""


def _spread(values: Sequence[Sequence[float]]) -> Spread | None:
    known = sorted(chain.from_iterable(values))
    if not known:
        return None
    return Spread(*(known[round(share * (len(known) - 1))] for share in _SHARES))


def _text_under(flag: Flag, transcript: Transcript) -> str:
    """The words whose middles lie under a flag; of segments without word times, all."""
    said = (
        part.text
        for segment in transcript.segments
        if segment.span.start_s <= flag.span.end_s and flag.span.start_s <= segment.span.end_s
        for part in segment.words or (segment,)
        if not segment.words or flag.span.holds(part.span)
    )
    return "".join(said).strip()
