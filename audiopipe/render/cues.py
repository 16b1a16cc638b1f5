"""Subtitles: what a transcript looks like on a screen, a few short lines at a time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from audiopipe.render.breaks import rows
from audiopipe.render.drafts import Draft, drafts, said
from audiopipe.render.timing import Bounds, Wish, place
from audiopipe.render.units import Unit
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import milliseconds
from audiopipe.values.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of a line with the space before it, and when it is spoken, in milliseconds."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Voice:
    """What one speaker says in a subtitle: lines, none empty, each in its pieces.

    `language` is that of a second transcript, which stands below the first; else None.
    """

    speaker: str | None
    rows: tuple[tuple[Piece, ...], ...]
    language: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple("".join(piece.text for piece in row) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle: whole milliseconds from the start of the file, and who says what in it.

    There is more than one voice only where several speak at once, each a speaker of its own, and
    where a second language stands below the first.
    """

    start_ms: int
    end_ms: int
    voices: tuple[Voice, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(line for voice in self.voices for line in voice.lines)


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
        limits unless a single word is longer. None begins more than `timing.LATEST_MS` after its
        first word, whatever is spoken at once.
    """
    groups = _together(drafts(transcript, settings, label_speakers), settings)
    wishes = [_wish(group, settings) for group in groups]
    times = place(wishes, _bounds(transcript, settings))
    made = [
        Cue(*ends, tuple(Voice(draft.speaker, _pieces(draft.rows)) for draft in group))
        for group, ends in zip(groups, times, strict=True)
    ]
    if transcript.second is None:
        return made
    return _above(made, transcript.second, settings) or cues(transcript.second, settings)


def _together(drafts: Sequence[Draft], settings: SubtitleSettings) -> list[list[Draft]]:
    """What is spoken at once and would drive each other off the screen shares a subtitle."""
    groups: list[list[Draft]] = []
    for draft in sorted(drafts, key=lambda draft: draft.start_s):
        if groups and _joins(groups[-1], draft, settings):
            groups[-1].append(draft)
        else:
            groups.append([draft])
    return groups


def _joins(group: Sequence[Draft], draft: Draft, settings: SubtitleSettings) -> bool:
    start_s, end_s = group[0].start_s, max(each.end_s for each in group)
    return (
        draft.at_once
        and all(each.at_once and each.speaker != draft.speaker for each in group)
        and sum(len(each.rows) for each in (*group, draft)) <= settings.max_line_count
        and draft.start_s < min(end_s, start_s + _reading_s(group, settings))
        and max(end_s, draft.end_s) - start_s <= settings.max_cue_duration_s
    )


def _pieces(lines: Iterable[Sequence[Unit]]) -> tuple[tuple[Piece, ...], ...]:
    return tuple(
        tuple(
            Piece(
                f" {unit.text}" if unit.spaced and n else unit.text,
                milliseconds(unit.start_s),
                milliseconds(unit.end_s),
            )
            for n, unit in enumerate(line)
        )
        for line in lines
    )


def _above(made: Sequence[Cue], second: Transcript, settings: SubtitleSettings) -> list[Cue]:
    """The subtitles, each above what the second transcript says in its time: up to the middle of
    the gaps to its neighbours."""
    middles_s = [(a.end_ms + b.start_ms) / 2000 for a, b in pairwise(made)]
    below: list[list[Unit]] = [[] for _ in made]
    for unit in said(second, settings) if made else ():
        below[bisect_right(middles_s, (unit.start_s + unit.end_s) / 2)].append(unit)
    return [_with_below(*each, second, settings) for each in zip(made, below, strict=True)]


def _with_below(
    cue: Cue, units: Sequence[Unit], second: Transcript, settings: SubtitleSettings
) -> Cue:
    if not units:
        return cue
    lines = _pieces(rows(units, settings.max_line_width))
    return replace(cue, voices=(*cue.voices, Voice(None, lines, second.language or "und")))


def _wish(group: Sequence[Draft], settings: SubtitleSettings) -> Wish:
    return Wish(
        start_ms=milliseconds(group[0].start_s),
        end_ms=milliseconds(max(draft.end_s for draft in group)),
        reading_ms=milliseconds(_reading_s(group, settings)),
    )


def _reading_s(group: Sequence[Draft], settings: SubtitleSettings) -> float:
    columns = sum(draft.columns for draft in group)
    return min(columns / settings.reading_speed_cps, settings.max_cue_duration_s)


def _bounds(transcript: Transcript, settings: SubtitleSettings) -> Bounds:
    return Bounds(
        min_ms=max(1, math.floor(settings.min_cue_duration_s * 1000)),
        max_ms=max(1, math.floor(settings.max_cue_duration_s * 1000)),
        gap_ms=math.ceil(settings.min_gap_s * 1000),
        file_ms=math.floor(transcript.duration_s * 1000),
    )
