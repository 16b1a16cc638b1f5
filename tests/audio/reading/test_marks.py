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


@pytest.mark.parametrize("tail", [b"TAG".ljust(128, b" "), bytes(4096)], ids=["tag", "filling"])
@pytest.mark.parametrize(
    ("kind", "chunk"),
    [
        ("caf", b"free" + struct.pack(">q", 100)),
        ("aiff", b"ANNO" + struct.pack(">I", 100)),
        ("wav", b"LIST" + struct.pack("<I", 100)),
    ],
)
def test_what_stands_behind_the_last_chunk_is_no_sound(
    kind: str, chunk: bytes, tail: bytes
) -> None:
    codec = "pcm_s16le" if kind == "wav" else "pcm_s16be"
    data = container_file([tone(1, 8_000)], 8_000, kind, codec)
    assert seconds(data + chunk + b"INFO".ljust(100) + tail) == 1
