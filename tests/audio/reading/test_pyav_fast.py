"""What ffmpeg reads by itself in large blocks is what is heard looking at each frame."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from support.audio import babble, container_file
from support.tones import WORD_S, heard, spoken

from audiopipe.audio.reading.pyav import ContainerRecording
from audiopipe.audio.reading.pyav_fast import UnbrokenRecording
from audiopipe.audio.reading.readers import open_reader
from audiopipe.stages.prepare import prepare

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


@pytest.mark.parametrize("codec", ["mp2", "aac"])
def test_a_segment_that_is_missing_shortly_before_the_end_is_told_of(
    codec: str, tmp_path: Path
) -> None:
    data = container_file([spoken(range(8), 16_000)], 16_000, "mpegts", codec)
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    begins = [n for n, packet in enumerate(packets) if packet[1:3] == b"\x41\0"]  # of the sound
    first = begins[len(begins) // 2]
    # they are numbered by 16, and by that it is seen that some are missing
    rest = begins[len(begins) * 3 // 4 :]
    last = next(n for n in rest if packets[n][3] & 15 != packets[first][3] & 15)
    (tmp_path / "a").write_bytes(b"".join(packets[:first] + packets[last:]))
    with (
        (tmp_path / "a").open("rb", buffering=0) as file,
        open_reader(file, "x", None, None) as recording,
    ):
        words = heard(np.concatenate(list(prepare(recording))))
        (loss,) = recording.losses
    first_s = words[0][1] - words[0][0] * WORD_S
    assert words[-1][0] == 7
    assert words[-1][1] == pytest.approx(first_s + 7 * WORD_S, abs=2e-3)
    assert loss.span.end_s - loss.span.start_s == pytest.approx(1.0, abs=0.3)


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
