from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import tempfile
import threading
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from support.audio import babble, clicks, container_file, plain_file, tone

from audiopipe.audio import reading as codec
from audiopipe.audio.reading import ChunkEncoder, Recording, decode_pcm, open_source
from audiopipe.concurrency import Stop
from audiopipe.errors import (
    EmptyAudio,
    InputError,
    NoAudioTrack,
    Stopped,
    UnreadableInput,
    UsageError,
)
from audiopipe.values.audio import AudioFormat


def read(source: codec.AudioSource, *, track: int | None = None) -> tuple[np.ndarray, Recording]:
    with open_source(source, track=track) as recording:
        blocks = list(recording.blocks())
        return np.concatenate(blocks), recording


def seconds(source: codec.AudioSource) -> float:
    samples, recording = read(source)
    return len(samples) / recording.rate_hz


@pytest.fixture
def wav() -> bytes:
    return plain_file(tone(2, 16_000), 16_000, "WAV")


def test_a_path_bytes_a_file_object_and_samples_give_the_same(wav: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav)
    expected, _ = read(wav)
    pcm = np.frombuffer(wav[44:], "<i2")
    for source in (path, str(path), os.fsencode(str(path)).decode(), io.BytesIO(wav)):
        assert np.array_equal(read(source)[0], expected)
    assert np.array_equal(read((pcm, 16_000))[0], expected)
    assert np.array_equal(read((expected, 16_000))[0], expected)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "m4a"])
