"""Channels: one transcript from the transcripts of a recording's channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Transcript

STEREO = ("left", "right")


def merge_channels(transcripts: Sequence[Transcript]) -> Transcript:
    """All channels' segments in order of time, each with its channel as the speaker.

    Args:
        transcripts: one a channel, in the channels' order, at least one. One alone is given back
            as it is; two are called `left` and `right`, more `channel 1` and so on.

    Returns:
        A transcript whose segments rise by start; where two speak at once they overlap. Its
        language is that of the channel with the most text; segments in another one say so.
    """
    if len(transcripts) == 1:
        return transcripts[0]
    names = (
        STEREO if len(transcripts) == 2 else [f"channel {n + 1}" for n in range(len(transcripts))]
    )
    longest = max(transcripts, key=lambda transcript: len(transcript.text))
    segments = [
        replace(
            segment,
            speaker=name,
            language=segment.language
            or (None if transcript.language == longest.language else transcript.language),
        )
        for name, transcript in zip(names, transcripts, strict=True)
        for segment in transcript.segments
    ]
    flags = [flag for transcript in transcripts for flag in transcript.flags]
    failures = [failure for transcript in transcripts for failure in transcript.failures]
    repairs = [each for transcript in transcripts for each in transcript.repairs]
    by_start = attrgetter("span.start_s")
    return replace(
        longest,
        segments=tuple(sorted(segments, key=by_start)),
        flags=tuple(sorted(flags, key=by_start)),
        failures=tuple(sorted(failures, key=by_start)),
        repairs=tuple(sorted(repairs, key=by_start)),
        usage=sum((transcript.usage for transcript in transcripts), Usage()),
    )
