"""Marks that PyAV trips over: codecs that are numbers, channels in an order of their own."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from support.audio import container_file, tone

from audiopipe.audio.reading import open_source


def seconds(data: bytes) -> float:
    with open_source(data) as recording:
        return sum(len(block) for block in recording.blocks()) / recording.rate_hz


@pytest.mark.parametrize(
    ("kind", "codec"), [("nut", "aac"), ("wav", "aac"), ("avi", "aac"), ("nut", "libopus")]
)
def test_a_codec_whose_mark_is_a_number_is_read(kind: str, codec: str) -> None:
    data = container_file([tone(1, 48_000)], 48_000, kind, codec)
    assert abs(seconds(data) - 1) < 0.1


@pytest.mark.parametrize(("kind", "place"), [("caf", 12), ("mov", 8)])
@pytest.mark.parametrize("order", [122, 123, 124], ids=["MPEG 5.1 B", "C", "D"])
def test_channels_in_an_order_without_a_name_are_read(kind: str, place: int, order: int) -> None:
    """By their tag in Apple's CoreAudioBaseTypes.h: the channels of 5.1, but another first."""
    data = container_file([np.repeat(tone(20, 8_000), 6, axis=1)], 8_000, kind, "pcm_s16be")
    at = data.index(b"chan") + place
    assert seconds(data[:at] + struct.pack(">HH", order, 6) + data[at + 4 :]) == 20
