"""Repair: of what was heard in a passage at first and what was heard since, the better stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp

from audiopipe.stages.repair.passages import Passage
from audiopipe.text.words import normal_form, split_words
from audiopipe.values.audio import Span, covered_s
from audiopipe.values.flags import MADE_UP, REPAIRABLE
from audiopipe.values.transcript import ChunkTranscript, Repair, Segment

_CLEARLY_S = 0.5
"""By so much less time must be in doubt: Whisper's times are no better."""

_KEPT_SHARE = 0.75
"""An answer with fewer of the first one's words than this has lost some."""

_LEAST_SHARE = 0.5
"""An answer with fewer words than this of the first one's different ones is none, whatever flags
say of those: of a loop little is left, and lyrics do not become “Music”."""

_SURE_OF_ITSELF = frozenset(("repetition", "prompt-echo"))
"""A loop or an echo is: what it is replaced by need not be surer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was heard in a passage when it was asked about again, with its flags, and how."""

    how: str
    heard: ChunkTranscript


def repair(
    first: ChunkTranscript, passage: Passage, answers: Sequence[Answer], missing: str = ""
) -> ChunkTranscript:
    """The chunk's transcript with the best of the answers in the passage, or as it was.

    The best answer leaves the fewest seconds in doubt, and among equals is the surest. It stands
    if it leaves at least half a second less in doubt than what was there, and does not lose words;
    only of words that a flag calls made up may some be lost, for an answer that is no less sure,
    and all of them only where nobody is heard and two kinds of flags agree. Both texts, and the
    reason, are noted.

    Args:
        first: of one chunk; its other passages stay as they are, flags included.
        passage: what was asked about.
        answers: may be empty: where nobody can be heard there is nothing to ask.
        missing: why there is no answer.
    """
    old = _Take.of(first, passage.span)
    takes = [(answer, _Take.of(answer.heard, passage.span)) for answer in answers]
    best, new = min(takes, key=lambda pair: pair[1].rank, default=(None, _Take()))
    replaced, reason = _verdict(passage, old, new, "" if best else missing)
    note = Repair(
        passage.span,
        passage.kinds,
        old.text,
        new.text,
        best.how if best else "not asked",
        replaced,
        reason,
    )
    spliced = tuple(_spliced(first.segments, passage.span, new.segments))
    return replace(
        first,
        segments=spliced if replaced else first.segments,
        repairs=(*first.repairs, note),
        usage=sum((answer.heard.usage for answer in answers), first.usage),
        spent=sum((answer.heard.spent for answer in answers), first.spent),
    )


@dataclass(frozen=True, slots=True)
class _Take:
    """What one answer has in a passage: segments, seconds in doubt, words, words that differ,
    and how sure it is."""

    segments: tuple[Segment, ...] = ()
    doubted_s: float = 0.0
    words: int = 0
    vocabulary: int = 0
    sureness: float = 0.0

    @classmethod
    def of(cls, heard: ChunkTranscript, span: Span) -> _Take:
        parts = (segment.part(lambda each: _is_in(each, span)) for segment in heard.segments)
        segments = tuple(part for part in parts if part)
        norms = [normal_form(word) for part in segments for word in split_words(part.text)]
        spoken_s = sum(part.span.duration_s for part in segments)
        sure_s = sum(part.span.duration_s * _sureness(part) for part in segments)
        return cls(
            segments,
            covered_s(_inside(f.span, span) for f in heard.flags if f.kind in REPAIRABLE),
            sum(map(bool, norms)),
            len({*filter(None, norms)}),
            sure_s / spoken_s if spoken_s else 0.0,
        )

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.segments).strip()

    @property
    def rank(self) -> tuple[float, float]:
        """The less the better."""
        return round(self.doubted_s, 1), -self.sureness


def _verdict(passage: Passage, old: _Take, new: _Take, missing: str) -> tuple[bool, str]:
    """Whether the new answer stands, and why."""
    made_up = MADE_UP.intersection(passage.kinds)
    gain = f"{new.doubted_s:.1f} s of it are in doubt, and were {old.doubted_s:.1f} s"
    if missing:
        return False, missing
    if not passage.speech:
        if len(made_up) > 1 and old.words:
            return True, "Nobody is heard here, and the words were made up by two signs."
        return False, "Nobody is heard here, but there is one sign only that the words are made up."
    if old.doubted_s - new.doubted_s < _CLEARLY_S:
        return False, f"The other answer is no better: {gain}."
    if new.words < _LEAST_SHARE * old.vocabulary:
        return False, f"The other answer has {new.words} words for {old.vocabulary} that differ."
    if not new.words or (not made_up and new.words < _KEPT_SHARE * old.words):
        return False, f"The other answer has {new.words} words for {old.words}: none may be lost."
    less_sure = new.sureness < old.sureness and not _SURE_OF_ITSELF.intersection(passage.kinds)
    if new.words < old.words and less_sure:
        return False, f"The other answer has {new.words} words for {old.words}, and is less sure."
    return True, f"The other answer is better: {gain}."


def _spliced(segments: Sequence[Segment], span: Span, new: Sequence[Segment]) -> Iterator[Segment]:
    """The segments with others in the passage."""
    yield from filter(None, (s.part(lambda each: each.middle_s < span.start_s) for s in segments))
    yield from new
    yield from filter(None, (s.part(lambda each: each.middle_s >= span.end_s) for s in segments))


def _is_in(span: Span, passage: Span) -> bool:
    return passage.start_s <= span.middle_s < passage.end_s


def _sureness(segment: Segment) -> float:
    return 0.5 if segment.avg_logprob is None else exp(min(0.0, segment.avg_logprob))


def _inside(span: Span, passage: Span) -> Span:
    start_s = min(max(span.start_s, passage.start_s), passage.end_s)
    return Span(start_s, min(max(span.end_s, start_s), passage.end_s))
