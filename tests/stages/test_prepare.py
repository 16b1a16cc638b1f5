from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.audio import click_error_s, clicks, container_file, plain_file, tone

from audiopipe.audio.channels import Channels
from audiopipe.audio.reading import AudioSource, Recording, open_source
from audiopipe.errors import EmptyAudio, TooLongAudio, UnreadableInput
from audiopipe.stages.prepare import prepare

TIMES_S = (0.5, 1.25, 2.75)


def prepared(source: AudioSource, channels: Channels = "mix") -> NDArray[np.int16]:
    with open_source(source) as recording:
        return np.concatenate(list(prepare(recording, channels=channels)))


def recording_bytes(kind: str, rate_hz: int) -> bytes:
    sound = clicks(3, rate_hz, TIMES_S)
    match kind:
        case "wav" | "flac" | "mp3":
            return plain_file(sound, rate_hz, kind.upper())
        case "ogg":
            return plain_file(sound, rate_hz, "OGG", "VORBIS")
        case "opus":
            return plain_file(sound, rate_hz, "OGG", "OPUS")
        case "m4a":
            return container_file([sound], rate_hz, "ipod", "aac")
        case "mp4 with opus":
            return container_file([sound], rate_hz, "mp4", "libopus")
        case "webm":
            return container_file([sound], rate_hz, "webm", "libopus")
    raise ValueError(kind)


OPUS = ("opus", "webm", "mp4 with opus")


@pytest.mark.parametrize(
    ("kind", "rate_hz"),
    [
        *product(("wav", "flac", "mp3", "m4a", "ogg", *OPUS), (8_000, 16_000, 48_000)),
        *product(("wav", "flac", "mp3", "m4a", "ogg"), (44_100,)),
    ],
)
def test_a_click_stays_where_it_is_within_a_millisecond(kind: str, rate_hz: int) -> None:
    samples = prepared(recording_bytes(kind, rate_hz))
    assert [click_error_s(samples, at_s) for at_s in TIMES_S] == pytest.approx([0] * 3, abs=1e-3)
    assert len(samples) == pytest.approx(48_000, abs=600)


@pytest.mark.parametrize(
    ("kind", "codec"), [("mp4", "aac"), ("mov", "pcm_s16le"), ("matroska", "aac")]
)
def test_sound_that_begins_after_the_picture_keeps_its_time(kind: str, codec: str) -> None:
    sound = clicks(3, 48_000, TIMES_S)
    video = container_file([sound], 48_000, kind, codec, audio_starts_s=0.3, video_s=4, uneven=True)
    samples = prepared(video)
    assert click_error_s(samples, 1.55) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("pitch_hz", [8_800, 10_000])
def test_what_lies_above_8_khz_vanishes(rate_hz: int, pitch_hz: int) -> None:
    samples = prepared((tone(2, rate_hz, pitch_hz, level=0.9), rate_hz))
    middle = samples[1600:-1600].astype(np.float64)
    assert np.sqrt((middle**2).mean()) < 0.9 / np.sqrt(2) * 32768 * 1e-4


def test_speech_frequencies_pass_unchanged() -> None:
    samples = prepared((tone(2, 44_100, 3_000), 44_100))
    expected = tone(2, 16_000, 3_000)[:, 0] * 32768
    assert np.abs(samples[800:-800] - expected[800:-800]).max() < 4


class Pieces(Recording):
    """A recording in blocks of given lengths."""

    def __init__(self, samples: NDArray[np.float32], rate_hz: int, lengths: list[int]) -> None:
        super().__init__("pieces", rate_hz, samples.shape[1])
        self._pieces = np.split(samples, np.cumsum(lengths))

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        yield from self._pieces

    def sha256(self) -> str:
        return ""


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9_000), max_size=12),
    rate_hz=st.sampled_from([8_000, 16_000, 22_050, 44_100, 48_000]),
)
def test_block_by_block_equals_all_at_once(lengths: list[int], rate_hz: int) -> None:
    samples = np.random.default_rng(3).uniform(-1, 1, (30_000, 1)).astype(np.float32)
    streamed = np.concatenate(list(prepare(Pieces(samples, rate_hz, lengths))))
    whole = soxr.resample(samples[:, 0], rate_hz, 16_000) * 32768
    assert len(streamed) == len(whole)
    assert np.abs(streamed - np.clip(whole, -32768, 32767)).max() <= 1


