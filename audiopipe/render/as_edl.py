"""Edit decision list, CMX 3600: markers as events of one frame, as Resolve and Avid read them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from audiopipe.render.markers import Marker, Timeline, flagged
from audiopipe.settings import SubtitleSettings
from audiopipe.text.timecode import timecode
from audiopipe.values.transcript import Transcript

_MARKS = str.maketrans("|", "/")
"""Resolve parts its fields by bars."""


def render(transcript: Transcript, settings: SubtitleSettings) -> str:
    """The flags and gaps of a transcript as markers."""
    return written(flagged(transcript, settings))


def written(timeline: Timeline) -> str:
    """The markers of a timeline: an event each, a locator (`* LOC`) as Avid has it, and Resolve's
    line of colour, name and length. Those of one frame share an event, as no two may overlap."""
    together = groupby(timeline.markers, lambda marker: marker.start)
    events = (_event(n, [*markers], timeline) for n, (_, markers) in enumerate(together, 1))
    return f"TITLE: {timeline.title}\nFCM: NON-DROP FRAME\n\n" + "\n".join(events)


def _event(number: int, markers: Sequence[Marker], timeline: Timeline) -> str:
    start = timeline.first + markers[0].start
    at, after = (timecode(frame, timeline.rate) for frame in (start, start + 1))
    told = "; ".join(f"{m.name}: {m.note}" if m.note else m.name for m in markers)
    colour, length = markers[0].colour, max(marker.length for marker in markers)
    return (
        f"{number:03}  AX       V     C        {at} {after} {at} {after}\n"
        f"* LOC: {at} {colour:<7} {told}\n"
        f" |C:ResolveColor{colour.title()} |M:{told.translate(_MARKS)} |D:{length}\n"
    )
