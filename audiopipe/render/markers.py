"""Marks on the timeline of a cutting room: what not to trust, gaps, chapters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from audiopipe.render.passages import gap_text, one_line, title
from audiopipe.settings import SubtitleSettings
from audiopipe.text.timecode import exact_rate, frames
from audiopipe.values.audio import Chapter, Span
from audiopipe.values.transcript import Transcript

CHAPTER, FLAG, GAP = "GREEN", "YELLOW", "RED"
"""Colours that edit lists, Resolve and OTIO all know."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A mark: from its first frame on for some frames, at least one, counted from the start of the
    recording; one line each of name and note."""

    start: int
    length: int
    name: str
    note: str
    colour: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A recording with marks on it.

    Attributes:
        title: of the recording.
        rate: frames a second.
        first: number of the frame that the recording begins with.
        length: frames, at least one.
        markers: by their start.
    """

    title: str
    rate: Fraction
    first: int
    length: int
    markers: tuple[Marker, ...]


def flagged(transcript: Transcript, settings: SubtitleSettings) -> Timeline:
    """What not to trust in a transcript, and where it has gaps."""
    marked = [
        *((flag.span, flag.kind, flag.detail, FLAG) for flag in transcript.flags),
        *((gap.span, "gap", gap_text(gap), GAP) for gap in transcript.failures),
    ]
    return _timeline(title(transcript), transcript.duration_s, marked, settings)


def chaptered(
    transcript: Transcript, chapters: Iterable[Chapter], settings: SubtitleSettings
) -> Timeline:
    """The chapters of a recording."""
    marked = [(each.span, each.title, "", CHAPTER) for each in chapters]
    return _timeline(title(transcript), transcript.duration_s, marked, settings)


def _timeline(
    name: str,
    duration_s: float,
    marked: Iterable[tuple[Span, str, str, str]],
    settings: SubtitleSettings,
) -> Timeline:
    rate = exact_rate(settings.frame_rate)
    first = settings.start_hour * 3600 * round(rate)
    length = max(1, frames(duration_s, rate))
    made = []
    for span, called, note, colour in sorted(marked, key=lambda mark: mark[0].start_s):
        start = min(frames(span.start_s, rate), length - 1)
        end = min(max(frames(span.end_s, rate), start + 1), length)
        made.append(Marker(start, end - start, one_line(called), one_line(note), colour))
    return Timeline(name, rate, first, length, tuple(made))