def test_an_open_file_may_have_been_read_and_may_be_hashed_before_its_sound(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "a"
    path.write_bytes(damaged_file(kind))
    expected, _ = read(path.read_bytes())
    with path.open("rb") as file:
        file.read(100)
        with open_source(file) as recording:
            assert recording.sha256() == hashlib.sha256(path.read_bytes()).hexdigest()
            assert np.array_equal(np.concatenate(list(recording.blocks())), expected)
        assert not file.closed


def test_a_compressed_file_object_is_read_as_what_it_gives(wav: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.wav.gz"
    path.write_bytes(gzip.compress(wav))
    with gzip.open(path) as file:
        assert np.array_equal(read(file)[0], read(wav)[0])


def test_a_pydub_segment_gives_its_samples(wav: bytes) -> None:
    from pydub import AudioSegment

    segment = AudioSegment(wav[44:], sample_width=2, frame_rate=8_000, channels=2)
    samples, recording = read(segment)
    assert (recording.rate_hz, recording.channels) == (8_000, 2)
    assert np.array_equal(samples.ravel(), read(wav)[0].ravel())


def test_a_fifo_is_read_like_a_file(wav: bytes, tmp_path: Path) -> None:
    fifo = tmp_path / "pipe.wav"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(wav,))
    writer.start()
    samples, _ = read(fifo)
    writer.join()
    assert np.array_equal(samples, read(wav)[0])


def test_a_fifo_may_be_written_slowly(wav: bytes, tmp_path: Path) -> None:
    fifo = tmp_path / "pipe.wav"
    os.mkfifo(fifo)

    def write() -> None:
        with fifo.open("wb", buffering=0) as pipe:
            for at in range(0, len(wav), 10_000):
                pipe.write(wav[at : at + 10_000])
                time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    samples, _ = read(fifo)
    writer.join()
    assert np.array_equal(samples, read(wav)[0])


@pytest.mark.parametrize("written", [None, b"", b"RIFF"])
def test_a_stop_ends_the_wait_for_the_writer_of_a_fifo(
    written: bytes | None, tmp_path: Path
) -> None:
    fifo = tmp_path / "pipe.wav"
    os.mkfifo(fifo)
    stop = Stop()
    with ExitStack() as stack:
        if written is not None:
            # A FIFO is opened for writing only once somebody reads it, or by who does both.
            writer = stack.enter_context(os.fdopen(os.open(fifo, os.O_RDWR), "wb", buffering=0))
            writer.write(written)
        timer = threading.Timer(0.3, stop.set)
        timer.start()
        with pytest.raises(Stopped), open_source(fifo, stop=stop):
            pass
        timer.join()


class Stream(io.BytesIO):
    """No file of the system, and cannot go back."""

    def seekable(self) -> bool:
        return False


def test_a_stream_that_cannot_seek_is_read_to_its_end(wav: bytes) -> None:
    assert np.array_equal(read(Stream(wav))[0], read(wav)[0])


@pytest.mark.parametrize(
    "name",
    [b"-rf.wav", b'it\'s "so".wav', b"two\nlines.wav", b"caf\xe9.wav", b"http:x.wav", b"%d.wav"],
)
def test_strange_names_are_names_and_nothing_else(name: bytes, wav: bytes, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(wav)
    with open_source(path) as recording:
        assert "\n" not in recording.name
        recording.name.encode()
        assert sum(map(len, recording.blocks())) == 32_000
    m4a = container_file([tone(1, 16_000)], 16_000, "ipod", "aac")
    path.write_bytes(m4a)
    assert seconds(path) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", EmptyAudio, "0 bytes"),
        (
            b"hello world\n" * 1000,
            UnreadableInput,
            "not a recording.*text, which begins .hello world",
        ),
        (bytes(20_000), UnreadableInput, "not a recording"),
        (
            b"#EXTM3U\n#EXTINF:9,\n/etc/passwd\n",
            UnreadableInput,
            "text, which begins .#EXTM3U #EXTINF",
        ),
        (b"ffconcat version 1.0\nfile a.wav\n", UnreadableInput, "not a recording"),
        (b"RIFF\x10\0\0\0WAVEfmt ", UnreadableInput, "not a recording"),
    ],
)
def test_what_is_no_recording_is_named_in_one_line(
    content: bytes, error: type[Exception], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.mp3"
    path.write_bytes(content)
    with pytest.raises(error, match=words) as raised:
        read(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_playlist_does_not_open_other_files(wav: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav)
    for script in ("ffconcat version 1.0\nfile a.wav\n", "#EXTM3U\n#EXTINF:2,\na.wav\n"):
        path = tmp_path / "list.m3u8"
        path.write_text(script)
        with pytest.raises(UnreadableInput):
            read(path)


def test_a_missing_file_and_a_folder_named_like_one_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "x.mp3").mkdir()
    with pytest.raises(UnreadableInput, match=r"x\.mp3: Is a directory"):
        read(tmp_path / "x.mp3")
    with pytest.raises(UnreadableInput, match=r"y\.mp3: No such file"):
        read(tmp_path / "y.mp3")


def test_a_video_without_sound_has_no_audio_track() -> None:
    silent = container_file([], 16_000, "mp4", None, video_s=1)
    with pytest.raises(NoAudioTrack, match="no audio track"):
        read(silent)


def test_the_first_of_two_tracks_is_taken_with_a_note_and_another_on_demand() -> None:
    low, high = tone(1, 16_000, 300), tone(1, 16_000, 3000)
    video = container_file([low, high], 16_000, "matroska", "pcm_s16le", video_s=1)
    samples, recording = read(video)
    assert np.allclose(samples[:16_000], low, atol=1e-3)
    assert any("2 audio tracks" in note for note in recording.notes)
    samples, recording = read(video, track=2)
    assert np.allclose(samples[:16_000], high, atol=1e-3)
    assert not recording.notes
    with pytest.raises(NoAudioTrack, match="no audio track 3"):
        read(video, track=3)
    with pytest.raises(NoAudioTrack, match="no audio track 2"):
        read(plain_file(low, 16_000, "WAV"), track=2)


def test_a_wrong_extension_does_not_matter(wav: bytes, tmp_path: Path) -> None:
    path = tmp_path / "really_a_wav.mp4"
    path.write_bytes(wav)
    assert seconds(path) == 2


@pytest.mark.parametrize("length", [0, 1000, 0x7FFF_F000, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_wav_with_a_wrong_length_in_its_header_is_read_to_its_end(
    wav: bytes, length: int
) -> None:
    wrong = bytearray(wav)
    wrong[40:44] = struct.pack("<I", length)
    samples, recording = read(bytes(wrong))
    assert np.array_equal(samples, read(wav)[0])
    assert recording.losses == []


def test_chunks_behind_the_sound_of_a_wav_are_no_sound(wav: bytes) -> None:
    tagged = wav + b"LIST" + struct.pack("<I", 400) + bytes(400)
    samples, recording = read(tagged)
    assert len(samples) == 32_000
    assert recording.losses == []


def speech_like(rate_hz: int, length_s: float = 20) -> np.ndarray:
    noise = np.random.default_rng(5).standard_normal((round(length_s * rate_hz), 1))
    return (noise * 0.1).astype(np.float32)


def damaged_file(kind: str) -> bytes:
    samples = speech_like(16_000)
    if kind in ("wav", "flac", "mp3"):
        return plain_file(samples, 16_000, kind.upper())
    if kind == "m4a":
        fast = {"movflags": "faststart"}
        return container_file([samples], 16_000, "ipod", "aac", options=fast)
    return container_file([samples], 16_000, "matroska", "aac")


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "m4a", "mkv"])
def test_a_truncated_file_gives_what_is_there_and_tells_what_is_lost(kind: str) -> None:
    whole = damaged_file(kind)
    intact, recording = read(whole)
    assert recording.losses == []
    samples, recording = read(whole[: len(whole) * 6 // 10])
    assert 11 * 16_000 < len(samples) < 12.6 * 16_000
    assert np.allclose(samples[: 11 * 16_000], intact[: 11 * 16_000], atol=1e-3)
    (loss,) = recording.losses
    assert loss.span.start_s == pytest.approx(len(samples) / 16_000, abs=0.1)
    assert loss.span.end_s == pytest.approx(20, abs=0.2)


@cache
def mp4_file(kind: str) -> bytes:
    sound = speech_like(16_000, 12)
    match kind:
        case "late sound":
            return container_file([sound], 16_000, "mp4", "aac", audio_starts_s=0.3, video_s=2)
        case "fragments":
            pieces = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "1000000"}
            return container_file([sound], 16_000, "mp4", "aac", options=pieces)
        case "two tracks":
            return container_file([sound, sound[::-1]], 16_000, "mp4", "aac", video_s=1)
        case "pcm":
            return container_file([sound], 16_000, "mov", "pcm_s24le")
    return container_file([sound], 16_000, "ipod", "aac", options={"movflags": "faststart"})


MP4 = ("m4a", "late sound", "fragments", "two tracks", "pcm")


def assert_a_path_gives_what_its_bytes_give(data: bytes, track: int | None = None) -> None:
    """A path lets ffmpeg read by itself in large blocks; bytes are looked at frame by frame."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            expected, one = read(data, track=track)
        except InputError as error:
            with pytest.raises(type(error)):
                read(file.name, track=track)
        else:
            samples, other = read(file.name, track=track)
            assert np.array_equal(samples, expected)
            assert other.losses == one.losses
            assert other.notes == one.notes
            assert other.duration_s == one.duration_s


@pytest.mark.parametrize("track", [None, 2])
@pytest.mark.parametrize("kind", MP4)
def test_an_mp4_sounds_the_same_by_its_path_and_by_its_bytes(kind: str, track: int | None) -> None:
    assert_a_path_gives_what_its_bytes_give(mp4_file(kind), track)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(MP4),
    at=st.floats(0, 1),
    wound=st.one_of(st.binary(max_size=50), st.integers(1, 20_000).map(bytes)),
    cut=st.floats(0.3, 1),
)
def test_a_damaged_mp4_gives_the_same_by_its_path_and_by_its_bytes(
    kind: str, at: float, wound: bytes, cut: float
) -> None:
    data = bytearray(mp4_file(kind))
    start = round(at * len(data))
    data[start : start + len(wound)] = wound
    assert_a_path_gives_what_its_bytes_give(bytes(data[: round(cut * len(data))]))


def test_damage_at_the_very_end_of_an_mp4_is_told(tmp_path: Path) -> None:
    sound = speech_like(16_000, 4.2)
    path = tmp_path / "a.m4a"
    fast = {"movflags": "faststart"}
    whole = container_file([sound], 16_000, "ipod", "aac", options=fast)
    path.write_bytes(whole[:-100] + b"\xff" * 100)
    assert read(path)[1].losses


@pytest.mark.parametrize("kind", ["flac", "mp3", "mkv", "m4a"])
def test_a_hole_in_the_middle_is_a_loss_and_what_follows_is_still_read(kind: str) -> None:
    whole = bytearray(damaged_file(kind))
    middle = len(whole) // 2
    whole[middle : middle + len(whole) // 20] = bytes(len(whole) // 20)
    samples, recording = read(bytes(whole))
    assert len(samples) > 18 * 16_000
    assert recording.losses
    assert any(9 < loss.span.start_s < 20.1 for loss in recording.losses)


def test_behind_a_hole_in_a_flac_times_are_still_true() -> None:
    sound = speech_like(16_000) * 0.1 + clicks(20, 16_000, [18])
    whole = bytearray(plain_file(sound, 16_000, "FLAC"))
    middle = len(whole) // 2
    whole[middle : middle + len(whole) // 20] = bytes(len(whole) // 20)
    samples, _ = read(bytes(whole))
    assert np.allclose(
        samples[18 * 16_000 : 19 * 16_000], sound[18 * 16_000 : 19 * 16_000], atol=1e-3
    )


def test_a_cut_ogg_is_read_to_the_cut() -> None:
    whole = plain_file(speech_like(16_000), 16_000, "OGG", "OPUS")
    samples, _ = read(whole[: len(whole) * 6 // 10])
    assert len(samples) > 10 * 16_000


@pytest.mark.parametrize(("kind", "subtype"), [("MP3", None), ("OGG", "OPUS"), ("OGG", "VORBIS")])
def test_files_joined_end_to_end_are_read_to_the_end(kind: str, subtype: str | None) -> None:
    one = plain_file(tone(5, 16_000), 16_000, kind, subtype)
    assert seconds(one + one) == pytest.approx(10, abs=0.2)


def test_a_flac_without_a_length_in_its_header_is_read_to_its_end() -> None:
    sound = tone(3, 16_000)
    streamed = bytearray(plain_file(sound, 16_000, "FLAC"))
    streamed[21] &= 0xF0
    streamed[22:26] = bytes(4)
    samples, recording = read(bytes(streamed))
    assert np.allclose(samples, sound, atol=1e-4)
    assert recording.losses == []


def test_an_mp3_whose_length_nobody_states_loses_nothing() -> None:
    sound = np.concatenate([np.zeros(320_000, np.int16), babble(20), np.zeros(320_000, np.int16)])
    buffer = io.BytesIO()
    settings = {"bitrate_mode": "VARIABLE", "compression_level": 0.2}
    with soundfile.SoundFile(buffer, "w", 16_000, 1, format="MP3", **settings) as file:
        file.write(sound)
    stated = buffer.getvalue()
    second_frame = stated.index(stated[:2], stated.index(b"Xing"))
    samples, recording = read(stated[second_frame:])
    assert len(samples) == pytest.approx(60 * 16_000, rel=0.01)
    assert recording.duration_s is None
    assert recording.losses == []


def test_an_mp3_with_tags_around_it_is_whole() -> None:
    mp3 = plain_file(tone(3, 16_000), 16_000, "MP3")
    cover = b"ID3\x03\0\0\0\0\x4e\x10" + bytes(10_000)
    samples, recording = read(cover + mp3 + b"TAG" + bytes(125))
    assert len(samples) == 48_000
    assert recording.losses == []


def cover_tag() -> bytes:
    """An ID3v2.3 tag that holds a small picture (its section 4.15)."""
    with av.open(io.BytesIO(), "w", format="image2pipe") as container:
        stream = container.add_stream("png")
        stream.width, stream.height, stream.pix_fmt = 32, 32, "rgb24"
        (packet,) = stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8)))
    content = b"\0image/png\0\3\0" + bytes(packet)
    frame = b"APIC" + struct.pack(">IH", len(content), 0) + content
    return b"ID3\3\0\0" + bytes([0, 0, len(frame) >> 7, len(frame) & 127]) + frame


def test_a_cover_picture_in_an_mp3_is_no_sound_and_no_loss() -> None:
    mp3 = plain_file(tone(3, 16_000), 16_000, "MP3")
    for tagged, length_s in ((cover_tag() + mp3, 3), (cover_tag() + mp3 + mp3, 6)):
        samples, recording = read(tagged)
        assert len(samples) == pytest.approx(length_s * 16_000, rel=0.05)
        assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)
        assert (recording.losses, recording.notes) == ([], [])


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
def test_block_boundaries_leave_no_trace_in_an_mp3(rate_hz: int) -> None:
    edges_s = [count * (1 << 16) / rate_hz + 0.02 for count in (1, 2)]
    sound = clicks(edges_s[-1] + 1, rate_hz, edges_s)
    samples, _ = read(plain_file(sound, rate_hz, "MP3"))
    for edge_s in edges_s:
        start = round(edge_s * rate_hz)
        assert np.abs(samples[start : start + rate_hz // 500]).max() > 0.5


def test_the_hash_is_of_the_bytes_of_a_file_and_of_the_values_of_samples(wav: bytes) -> None:
    with open_source(wav) as recording:
        assert recording.sha256() == hashlib.sha256(wav).hexdigest()
        assert sum(map(len, recording.blocks())) == 32_000
    samples = np.zeros(100, np.float32)
    with open_source((samples, 16_000)) as one, open_source((samples + 1, 16_000)) as other:
        assert one.sha256() != other.sha256()


@pytest.mark.parametrize(
    "samples", [np.zeros((2, 2, 2)), np.zeros((2, 1000)), np.zeros(10, bool), np.zeros(10, complex)]
)
def test_samples_that_cannot_be_audio_are_refused(samples: np.ndarray) -> None:
    with pytest.raises(UsageError):
        read((samples, 16_000))


@pytest.mark.parametrize("audio_format", ["flac", "wav", "pcm"])
def test_lossless_uploads_come_back_exactly(audio_format: AudioFormat) -> None:
    samples = np.random.default_rng(2).integers(-32768, 32768, 50_000).astype(np.int16)
    encoder = ChunkEncoder(audio_format)
    for at in range(0, len(samples), 7_001):
        encoder.write(samples[at : at + 7_001])
    back = decode_pcm(encoder.finish(), audio_format)
    assert np.array_equal((back * 32768).astype(np.int16), samples)


def test_an_opus_upload_is_small_and_keeps_length_and_sound() -> None:
    samples = (tone(10, 16_000)[:, 0] * 32767).astype(np.int16)
    encoder = ChunkEncoder("opus")
    encoder.write(samples)
    data = encoder.finish()
    back = decode_pcm(data, "opus")
    assert len(data) < 60_000
    assert len(back) == len(samples)
    assert np.corrcoef(back, samples)[0, 1] > 0.95
