"""OpenTimelineIO: the recording as a clip, with markers on it."""

from __future__ import annotations

from audiopipe.render.markers import Timeline, flagged
from audiopipe.settings import SubtitleSettings
from audiopipe.values.transcript import Transcript


def render(transcript: Transcript, settings: SubtitleSettings) -> str:
    """The flags and gaps of a transcript as markers."""
    return written(flagged(transcript, settings))


def written(timeline: Timeline) -> str:
    """The markers of a timeline."""
    import opentimelineio as otio
    from opentimelineio.opentime import RationalTime, TimeRange

    rate = float(timeline.rate)

    def stretch(start: int, length: int) -> TimeRange:
        return TimeRange(RationalTime(start, rate), RationalTime(length, rate))

    whole = stretch(timeline.first, timeline.length)
    recording = otio.schema.ExternalReference(timeline.title, whole)
    clip = otio.schema.Clip(timeline.title, recording, whole)
    for marker in timeline.markers:
        at = stretch(timeline.first + marker.start, marker.length)
        note = {"note": marker.note} if marker.note else {}
        metadata = {"audiopipe": note} if note else {}
        clip.markers.append(otio.schema.Marker(marker.name, at, marker.colour, metadata))
    track = otio.schema.Track(timeline.title, [clip], kind=otio.schema.TrackKind.Audio)
    made = otio.schema.Timeline(timeline.title, global_start_time=whole.start_time)
    made.tracks.append(track)
    return str(otio.adapters.write_to_string(made, "otio_json")) + "\n"
