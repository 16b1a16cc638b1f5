"""RTTM: who speaks when, as diarization tools and their judges read it (NIST, Rich Transcription
2009, appendix A)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from audiopipe.render.passages import one_line, title
from audiopipe.text.clocks import milliseconds
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Transcript

_PAUSE_S = 0.3
"""A shorter silence does not end a turn: that is how NIST's references are made."""

_NEAR_S = 5.0
"""Who speaks at once with another speaks alone, too, so long before or after at most."""


def render(transcript: Transcript) -> str:
    """A line for each turn of a speaker; fields are parted by blanks, so that names have `_`."""
    name = _field(title(transcript))
    spoken = sorted([*transcript.segments, *at_once(transcript)], key=lambda s: s.span.start_s)
    rows = []
    for speaker, start_s, end_s in _turns(spoken):
        start_ms = milliseconds(start_s)
        length_ms = milliseconds(end_s) - start_ms
        rows.append(
            f"SPEAKER {name} 1 {start_ms / 1000:.3f} {length_ms / 1000:.3f} "
            f"<NA> <NA> {speaker} <NA> <NA>\n"
        )
    return "".join(rows)


def at_once(transcript: Transcript) -> Iterator[Segment]:
    """A segment without text for each of the two who speak in a passage that is flagged
    `overlapping-speech`: those whose words are in it, or nearest to it."""
    for flag in transcript.flags:
        if flag.kind == "overlapping-speech":
            away = [(_away_s(s.span, flag.span), s.speaker) for s in transcript.segments]
            near = sorted((pair for pair in away if pair[0] < _NEAR_S), key=lambda pair: pair[0])
            names = list(dict.fromkeys(name for _, name in near if name))
            yield from (Segment(flag.span, "", speaker=name) for name in names[:2])


def _away_s(span: Span, other: Span) -> float:
    return max(0.0, span.start_s - other.end_s, other.start_s - span.end_s)


def _turns(segments: Iterable[Segment]) -> list[tuple[str, float, float]]:
    """Who, from when to when, by their starts; segments of one speaker with nobody between them
    are one turn."""
    done: list[tuple[str, float, float]] = []
    held: dict[str, tuple[float, float]] = {}
    for segment in segments:
        speaker = _field(segment.speaker or "") or "<NA>"
        start_s, end_s = segment.span.start_s, segment.span.end_s
        for other, (_, until_s) in [*held.items()]:
            pause_s = _PAUSE_S if other == speaker else 0.0
            if start_s - until_s >= pause_s:
                done.append((other, *held.pop(other)))
        from_s, until_s = held.get(speaker, (start_s, end_s))
        held[speaker] = from_s, max(until_s, end_s)
    return sorted([*done, *((who, *times) for who, times in held.items())], key=lambda t: t[1])


def _field(text: str) -> str:
    return "_".join(one_line(text).split())
