"""Subtitles: what a transcript looks like on a screen, a few short lines at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audiopipe.render.drafts import Draft, drafts
from audiopipe.render.timing import Bounds, Wish, place
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import milliseconds
from audiopipe.values.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Voice:
    """What one speaker says in a subtitle: lines, none empty."""

    speaker: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle: whole milliseconds from the start of the file, and who says what in it.

    There is more than one voice only where several speak at once, each a speaker of its own.
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
    return [
        Cue(start_ms, end_ms, tuple(Voice(draft.speaker, draft.lines) for draft in group))
        for group, (start_ms, end_ms) in zip(
            groups, place(wishes, _bounds(transcript, settings)), strict=True
        )
    ]


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
        and sum(len(each.lines) for each in (*group, draft)) <= settings.max_line_count
        and draft.start_s < min(end_s, start_s + _reading_s(group, settings))
        and max(end_s, draft.end_s) - start_s <= settings.max_cue_duration_s
    )


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
