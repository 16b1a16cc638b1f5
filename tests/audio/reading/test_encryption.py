"""What is encrypted is one line, never noise; what only looks like it is read."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from support.audio import container_file, tone

from audiopipe.audio.reading import open_source
from audiopipe.errors import UnreadableInput

RATE_HZ = 48_000
SOUND = tone(1, RATE_HZ)
TRACKS, ENTRY = bytes.fromhex("1654ae6b"), b"\xae\x01"


def refused(data: bytes) -> None:
    with pytest.raises(UnreadableInput, match="is encrypted") as raised, open_source(data):
        pass
    assert "\n" not in str(raised.value)


def seconds(data: bytes) -> float:
    with open_source(data) as recording:
        return sum(map(len, recording.blocks())) / recording.rate_hz


def element(name: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return bytes.fromhex(name) + struct.pack(">Q", 1 << 56 | len(body)) + body


ENCRYPTION = element("5033", b"\1"), element("5035", element("47e1", b"\5"))
WITH_KEY = element("5033", b"\1"), element("5035", element("47e2", bytes(range(16))))
COMPRESSION = element("5033", b"\0"), element("5034", element("4254", b"\3"))


def with_encoding(data: bytes, *encoding: bytes, entry: int = 0) -> bytes:
    """A Matroska of which one track is said to be encoded (RFC 9559, section 5.1.4.1.31)."""
    told = element("6d80", element("6240", *encoding))
    tracks = data.index(TRACKS, data.index(TRACKS) + 4)
    at = tracks
    for _ in range(entry + 1):
        at = data.index(ENTRY, at + 1)
    size = int.from_bytes(data[at + 2 : at + 9], "big")
    content = data[at + 9 : at + 9 + size]
    width = 9 - data[tracks + 4].bit_length()
    first = tracks + 4 + width
    end = first + (int.from_bytes(data[tracks + 4 : first], "big") & (1 << 7 * width) - 1)
    body = data[first:at] + element("ae", content, told) + data[at + 9 + size : end]
    whole = data[:tracks] + element("1654ae6b", body) + data[end:]
    segment = whole.index(bytes.fromhex("18538067")) + 4
    return whole[:segment] + b"\1" + b"\xff" * 7 + whole[segment + 8 :]


@pytest.mark.parametrize("encoding", [ENCRYPTION, WITH_KEY, ENCRYPTION[::-1]])
@pytest.mark.parametrize(("kind", "codec"), [("matroska", "aac"), ("webm", "libopus")])
def test_an_encrypted_matroska(kind: str, codec: str, encoding: tuple[bytes, ...]) -> None:
    refused(with_encoding(container_file([SOUND], RATE_HZ, kind, codec), *encoding))


def test_of_several_tracks_the_clear_one_is_read() -> None:
    both = container_file([SOUND, tone(2, RATE_HZ)], RATE_HZ, "matroska", "libopus")
    assert seconds(with_encoding(both, *ENCRYPTION)) == pytest.approx(2, abs=0.03)
    assert seconds(with_encoding(both, *ENCRYPTION, entry=1)) == pytest.approx(1, abs=0.03)


def test_a_matroska_that_only_looks_encrypted_is_read() -> None:
    data = container_file([SOUND], RATE_HZ, "matroska", "pcm_s16le")
    assert seconds(with_encoding(data, *COMPRESSION)) == 1
    muxer = data.index(b"Lavf")
    assert seconds(data[:muxer] + b"b@P5" + data[muxer + 4 :]) == 1


GUIDS = (
    "fbb3112223bdd211b4b700a0c955fc6e",
    "14e68a292226174cb935dae07ee9289c",
    "338505438169e6499b74ad12cb86d58c",
)


@pytest.mark.parametrize("guid", GUIDS)
@pytest.mark.parametrize("before_bytes", [0, 200_000])
def test_an_encrypted_asf(guid: str, before_bytes: int) -> None:
    data = container_file([SOUND], RATE_HZ, "asf", "wmav2")
    size, count = struct.unpack_from("<QI", data, 16)
    padding = bytes.fromhex("74d40618dfca0945a4ba9aabcb96aae8")
    added = padding + struct.pack("<Q", 24 + before_bytes) + bytes(before_bytes)
    added += bytes.fromhex(guid) + struct.pack("<Q", 40) + bytes(16)
    head = struct.pack("<QI", size + len(added), count + 2)
    refused(data[:16] + head + data[28:size] + added + data[size:])


def scrambled(data: bytes, *, inside: bool) -> bytes:
    """Marked as scrambled in the headers of all packets of sound, or in those of what they carry;
    the content is noise.
    """
    pid = 0x101 if b"\x47\x41\x01" in data else 0x100
    changed, noise = bytearray(data), np.random.default_rng(1)
    for at in range(0, len(data), 188):
        if int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF != pid:
            continue
        carried = at + 4 + (1 + data[at + 4] if data[at + 3] & 0x20 else 0)
        starts = bool(data[at + 1] & 0x40)
        if inside:
            changed[carried + 6] |= 0x20 * starts
            carried += 14 * starts
        else:
            changed[at + 3] |= 0x80
        changed[carried : at + 188] = noise.bytes(max(0, at + 188 - carried))
    return bytes(changed)


@pytest.mark.parametrize("video_s", [0.0, 1.0])
@pytest.mark.parametrize("codec", ["aac", "mp2", "ac3"])
@pytest.mark.parametrize("inside", [False, True])
def test_a_scrambled_transport_stream(inside: bool, codec: str, video_s: float) -> None:
    data = container_file([SOUND], RATE_HZ, "mpegts", codec, video_s=video_s)
    assert seconds(data) == pytest.approx(1, abs=0.1)
    refused(scrambled(data, inside=inside))
