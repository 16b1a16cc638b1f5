"""Files of the kinds that are read wrongly elsewhere: each word once, at its time, or one line."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from support.audio import Samples, container_file, plain_file
from support.ogg import joined_pages, with_granules
from support.tones import WORD_S, heard, spoken

from audiopipe.audio.reading import Recording, open_source
from audiopipe.errors import UnreadableInput
from audiopipe.stages.prepare import prepare

Words = list[tuple[int, float]]


def listened(data: bytes, ending: str = "") -> tuple[Words, Recording]:
    """What is heard of a file; its path and its bytes give the same."""
    with tempfile.NamedTemporaryFile(suffix=ending) as file:
        file.write(data)
        file.flush()
        words, recording = _words(file.name)
        if not ending:
            again, other = _words(data)
            assert again == words
            assert other.losses == recording.losses
            assert other.notes == recording.notes
        return words, recording


def _words(source: str | bytes) -> tuple[Words, Recording]:
    with open_source(source) as recording:
        samples = np.concatenate(list(prepare(recording)))
    return heard(samples), recording


def said(words: Iterable[int], late_s: float = 0.0) -> list[Any]:
    """The words one after another, each half a second."""
    return [
        (word, pytest.approx(late_s + number * WORD_S, abs=1e-3))
        for number, word in enumerate(words)
    ]


def spans(recording: Recording) -> list[tuple[float, float]]:
    return [(loss.span.start_s, loss.span.end_s) for loss in recording.losses]


def constant_mp3(sound: Samples, rate_hz: int) -> bytes:
    """An MP3 of constant bit rate that states its length."""
    return _mp3(sound, rate_hz, "CONSTANT")


def bare_mp3(sound: Samples, rate_hz: int) -> bytes:
    """A VBR MP3 without the frame that states its length."""
    stated = _mp3(sound, rate_hz, "VARIABLE")
    return stated[stated.index(stated[:2], stated.index(b"Xing")) :]


def _mp3(sound: Samples, rate_hz: int, mode: str) -> bytes:
    buffer = io.BytesIO()
    settings = {"bitrate_mode": mode, "compression_level": 0.6}
    with soundfile.SoundFile(
        buffer, "w", rate_hz, sound.shape[1], format="MP3", **settings
    ) as file:
        file.write(sound)
    return buffer.getvalue()


@pytest.mark.parametrize("channels", [8, 16])
@pytest.mark.parametrize(
    ("kind", "codec"), [("ipod", "aac"), ("matroska", "aac"), ("mov", "pcm_f32le")]
)
def test_eight_and_more_planar_channels(kind: str, codec: str, channels: int) -> None:
    sound = np.zeros((32_000, channels), np.float32)
    sound[:, 2] = spoken(range(4), 16_000)[:, 0]
    words, recording = listened(container_file([sound], 16_000, kind, codec))
    assert [word for word, _ in words] == [0, 1, 2, 3]
    assert recording.channels == channels


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
@pytest.mark.parametrize("front", [b"", b"ID3\4\0\0\0\0\x02\0" + bytes(256), b"\1\2" * 700])
def test_an_mp3_that_states_no_length_is_heard_to_its_end(front: bytes, rate_hz: int) -> None:
    quiet = np.zeros((2 * rate_hz, 1), np.float32)
    sound = np.concatenate([quiet, spoken(range(8), rate_hz), quiet, spoken(range(8, 12), rate_hz)])
    words, recording = listened(front + bare_mp3(sound, rate_hz))
    assert [word for word, _ in words] == list(range(12))
    assert recording.duration_s is None
    assert recording.losses == []


def test_nor_does_an_mp3_in_riff_end_early() -> None:
    mp3 = bare_mp3(spoken(range(12), 16_000), 16_000)
    layout = struct.pack("<HHIIHHHHIHHH", 0x55, 1, 16_000, 4_000, 1, 0, 12, 1, 2, 144, 1, 0)
    chunks = (
        b"fmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", len(mp3))
    )
    body = b"WAVE" + chunks + mp3
    words, recording = listened(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert [word for word, _ in words] == list(range(12))
    assert recording.duration_s is None


def encoded(kind: str, rate_hz: int, words: range, channels: int = 1) -> bytes:
    sound = np.repeat(spoken(words, rate_hz), channels, axis=1)
    match kind:
        case "mp3":
            return bare_mp3(sound, rate_hz)
        case "aac":
            return container_file([sound], rate_hz, "adts", "aac")
    return plain_file(sound, rate_hz, "OGG", kind.upper())


@pytest.mark.parametrize("kind", ["mp3", "aac", "vorbis", "opus"])
@pytest.mark.parametrize(
    ("rate_hz", "channels"), [(24_000, 1), (16_000, 2), (48_000, 2), (16_000, 1)]
)
def test_recordings_of_other_rates_and_channels_that_are_joined(
    kind: str, rate_hz: int, channels: int
) -> None:
    if kind == "opus" and rate_hz == 48_000:
        rate_hz = 8_000
    one, other = encoded(kind, 16_000, range(6)), encoded(kind, rate_hz, range(6, 10), channels)
    words, recording = listened(one + other)
    assert [word for word, _ in words] == list(range(10))
    first = words[5][1] - words[0][1], words[9][1] - words[6][1]
    assert first == pytest.approx((5 * WORD_S, 3 * WORD_S), abs=2e-3)
    assert 3.0 <= words[6][1] < 3.25
    assert recording.losses == []


def test_a_joined_second_of_two_minutes_is_no_tolerance() -> None:
    silence = plain_file(np.zeros((16_000 * 120, 1), np.float32), 16_000, "MP3")
    words, recording = listened(silence + encoded("mp3", 16_000, range(3)))
    assert [word for word, _ in words] == [0, 1, 2]
    assert recording.losses == []


OGG = ("vorbis", "opus", "flac")


def ogg_file(kind: str) -> bytes:
    sound = spoken(range(20), 16_000)
    if kind == "vorbis":
        return plain_file(sound, 16_000, "OGG", "VORBIS")
    return container_file([sound], 16_000, "ogg", "libopus" if kind == "opus" else kind)


@pytest.mark.parametrize("kind", OGG)
@pytest.mark.parametrize("gap_s", [3.0, 40.0])
def test_a_jump_between_unbroken_pages_is_a_pause(kind: str, gap_s: float) -> None:
    jumped, at_s = with_granules(ogg_file(kind), from_page=5, add_s=gap_s)
    words, recording = listened(jumped)
    before = [word for word in range(20) if (word + 0.8) * WORD_S < at_s]
    behind = [word for word in range(20) if word * WORD_S > at_s]
    expected: list[Any] = [
        *((word, pytest.approx(word * WORD_S, abs=1e-3)) for word in before),
        *((word, pytest.approx(word * WORD_S + gap_s, abs=1e-3)) for word in behind),
    ]
    assert [pair for pair in words if pair[0] in before + behind] == expected
    assert recording.losses == []


@pytest.mark.parametrize("kind", OGG)
@pytest.mark.parametrize(("page", "add_s"), [(2, 100.0), (5, -1.0), (5, 1e8)])
def test_stamps_that_begin_late_or_jump_back_or_by_years_change_nothing(
    kind: str, page: int, add_s: float
) -> None:
    words, recording = listened(with_granules(ogg_file(kind), from_page=page, add_s=add_s)[0])
    assert words[: len(words) - 1] == said(range(20))[: len(words) - 1]
    assert len(words) >= 18
    assert recording.losses == []


@pytest.mark.parametrize("kind", OGG)
def test_missing_pages_are_a_loss_and_times_are_kept(kind: str) -> None:
    pages = joined_pages(ogg_file(kind))
    words, recording = listened(b"".join(pages[:5] + pages[6:]))
    ((start_s, end_s),) = spans(recording)
    assert 0.1 < end_s - start_s < 2.5
    assert {word for word in range(20) if not start_s - 0.4 < word * WORD_S < end_s + 0.1} <= {
        word for word, _ in words
    }
    right: list[Any] = [(word, pytest.approx(word * WORD_S, abs=1e-3)) for word, _ in words]
    assert words == right


@pytest.mark.parametrize(
    ("kind", "codec"),
    [("asf", "wmav2"), ("matroska", "aac"), ("matroska", "libopus"), ("mp4", "aac"),
     ("mp4", "libopus"), ("mpegts", "aac"), ("mpegts", "mp2")],
)  # fmt: skip
@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_sound_that_begins_later_and_ends_earlier_than_the_picture(
    kind: str, codec: str, rate_hz: int
) -> None:
    sound = spoken(range(6), rate_hz)
    data = container_file([sound], rate_hz, kind, codec, audio_starts_s=1.5, video_s=6)
    words, recording = listened(data)
    late_s = words[0][1] - words[0][0] * WORD_S
    assert late_s == pytest.approx(1.5, abs=0.002)
    assert words == said(range(words[0][0], 6), late_s + words[0][0] * WORD_S)
    assert recording.losses == []


@pytest.mark.parametrize(("kind", "codec"), [("mp4", "libopus"), ("mp4", "aac"), ("mov", "aac")])
def test_what_an_edit_list_cuts_away_does_not_return(kind: str, codec: str) -> None:
    whole = container_file([spoken(range(10), 48_000)], 48_000, kind, codec)
    words, recording = listened(_shifted(whole, kind, 2.25))
    assert words == said(range(5, 10), 0.25)
    assert recording.losses == []


def _shifted(data: bytes, kind: str, seconds: float) -> bytes:
    """The same packets, stamped earlier: those before 0 are cut away by an edit list."""
    with tempfile.NamedTemporaryFile() as file:
        with (
            av.open(io.BytesIO(data), "r") as source,
            av.open(file.name, "w", format=kind) as target,
        ):
            stream = target.add_stream_from_template(source.streams.audio[0])
            for packet in source.demux(source.streams.audio[0]):
                if packet.pts is not None and packet.dts is not None and packet.time_base:
                    packet.pts -= round(seconds / packet.time_base)
                    packet.dts -= round(seconds / packet.time_base)
                    packet.stream = stream
                    target.mux(packet)
        return Path(file.name).read_bytes()


@pytest.mark.parametrize(
    ("kind", "codec"), [("matroska", "aac"), ("mp4", "aac"), ("mov", "pcm_s16le")]
)
def test_sound_that_joins_after_more_than_an_hour(kind: str, codec: str) -> None:
    sound = spoken(range(3), 8_000)
    data = container_file([sound], 8_000, kind, codec, audio_starts_s=3700, video_s=0.5)
    with open_source(data) as recording:
        samples = np.concatenate(list(prepare(recording)))
    words = [(word, start_s + 3600) for word, start_s in heard(samples[3600 * 16_000 :])]
    assert words == said(range(3), 3700)
    assert recording.losses == []


def test_transport_streams_of_other_rates_that_are_joined() -> None:
    parts = [
        container_file([spoken(words, rate_hz)], rate_hz, "mpegts", "aac")
        for words, rate_hz in ((range(6), 48_000), (range(6, 12), 22_050), (range(12, 16), 16_000))
    ]
    words, recording = listened(b"".join(parts))
    assert [word for word, _ in words] == list(range(16))
    steps = np.diff([start_s for _, start_s in words])
    assert sorted(steps)[:13] == pytest.approx([WORD_S] * 13, abs=2e-3)
    assert recording.losses == []


@pytest.mark.parametrize("kind", ["mp3", "mpegts"])
@pytest.mark.parametrize("at", [0.3, 0.6])
def test_a_hole_is_as_long_as_it_was_and_times_behind_it_are_kept(
    kind: str, at: float, capfd: pytest.CaptureFixture[str]
) -> None:
    sound = spoken(range(20), 16_000)
    data = bytearray(
        constant_mp3(sound, 16_000)
        if kind == "mp3"
        else container_file([sound], 16_000, kind, "aac")
    )
    start, length = round(at * len(data)), len(data) // 8
    lead = listened(bytes(data))[0][0][1]
    data[start : start + length] = bytes(length)
    words, recording = listened(bytes(data))
    ((start_s, end_s),) = spans(recording)
    # A transport stream stamps packets of a second.
    assert end_s - start_s == pytest.approx(10 / 8, abs=0.1 if kind == "mp3" else 1.1)
    late = [start_s - word * WORD_S for word, start_s in words]
    assert late == pytest.approx([lead] * len(late), abs=1e-3)
    kept = [word for word in range(20) if not start_s - 0.6 < word * WORD_S < end_s + 0.2]
    assert set(kept) <= {word for word, _ in words}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("law", "ending"),
    [("ULAW", ".ul"), ("ULAW", ".ulaw"), ("ULAW", ".mulaw"), ("ULAW", ".pcmu"), ("ULAW", ".UL"),
     ("ALAW", ".al"), ("ALAW", ".alaw"), ("ALAW", ".pcma"), ("ALAW", ".AL")],
)  # fmt: skip
def test_raw_companding_is_8_khz(law: str, ending: str) -> None:
    headed = plain_file(spoken(range(6), 8_000), 8_000, "AU", law)
    words, recording = listened(headed[24:], ending)
    assert words == said(range(6))
    assert recording.rate_hz == 8_000
    headed = plain_file(spoken(range(6), 8_000), 8_000, "WAV", "PCM_16")
    assert listened(headed, ending)[0] == said(range(6))


def test_raw_samples_of_whatever_rate_are_refused_in_one_line() -> None:
    with pytest.raises(UnreadableInput, match="without a header"):
        listened(bytes(20_000), ".pcm")
