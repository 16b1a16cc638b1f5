"""Recordings that stand one behind the other in a file, or begin later than what is beside them."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from support.audio import Samples, container_file, plain_file
from support.ogg import resealed
from support.tones import WORD_S, heard, spoken

from audiopipe.audio.reading import Recording, open_source
from audiopipe.stages.prepare import prepare

KINDS = [(24_000, 1), (16_000, 2), (44_100, 2), (8_000, 1), (16_000, 1)]


def listened(data: bytes, track: int | None = None) -> tuple[list[tuple[int, float]], Recording]:
    with open_source(data, track=track) as recording:
        return heard(np.concatenate(list(prepare(recording)))), recording


def said(words: range, late_s: float = 0.0) -> list[Any]:
    return [(word, pytest.approx(late_s + word * WORD_S, abs=1e-3)) for word in words]


def spans(recording: Recording) -> list[tuple[float, float]]:
    return [(loss.span.start_s, loss.span.end_s) for loss in recording.losses]


def flac(words: range, rate_hz: int, channels: int = 1, *, by_ffmpeg: bool = False) -> bytes:
    sound = np.repeat(spoken(words, rate_hz), channels, axis=1)
    if by_ffmpeg:
        return container_file([sound], rate_hz, "flac", "flac")
    return plain_file(sound, rate_hz, "FLAC")


@pytest.mark.parametrize("by_ffmpeg", [False, True])
@pytest.mark.parametrize(("rate_hz", "channels"), KINDS)
def test_flac_files_that_are_joined(rate_hz: int, channels: int, by_ffmpeg: bool) -> None:
    data = flac(range(6), 16_000) + flac(range(6, 10), rate_hz, channels, by_ffmpeg=by_ffmpeg)
    words, recording = listened(data + flac(range(10, 12), 48_000))
    assert words == said(range(12))
    assert recording.losses == []


@pytest.mark.parametrize("between", [b"ID3\4\0\0\0\0\x02\0" + bytes(256), bytes(3000)])
def test_tags_and_filling_between_them_are_no_loss(between: bytes) -> None:
    data = flac(range(6), 16_000) + between + flac(range(6, 10), 48_000) + between
    words, recording = listened(data)
    assert words == said(range(10))
    assert recording.losses == []


@pytest.mark.parametrize("cut", [0, 1])
def test_what_is_cut_off_one_of_them_is_told_of(cut: int) -> None:
    parts = [flac(range(6), 16_000), flac(range(6, 10), 24_000)]
    parts[cut] = parts[cut][: len(parts[cut]) // 2]
    words, recording = listened(b"".join(parts))
    ((start_s, end_s),) = spans(recording)
    assert end_s == pytest.approx((3.0, 5.0)[cut], abs=0.01)
    right: list[Any] = [word for word in said(range(10)) if word in words]
    assert words == right
    assert {word for word, _ in words} >= {
        word for word in range(10) if not start_s - WORD_S < word * WORD_S < end_s
    }


def stated(kind: str, words: range, rate_hz: int, channels: int) -> bytes:
    """A file of a kind that states its length."""
    sound = np.repeat(spoken(words, rate_hz), channels, axis=1)
    if kind in ("alac", "aac"):
        return container_file([sound], rate_hz, "mp4", kind)
    return plain_file(sound, rate_hz, kind, "PCM_U8" if rate_hz == 24_000 else "PCM_16")


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "alac", "aac"])
@pytest.mark.parametrize(("rate_hz", "channels"), KINDS[:2])
def test_files_that_state_their_length_are_joined(kind: str, rate_hz: int, channels: int) -> None:
    data = stated(kind, range(6), 16_000, 1) + stated(kind, range(6, 10), rate_hz, channels)
    words, recording = listened(data + stated(kind, range(10, 12), 48_000, 1))
    assert words == said(range(12))
    assert recording.losses == []


HEADED = {
    "rf64": ("wav", "pcm_s16le", {"rf64": "always"}),
    "wav-mp3": ("wav", "libmp3lame", {}),
    "w64": ("w64", "pcm_s24le", {}),
    "au": ("au", "pcm_mulaw", {}),
    "caf": ("caf", "pcm_s16be", {}),
    "caf-alac": ("caf", "alac", {}),
    "voc": ("voc", "pcm_s16le", {}),
    "opus-of-16k": ("mp4", "libopus", {}),
    "fragments": ("mp4", "aac", {"movflags": "empty_moov+frag_every_frame"}),
    "mkv": ("matroska", "aac", {}),
    "mkv-flac": ("matroska", "flac", {}),
    "mkv-mp3": ("matroska", "libmp3lame", {}),
    "mkv-pcm": ("matroska", "pcm_s16le", {}),
    "webm": ("webm", "libopus", {}),
    "webm-live": ("webm", "libopus", {"live": "1"}),
    "wavpack": ("wv", "wavpack", {}),
    "tta": ("tta", "tta", {}),
    "wma": ("asf", "wmav2", {}),
    "avi": ("avi", "libmp3lame", {}),
    "avi-pcm": ("avi", "pcm_s16le", {}),
    "flv": ("flv", "aac", {}),
    "nut": ("nut", "aac", {}),
}


def headed(kind: str, words: range, rate_hz: int, channels: int) -> bytes:
    muxer, codec, options = HEADED[kind]
    sound = np.repeat(spoken(words, rate_hz), channels, axis=1)
    return container_file([sound], rate_hz, muxer, codec, options=options)


def length_s(data: bytes) -> float:
    with open_source(data) as recording:
        return sum(map(len, prepare(recording))) / 16_000


@pytest.mark.parametrize("kind", HEADED)
def test_what_has_a_head_is_heard_as_it_is_alone_wherever_it_stands(kind: str) -> None:
    rate_hz = 44_100 if kind == "flv" else 24_000
    parts = [headed(kind, range(4), 16_000, 1), headed(kind, range(4, 8), rate_hz, 2)]
    right: list[Any] = []
    at_s = 0.0
    for part in parts:
        alone = listened(part)[0]
        right += [(word, pytest.approx(at_s + start_s, abs=1e-3)) for word, start_s in alone]
        at_s += length_s(part)
    words, recording = listened(b"".join(parts))
    assert words == right
    assert len(words) >= (6 if kind == "wma" else 8)  # whose decoder drops its first frames
    assert recording.losses == []


@pytest.mark.parametrize("kind", ["caf", "webm", "wavpack", "tta", "fragments"])
def test_of_what_has_a_head_the_first_may_be_cut(kind: str) -> None:
    first, second = headed(kind, range(8), 16_000, 1), headed(kind, range(8, 12), 24_000, 1)
    words, recording = listened(first[: len(first) * 6 // 10] + second)
    numbers = [word for word, _ in words]
    assert numbers[-4:] == [*range(8, 12)] and 2 < len(numbers) < 11
    if kind != "webm":  # whose lone track ends with the file, wherever that is cut
        ((_, end_s),) = spans(recording)
        assert end_s == pytest.approx(words[-4][1], abs=0.05)


def test_an_avi_may_go_on_in_any_number_of_lists() -> None:
    first = headed("avi-pcm", range(4), 16_000, 1)
    words, recording = listened(first + 5000 * b"RIFF\4\0\0\0AVIX" + first)
    assert words == said(range(4)) + [
        (word, pytest.approx(length_s(first) + start_s, abs=1e-3))
        for word, start_s in listened(first)[0]
    ]
    assert recording.losses == []


def test_the_last_box_of_an_mp4_may_state_no_length() -> None:
    sound = [spoken(range(6), 16_000)]
    data = container_file(sound, 16_000, "mp4", "aac", options={"movflags": "faststart"})
    at = data.index(b"mdat") - 4
    words, recording = listened(data[:at] + bytes(4) + data[at + 4 :])
    assert words == said(range(6))
    assert recording.losses == []


FRAGMENTED = {"movflags": "empty_moov+default_base_moof", "frag_duration": "500000"}


def fragments(words: range) -> tuple[bytes, list[bytes]]:
    """What stands before the fragments of an MP4, and each of them."""
    data = container_file([spoken(words, 16_000)], 16_000, "mp4", "aac", options=FRAGMENTED)
    starts = [found.start() - 4 for found in re.finditer(b"moof", data)]
    ends = [*starts[1:], data.index(b"mfra") - 4]
    return data[: starts[0]], [data[a:b] for a, b in zip(starts, ends, strict=True)]


@pytest.mark.parametrize("order", [[1, 0, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [0, 1, 0, 2, 3, 4, 5]])
def test_fragments_are_heard_in_the_order_of_their_times(order: list[int]) -> None:
    head, pieces = fragments(range(6))
    rest = b"".join(pieces[6:])
    words, recording = listened(head + b"".join(pieces[number] for number in order) + rest)
    late_s = heard_late(head + b"".join(pieces))
    assert words == said(range(6), late_s)
    assert recording.losses == []


def test_fragments_whose_clock_begins_anew_are_heard_one_behind_the_other() -> None:
    head, pieces = fragments(range(4))
    _, others = fragments(range(4, 8))
    words, recording = listened(head + b"".join(pieces + others))
    assert [word for word, _ in words] == [*range(8)]
    assert recording.losses == []


def heard_late(data: bytes) -> float:
    return listened(data)[0][0][1]


def test_what_looks_like_a_head_within_the_sound_is_sound() -> None:
    within = plain_file(spoken(range(2), 16_000), 16_000, "WAV")
    data = bytearray(stated("WAV", range(6), 16_000, 1))
    data[72_000 : 72_000 + len(within) // 4] = within[: len(within) // 4]
    words, recording = listened(bytes(data))
    assert words[-1] == said(range(6))[-1]
    assert recording.losses == []


def test_one_that_cannot_be_read_is_told_of() -> None:
    good = stated("aac", range(6), 16_000, 1)
    bad = good.replace(b"mp4a", b"enca")
    for parts, before in (((good, bad, good), 6), ((bad, good, bad), 0)):
        words, recording = listened(b"".join(parts))
        assert [word for word, _ in words] == [*range(6)] * parts.count(good)
        assert [end - start for start, end in spans(recording)] == pytest.approx(
            [3.0] * parts.count(bad), abs=0.05
        )
        assert spans(recording)[0][0] == pytest.approx(before * WORD_S, abs=1e-3)


def streamed(wav: bytes) -> bytes:
    """A WAV as whoever cannot go back writes it."""
    size_at = wav.index(b"data") + 4
    return wav[:4] + b"\xff" * 4 + wav[8:size_at] + b"\xff" * 4 + wav[size_at + 4 :]


def test_of_joined_files_one_may_be_cut_or_state_no_length() -> None:
    first, second = stated("WAV", range(6), 16_000, 1), stated("WAV", range(6, 10), 16_000, 1)
    words, recording = listened(first + second[:-32_000])
    assert words == said(range(8))
    assert spans(recording) == [pytest.approx((4, 5), abs=0.01)]
    words, recording = listened(streamed(first) + streamed(second) + second)
    assert [word for word, _ in words] == [*range(10), *range(6, 10)]
    assert recording.losses == []
    words, recording = listened(first[:-16_000] + second)
    assert words == [each for each in said(range(10)) if each[0] != 5]
    assert spans(recording) == [pytest.approx((2.5, 3), abs=0.01)]


@pytest.mark.parametrize(("kind", "codec"), [("VORBIS", ""), ("OPUS", ""), ("", "flac")])
@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_links_of_an_ogg_follow_each_other_to_the_sample(
    kind: str, codec: str, rate_hz: int
) -> None:
    def link(words: range, rate_hz: int) -> bytes:
        sound = spoken(words, rate_hz)
        if kind:
            return plain_file(sound, rate_hz, "OGG", kind)
        return container_file([sound], rate_hz, "ogg", codec)

    data = link(range(5), 16_000) + link(range(5, 8), rate_hz) + link(range(8, 12), 16_000)
    words, recording = listened(data)
    assert words == said(range(12))
    assert recording.losses == []


@pytest.mark.parametrize("skipped", [312, 3840, 40_000])
def test_an_opus_may_skip_more_than_its_first_pages_hold(skipped: int) -> None:
    sound = [spoken(range(6), 48_000)]
    data = container_file(sound, 48_000, "ogg", "libopus", options={"page_duration": "20000"})
    at = data.index(b"OpusHead") + 10
    stated = int.from_bytes(data[at : at + 2], "little")
    changed = resealed(data[:at] + skipped.to_bytes(2, "little") + data[at + 2 :])
    words, recording = listened(changed)
    assert words == said(range(6), (stated - skipped) / 48_000)[6 - len(words) :]
    assert len(words) >= (4 if skipped > WORD_S * 48_000 else 5)
    assert recording.losses == []


def late_flac(sound: Samples, late_s: float, others_s: float) -> bytes:
    """FLAC in Ogg beside Opus that begins at another time."""
    tracks = [(sound, "libopus", others_s), (sound, "flac", late_s)]
    with tempfile.NamedTemporaryFile() as file:
        with av.open(file.name, "w", format="ogg") as target:
            sources = [
                av.open(io.BytesIO(container_file([samples], 16_000, "matroska", codec)), "r")
                for samples, codec, _ in tracks
            ]
            streams = [
                target.add_stream_from_template(source.streams.audio[0]) for source in sources
            ]
            packets = []
            for source, stream, (_, _, start_s) in zip(sources, streams, tracks, strict=True):
                for packet in source.demux(source.streams.audio[0]):
                    if packet.pts is not None and packet.dts is not None and packet.time_base:
                        ticks = round(start_s / packet.time_base)
                        packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                        packets.append((packet.pts * packet.time_base, stream, packet))
            for _, stream, packet in sorted(packets, key=lambda row: row[0]):
                packet.stream = stream
                target.mux(packet)
            for source in sources:
                source.close()
        return Path(file.name).read_bytes()


@pytest.mark.parametrize(("late_s", "others_s"), [(1.5, 0.0), (0.0, 0.0), (0.0, 1.5), (41.5, 40.0)])
def test_flac_in_ogg_begins_when_its_first_page_says(late_s: float, others_s: float) -> None:
    words, recording = listened(late_flac(spoken(range(6), 16_000), late_s, others_s), track=2)
    assert words == said(range(6), max(0.0, late_s - others_s))
    assert recording.losses == []


@pytest.mark.parametrize("share", [0.4, 0.7, 0.9])
def test_an_mxf_that_is_cut_is_told_of(share: float) -> None:
    data = container_file([spoken(range(12), 48_000)], 48_000, "mxf_opatom", "pcm_s16le")
    assert listened(data)[1].losses == []
    words, recording = listened(data[: round(len(data) * share)])
    ((start_s, end_s),) = spans(recording)
    assert end_s == pytest.approx(6, abs=0.1)
    assert words == said(range(len(words)))
    assert start_s < (len(words) + 1) * WORD_S


@pytest.mark.parametrize("kind", ["mp4", "matroska", "avi"])
@pytest.mark.parametrize("holes", [1, 4])
def test_a_frame_of_another_rate_in_damage_moves_nothing_behind_it(kind: str, holes: int) -> None:
    data = bytearray(container_file([spoken(range(12), 16_000)], 16_000, kind, "libmp3lame"))
    # each of 108 bytes: 24 kbit/s at 16 kHz
    frames = [found.start() for found in re.finditer(rb"\xff\xf3\x38\xc4", data)]
    *hurt, changed = frames[len(frames) // 3 :][: holes + 1]
    for at in hurt:
        data[at : at + 108] = b"\x55" * 108
    data[changed + 2] ^= 0b1100  # 24 kHz
    words, recording = listened(bytes(data))
    assert len(words) > 9
    right: list[Any] = [said(range(12), words[0][1])[word] for word, _ in words]
    assert words == right
    assert recording.losses
