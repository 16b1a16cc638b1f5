from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.samples import transcripts

from audiopipe.stages.finish.channels import merge_channels
from audiopipe.values.transcript import Transcript


@given(transcripts())
def test_one_channel_alone_is_given_back_as_it_is(transcript: Transcript) -> None:
    assert merge_channels([transcript]) == transcript


@given(st.lists(transcripts(), min_size=2, max_size=4))
def test_nothing_is_lost_and_all_rises_by_start(channels: list[Transcript]) -> None:
    merged = merge_channels(channels)
    starts = [segment.span.start_s for segment in merged.segments]
    assert starts == sorted(starts)
    assert sorted(s.text for s in merged.segments) == sorted(
        s.text for channel in channels for s in channel.segments
    )
    assert len(merged.flags) == sum(len(channel.flags) for channel in channels)
    assert merged.usage.requests == sum(channel.usage.requests for channel in channels)


@given(transcripts(), transcripts())
def test_two_channels_are_called_left_and_right(left: Transcript, right: Transcript) -> None:
    merged = merge_channels([left, right])
    for name, channel in (("left", left), ("right", right)):
        said = [segment.text for segment in merged.segments if segment.speaker == name]
        assert said == [segment.text for segment in channel.segments]


@given(transcripts(), transcripts())
def test_segments_of_a_channel_in_another_language_say_so(
    left: Transcript, right: Transcript
) -> None:
    merged = merge_channels([replace(left, language="en"), replace(right, language="de")])
    for name, channel, language in (("left", left, "en"), ("right", right, "de")):
        said = [segment for segment in merged.segments if segment.speaker == name]
        own = None if merged.language == language else language
        assert [s.language for s in said] == [s.language or own for s in channel.segments]