def test_a_mix_is_the_mean_of_all_channels_and_never_clips() -> None:
    loud = np.ones((1600, 8), np.float32)
    assert (prepared((loud, 16_000)) == 32767).all()
    one = np.zeros((1600, 8), np.float32)
    one[:, 3] = 0.5
    assert (prepared((one, 16_000)) == 2048).all()


def test_left_right_and_split_keep_channels_apart() -> None:
    stereo = np.hstack([np.full((1600, 1), 0.25), np.full((1600, 1), -0.5)]).astype(np.float32)
    assert (prepared((stereo, 16_000), "left") == 8192).all()
    assert (prepared((stereo, 16_000), "right") == -16384).all()
    assert (prepared((stereo, 16_000), "split") == [8192, -16384]).all()
    mono = stereo[:, :1]
    assert (prepared((mono, 16_000), "right") == 8192).all()
    assert prepared((mono, 16_000), "split").shape == (1600, 1)


@pytest.mark.parametrize("kind", ["wav", "m4a"])
def test_channels_are_kept_apart_while_they_are_resampled(kind: str) -> None:
    stereo = np.hstack([tone(1, 48_000, 300), tone(1, 48_000, 2_000)])
    source = (
        plain_file(stereo, 48_000, "WAV")
        if kind == "wav"
        else container_file([stereo], 48_000, "ipod", "aac")
    )
    split = prepared(source, "split")
    assert np.array_equal(prepared(source, "left"), split[:, 0])
    assert np.array_equal(prepared(source, "right"), split[:, 1])
    for channel, pitch_hz in enumerate((300, 2_000)):
        middle = np.abs(np.fft.rfft(split[4_000:12_000, channel]))
        assert np.argmax(middle) * 2 == pitch_hz


def test_samples_far_beyond_full_scale_are_held_there() -> None:
    huge = np.full((48_000, 2), 3e38, np.float32)
    with open_source((huge, 48_000)) as recording:
        samples = np.concatenate(list(prepare(recording)))
        assert recording.notes == []
    assert (samples[100:-100] == 32767).all()


def test_samples_that_are_no_number_become_silence_with_a_note() -> None:
    samples = np.full((1600, 2), 0.25, np.float32)
    samples[10, 0], samples[20, 1], samples[30, 1] = np.nan, np.inf, -np.inf
    with open_source((samples, 16_000)) as recording:
        result = np.concatenate(list(prepare(recording)))
        assert recording.notes == ["samples that are no number were taken as silence"]
    assert sorted(set(result)) == [4096, 8192]
    assert list(np.flatnonzero(result == 4096)) == [10, 20, 30]


def test_values_are_rounded_to_16_bits_and_held_at_full_scale() -> None:
    levels = np.array([0.0, 1.0, -1.0, 1.7, -9.0, 0.50001, 1.4 / 32768, 1.6 / 32768])
    samples = prepared((np.repeat(levels, 100), 16_000))
    assert list(samples[::100]) == [0, 32767, -32768, 32767, -32768, 16384, 1, 2]


def test_telephone_and_studio_formats_are_read() -> None:
    sound = tone(1, 8_000)
    assert len(prepared(plain_file(sound, 8_000, "WAV", "ULAW"))) == 16_000
    eight = np.repeat(tone(1, 96_000), 8, axis=1)
    samples = prepared(plain_file(eight, 96_000, "FLAC", "PCM_24"))
    assert np.abs(samples[800:-800] - tone(1, 16_000)[800:-800, 0] * 32768).max() < 4


@pytest.mark.parametrize("count", [0, 159])
def test_less_than_ten_milliseconds_is_empty(count: int) -> None:
    with pytest.raises(EmptyAudio, match="given samples"):
        prepared((np.zeros(count, np.float32), 16_000))


def test_ten_milliseconds_are_enough() -> None:
    assert len(prepared((np.zeros(160, np.float32), 16_000))) == 160


def test_a_longer_recording_than_allowed_is_refused_before_anything_is_decoded() -> None:
    with open_source((np.zeros(32_000, np.float32), 16_000)) as recording:
        with pytest.raises(TooLongAudio, match="max-duration"):
            next(prepare(recording, max_duration_s=1.9))
        assert len(np.concatenate(list(prepare(recording, max_duration_s=2)))) == 32_000


