"""What ffmpeg reads by itself in large blocks is what is heard looking at each frame."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from support.audio import babble, container_file

from audiopipe.audio.reading.pyav import ContainerRecording
from audiopipe.audio.reading.pyav_fast import UnbrokenRecording
from audiopipe.audio.reading.readers import open_reader

KINDS = [
    ("ipod", "aac", 44_100),
    ("matroska", "aac", 44_100),
    ("mp4", "libopus", 48_000),
    ("mp4", "libopus", 16_000),
    ("webm", "libopus", 48_000),
    ("mpegts", "mp2", 48_000),
]


def coded(kind: str, codec: str, rate_hz: int) -> bytes:
    sound = babble(3)[:, np.newaxis].astype(np.float32) / np.float32(32768)
    return container_file([np.hstack([sound, sound / 2])], rate_hz, kind, codec)


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("edit_s", [0.0, 0.01, 0.3, 0.9])
def test_what_an_edit_leaves_out_of_an_opus_is_left_out(
    rate_hz: int, edit_s: float, tmp_path: Path
) -> None:
    data = bytearray(coded("mp4", "libopus", rate_hz))
    start = data.index(b"elst") + 16
    skipped = int.from_bytes(data[start : start + 4], "big") + round(edit_s * rate_hz)
    data[start : start + 4] = skipped.to_bytes(4, "big")
    (tmp_path / "a").write_bytes(data)
    with open_reader(io.BytesIO(data), "x", None, None) as careful:
        expected = np.concatenate(list(careful.blocks()))
    assert len(expected) == pytest.approx((48_000 / rate_hz - edit_s) * 48_000, abs=1000)
    with (
        (tmp_path / "a").open("rb", buffering=0) as file,
        open_reader(file, "x", None, None) as either,
    ):
        assert np.array_equal(np.concatenate(list(either.blocks())), expected)


@pytest.mark.parametrize(("kind", "codec", "rate_hz"), KINDS)
def test_it_is_the_same_sample_by_sample(
    kind: str, codec: str, rate_hz: int, tmp_path: Path
) -> None:
    data = coded(kind, codec, rate_hz)
    (tmp_path / "a").write_bytes(data)
    with open_reader(io.BytesIO(data), "x", None, None) as careful:
        assert isinstance(careful, ContainerRecording)
        expected = np.concatenate(list(careful.blocks()))
    with (
        (tmp_path / "a").open("rb", buffering=0) as file,
        open_reader(file, "x", None, None) as fast,
    ):
        assert isinstance(fast, UnbrokenRecording)
        assert np.array_equal(np.concatenate(list(fast.blocks())), expected)
