"""Headers that state too much, too little or nothing: the end of the data is the truth."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from support.audio import container_file, plain_file, tone

from audiopipe.audio.reading import open_source
from audiopipe.errors import UnreadableInput

RATE_HZ = 16_000
SOUND = tone(2, RATE_HZ)
FORMS = {
    # where the length of the sound stands, for struct
    "WAV": (40, "<I"),
    "RF64": (28, "<Q"),
    "W64": (0, "<Q"),
    "AIFF": (0, ">I"),
    "AU": (8, ">I"),
    "CAF": (0, ">q"),
}


def whole(form: str) -> bytes:
    return plain_file(SOUND, RATE_HZ, form, "PCM_16")


def place(form: str, data: bytes) -> int:
    if form == "W64":
        return data.index(b"data\xf3\xac") + 16
    if form == "AIFF":
        return data.index(b"SSND") + 4
    return data.index(b"data") + 4 if form == "CAF" else FORMS[form][0]


def stating(form: str, length: int) -> bytes:
    data = whole(form)
    at, kind = place(form, data), FORMS[form][1]
    size = struct.calcsize(kind)
    return data[:at] + struct.pack(kind, length) + data[at + size :]


def read(data: bytes) -> tuple[int, list[tuple[float, float]], list[str]]:
    with open_source(data) as recording:
        frames = sum(map(len, recording.blocks()))
        return frames, [(x.span.start_s, x.span.end_s) for x in recording.losses], recording.notes


@pytest.mark.parametrize("form", FORMS)
def test_a_true_length_leaves_out_what_follows(form: str) -> None:
    assert read(whole(form)) == (2 * RATE_HZ, [], [])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("length", [0, 10_008, 0xFFFF_FFFF, 0x7FFF_FFFF])
def test_a_wrong_length_ends_nothing(form: str, length: int) -> None:
    if form == "RF64" and length > 10_008:
        length <<= 31
    if form in ("W64", "CAF") and length > 10_008:
        length <<= 31
    frames, losses, _ = read(stating(form, length))
    assert 2 * RATE_HZ <= frames <= 2 * RATE_HZ + 24
    assert losses == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.97])
def test_a_cut_is_told_to_the_millisecond(form: str, share: float) -> None:
    data = whole(form)
    frames, losses, _ = read(data[: round(len(data) * share)])
    ((start_s, end_s),) = losses
    assert frames / RATE_HZ == pytest.approx(2 * share, abs=0.1)
    assert (start_s, end_s) == pytest.approx((frames / RATE_HZ, 2), abs=1e-3)


@pytest.mark.parametrize("form", sorted(FORMS.keys() - {"AU"}))  # of which all is sound
@pytest.mark.parametrize("behind", [bytes(4096), b"TAG" + bytes(125), b"ID3\4\0\0\0\0\0\1\0"])
def test_filling_and_tags_behind_the_sound_are_none(form: str, behind: bytes) -> None:
    assert read(whole(form) + behind) == (2 * RATE_HZ, [], [])


def test_a_length_that_is_too_small_within_silence() -> None:
    sound = np.concatenate([SOUND, np.zeros((RATE_HZ, 1), np.float32), SOUND])
    data = bytearray(plain_file(sound, RATE_HZ, "WAV", "PCM_16"))
    struct.pack_into("<I", data, 40, 5 * RATE_HZ)
    frames, losses, notes = read(bytes(data))
    assert (frames, losses) == (5 * RATE_HZ, [])
    assert any("more sound than its header states" in note for note in notes)


@pytest.mark.parametrize("count", [0, 20_000, 32_000 * 7])
def test_the_count_of_samples_in_a_flac_is_a_claim(count: int) -> None:
    data = bytearray(plain_file(SOUND, RATE_HZ, "FLAC"))
    data[21] &= 0xF0
    data[22:26] = struct.pack(">I", count)
    frames, losses, _ = read(bytes(data))
    assert frames == 2 * RATE_HZ
    assert losses == ([(2, 14)] if count > 2 * RATE_HZ else [])


@pytest.mark.parametrize(
    ("kind", "codec"),
    [("flac", "flac"), ("wv", "wavpack"), ("tta", "tta"), ("matroska", "pcm_s16le"),
     ("nut", "pcm_s16le"), ("mov", "pcm_s16be")],
)  # fmt: skip
def test_where_nothing_pads_a_tenth_of_a_second_is_no_rounding(kind: str, codec: str) -> None:
    noise = np.random.default_rng(1).standard_normal((5 * RATE_HZ, 1))
    sound = (noise / 8).astype(np.float32)
    options = {"movflags": "faststart"} if kind == "mov" else {}
    data = container_file([sound], RATE_HZ, kind, codec, options=options)
    assert read(data)[1] == []
    _, losses, _ = read(data[: -len(data) // 45])
    assert len(losses) == (kind != "nut")  # which states no length
    for start_s, end_s in losses:
        assert 3.9 < start_s < 4.95  # some have blocks of a second
        assert end_s == pytest.approx(5, abs=0.01)


@pytest.mark.parametrize(
    ("kind", "codec"),
    [("wav", "libmp3lame"), ("wav", "mp2"), ("wav", "ac3"), ("caf", "adpcm_ima_qt")],
)
def test_frames_of_one_size_that_are_cut_are_told_of_by_their_bytes(kind: str, codec: str) -> None:
    data = container_file([tone(5, 48_000)], 48_000, kind, codec)
    assert read(data)[1] == []
    ((start_s, end_s),) = read(data[: len(data) * 6 // 10])[1]
    assert (start_s, end_s) == pytest.approx((3, 5), abs=0.2)


@pytest.mark.parametrize("tag", [b"enca", b"drms"])
def test_encrypted_sound_is_one_line(tag: bytes) -> None:
    m4a = container_file([SOUND], RATE_HZ, "ipod", "aac")
    with pytest.raises(UnreadableInput, match="is encrypted") as raised:
        read(m4a.replace(b"mp4a\0\0\0\0\0\0", tag + b"\0\0\0\0\0\0"))
    assert "\n" not in str(raised.value)


def test_common_encryption_is_seen_in_fragments_too() -> None:
    options = {
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
        "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
    }
    for more in ({}, {"movflags": "frag_keyframe+empty_moov", "frag_duration": "1000000"}):
        data = container_file([SOUND], RATE_HZ, "mp4", "aac", options=options | more)
        with pytest.raises(UnreadableInput, match="is encrypted"):
            read(data)


@pytest.mark.parametrize("video_s", [0.0, 1.0])
def test_the_first_track_that_can_be_decoded_is_taken_with_a_note(video_s: float) -> None:
    low, high = tone(1, RATE_HZ, 300), tone(1, RATE_HZ, 3000)
    data = container_file([low, high], RATE_HZ, "matroska", "pcm_s16le", video_s=video_s)
    data = data.replace(b"A_PCM/INT/LIT", b"A_XYZ/INT/LIT", 1)
    with open_source(data) as recording:
        samples = np.concatenate(list(recording.blocks()))
    assert np.allclose(samples[:RATE_HZ], high, atol=1e-3)
    assert any("took number 2" in note for note in recording.notes)
    with pytest.raises(UnreadableInput, match="no decoder"), open_source(data, track=1):
        pass


def test_a_segment_of_a_stream_lacks_nothing_of_those_before_it() -> None:
    options = {"movflags": "empty_moov+default_base_moof", "frag_duration": "500000"}
    data = container_file([tone(4, RATE_HZ)], RATE_HZ, "mp4", "aac", options=options)
    first = data.index(b"moof") - 4
    later = data.index(b"moof", data.index(b"moof", len(data) // 2) + 4) - 4
    whole_frames, losses, _ = read(data)
    assert losses == []
    frames, losses, _ = read(data[:first] + data[later:])
    assert losses == []
    assert 0.1 * whole_frames < frames < 0.6 * whole_frames
    _, losses, _ = read(data[: later + 50])
    assert len(losses) == 1