def test_a_recording_that_hides_its_length_is_stopped_at_the_limit() -> None:
    endless = Pieces(np.zeros((160_000, 1), np.float32), 16_000, [16_000] * 9)
    received = 0
    with pytest.raises(TooLongAudio):
        for block in prepare(endless, max_duration_s=3):
            received += len(block)
    assert received <= 48_000


def test_a_small_file_that_promises_a_hundred_hours_is_refused_by_its_header() -> None:
    bomb = bytearray(plain_file(tone(1, 8_000), 8_000, "FLAC"))
    # The last 36 bits before the checksum: how many samples there are (RFC 9639, section 8.2).
    bomb[21:26] = bytes([bomb[21] & 0xF0]) + (100 * 3600 * 8_000).to_bytes(4)
    with open_source(bytes(bomb)) as recording, pytest.raises(TooLongAudio):
        next(prepare(recording, max_duration_s=50 * 3600))


_SILENCE = """
import io, resource, sys
import numpy, soundfile
from audiopipe.audio.reading import open_source
from audiopipe.stages.chunk import Cutting, chunk
from audiopipe.stages.prepare import prepare

path, minutes = sys.argv[1], int(sys.argv[2])
with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16", format="FLAC") as file:
    for _ in range(minutes):
        file.write(numpy.zeros(8000 * 60, "int16"))
with open_source(path) as recording:
    chunks = chunk(prepare(recording), Cutting(600, 10, 25_000_000))
    seconds = sum(each.window.core.duration_s for each in chunks)
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_hours_of_silence_in_a_small_file_take_no_more_memory_than_minutes(tmp_path: Path) -> None:
    def run(minutes: int) -> tuple[float, float]:
        command = [sys.executable, "-c", _SILENCE, str(tmp_path / "x.flac"), str(minutes)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds, peak_mb = map(float, done.stdout.split())
        return seconds, peak_mb

    (short_s, short_mb), (long_s, long_mb) = run(15), run(150)
    assert (short_s, long_s) == (900, 9_000)
    assert long_mb < short_mb + 10


def test_a_sample_rate_that_cannot_be_is_unreadable() -> None:
    with pytest.raises(UnreadableInput, match="1 samples a second"):
        prepared((np.zeros(1000, np.float32), 1))


def test_stopping_early_ends_the_decoding_thread() -> None:
    before = threading.active_count()
    with open_source((np.zeros(16_000_000, np.float32), 16_000)) as recording:
        blocks = prepare(recording)
        next(blocks)
        assert threading.active_count() == before + 1
        blocks.close()
        assert threading.active_count() == before


def test_an_error_of_the_user_of_blocks_ends_the_decoding_thread() -> None:
    before = threading.active_count()
    with (
        pytest.raises(KeyError),
        open_source((np.zeros(16_000_000, np.float32), 16_000)) as recording,
        closing(prepare(recording)) as blocks,
    ):
        raise KeyError(next(blocks).shape)
    assert threading.active_count() == before


class Broken(Pieces):
    """A recording whose reader fails after its pieces."""

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        yield from super().blocks()
        raise UnreadableInput("the disk is gone")


def test_an_error_of_the_decoding_thread_is_raised_once_what_came_before_was_given() -> None:
    before = threading.active_count()
    received = 0
    with pytest.raises(UnreadableInput, match="disk is gone"):
        for block in prepare(Broken(np.zeros((32_000, 1), np.float32), 16_000, [16_000])):
            received += len(block)
    assert received == 32_000
    assert threading.active_count() == before


_STOPPED = """
import sys, time
from audiopipe.audio.reading import open_source
from audiopipe.stages.chunk import Cutting, chunk
from audiopipe.stages.prepare import prepare

with open_source(sys.stdin.buffer) as recording:
    for _ in chunk(prepare(recording), Cutting(10, 1, 1_000_000)):
        print("one is ready", flush=True)
        time.sleep(600)
"""


def test_ctrl_c_ends_the_process_and_leaves_no_file(tmp_path: Path) -> None:
    wav = plain_file(tone(600, 16_000), 16_000, "WAV")
    with subprocess.Popen(
        [sys.executable, "-c", _STOPPED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(wav)
        process.stdin.close()
        assert process.stdout.readline() == b"one is ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) != 0
    assert list(tmp_path.iterdir()) == []
