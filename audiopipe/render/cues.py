"""Subtitles: what a transcript looks like on a screen, a few short lines at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from audiopipe.render.breaks import cut, lines
from audiopipe.render.passages import gap_text, one_line, passages
from audiopipe.render.timing import Bounds, Wish, place
from audiopipe.render.units import Unit, spread, units
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import milliseconds
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Failure, Segment, Transcript

PAUSE_S = 1.0
"""A silence after which a new subtitle begins, whatever is said."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle: whole milliseconds from the start of the file, and its lines, none empty."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    speaker: str | None = None


def cues(
    transcript: Transcript, settings: SubtitleSettings, *, label_speakers: bool = False
) -> list[Cue]:
    """The transcript as subtitles; a gap that a failure left is one that says so.

    Args:
        transcript: timed by its words; a segment without words by interpolation over its text.
        settings: limits of lines and times.
        label_speakers: put the speaker's name into the text where the speaker changes.

    Returns:
        In order of time, never overlapping, never empty, inside the file; lines within the
        limits unless a single word is longer.
    """
    drafts = [
        (draft, speaker)
        for run, speaker in _runs(transcript, settings, label_speakers)
        for draft in cut(
            run, settings.max_line_width, settings.max_line_count, settings.max_cue_duration_s
        )
    ]
    drafts.sort(key=lambda draft: draft[0][0].start_s)
    wishes = [_wish(draft, settings) for draft, _ in drafts]
    return [
        Cue(start_ms, end_ms, lines(draft, settings.max_line_width), speaker)
        for (draft, speaker), (start_ms, end_ms) in zip(
            drafts, place(wishes, _bounds(transcript, settings)), strict=True
        )
    ]


def _runs(
    transcript: Transcript, settings: SubtitleSettings, label_speakers: bool
) -> Iterator[tuple[list[Unit], str | None]]:
    """Stretches of one speaker without a long silence or a failure in them."""
    run: list[Unit] = []
    speaker: str | None = None
    before: Segment | Failure | None = None
    for part, _ in passages(transcript):
        turn = _speaker(part) != speaker or Failure in (type(part), type(before))
        if turn and run:
            yield run, speaker
            run = []
        speaker, before = _speaker(part), part
        for unit in _units(part, settings, label_speakers and turn):
            if run and unit.start_s - run[-1].end_s >= PAUSE_S:
                yield run, speaker
                run = []
            run.append(_after(run[-1], unit) if run else unit)
    if run:
        yield run, speaker


def _units(part: Segment | Failure, settings: SubtitleSettings, labelled: bool) -> list[Unit]:
    start_s = part.span.start_s
    if isinstance(part, Failure):
        shown_s = min(part.span.duration_s, settings.max_cue_duration_s)
        return list(spread(gap_text(part), Span(start_s, start_s + shown_s)))
    said = units(part)
    speaker = _speaker(part)
    if labelled and speaker:
        first_s = said[0].start_s
        return [
            *spread(f"{speaker}:", Span(first_s, first_s)),
            replace(said[0], spaced=True),
            *said[1:],
        ]
    return said


def _speaker(part: Segment | Failure) -> str | None:
    return one_line(part.speaker or "") or None if isinstance(part, Segment) else None


def _after(before: Unit, unit: Unit) -> Unit:
    """The unit, not earlier than the one before it: a recogniser's words may run backwards."""
    start_s = max(before.start_s, unit.start_s)
    return replace(unit, start_s=start_s, end_s=max(start_s, unit.end_s))


def _wish(draft: Sequence[Unit], settings: SubtitleSettings) -> Wish:
    width = sum(unit.columns for unit in draft) + len(draft) - 1
    reading_s = min(width / settings.reading_speed_cps, settings.max_cue_duration_s)
    return Wish(
        start_ms=milliseconds(draft[0].start_s),
        end_ms=milliseconds(draft[-1].end_s),
        reading_ms=milliseconds(reading_s),
    )


def _bounds(transcript: Transcript, settings: SubtitleSettings) -> Bounds:
    return Bounds(
        min_ms=max(1, math.floor(settings.min_cue_duration_s * 1000)),
        max_ms=max(1, math.floor(settings.max_cue_duration_s * 1000)),
        gap_ms=math.ceil(settings.min_gap_s * 1000),
        file_ms=math.floor(transcript.duration_s * 1000),
    )
