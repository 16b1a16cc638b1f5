"""Marks of codecs that are numbers, and no letters that could tell of encryption."""

from __future__ import annotations

import pytest
from support.audio import container_file, tone

from audiopipe.audio.reading import open_source


@pytest.mark.parametrize(
    ("kind", "codec"), [("nut", "aac"), ("wav", "aac"), ("avi", "aac"), ("nut", "libopus")]
)
def test_a_codec_whose_mark_is_a_number_is_read(kind: str, codec: str) -> None:
    with open_source(container_file([tone(1, 48_000)], 48_000, kind, codec)) as recording:
        count = sum(len(block) for block in recording.blocks())
    assert abs(count / recording.rate_hz - 1) < 0.1
