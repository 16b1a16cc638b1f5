"""Whether the sound of a file is encrypted, so that decoding it would give noise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import IO

from av.audio.stream import AudioStream
from av.packet import Packet

from audiopipe.audio.reading.chains import ebml_number

_TAGS = frozenset({"enca", "drms", "aavd"})
"""Sample entries of MP4: common encryption (ISO 23001-7), FairPlay, Audible."""

_ASF_ENCRYPTION = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
    bytes.fromhex("338505438169e6499b74ad12cb86d58c"),
)
"""Objects of the header: Content Encryption, Extended and Advanced Content Encryption."""

_MOST_HEADER_BYTES = 1 << 24

_SEGMENT, _TRACKS, _CLUSTER = map(bytes.fromhex, ("18538067", "1654ae6b", "1f43b675"))
_ENTRY, _TYPE, _ENCODINGS = map(bytes.fromhex, ("ae", "83", "6d80"))
_ENCODING, _ENCRYPTION = bytes.fromhex("6240"), bytes.fromhex("5035")
_SOUND = 2
"""Elements of Matroska, and a type of tracks (RFC 9559, section 5.1.4)."""

_MOST_ELEMENTS = 10_000

_TS_BYTES = (188, 192, 204)
_MOST_TS_BYTES = 1 << 22
_SYNC = 0x47


def is_encrypted(stream: AudioStream, packet: Packet[AudioStream] | None, file: IO[bytes]) -> bool:
    """Told by the sample entry or the first packet of MP4, by the header of ASF, by the track's
    entry in Matroska, and by the scrambling of a transport stream's packets.

    Args:
        file: seekable; keeps its position.
    """
    if _tag(stream) in _TAGS:
        return True
    if packet is not None and packet.has_sidedata("encryption_info"):
        return True
    kind = stream.container.format.name
    position = file.tell()
    try:
        if kind == "asf":
            return _is_asf_encrypted(file)
        if "matroska" in kind:
            return _is_matroska_encrypted(file, stream)
        return kind == "mpegts" and _is_scrambled(file, stream, packet)
    finally:
        file.seek(position)


def _tag(stream: AudioStream) -> str:
    """The four letters of the codec; "" where they are a number, as in AVI and NUT."""
    try:
        return stream.codec_context.codec_tag if stream.codec_context is not None else ""
    except UnicodeDecodeError:  # PyAV takes them for ASCII
        return ""


def _is_asf_encrypted(file: IO[bytes]) -> bool:
    file.seek(16)
    size = int.from_bytes(file.read(8), "little")
    file.seek(0)
    header = file.read(min(size, _MOST_HEADER_BYTES))
    return any(guid in header for guid in _ASF_ENCRYPTION)


def _is_matroska_encrypted(file: IO[bytes], stream: AudioStream) -> bool:
    tracks = list(_sound_tracks(file))
    place = stream.container.streams.audio.index(stream)
    # ffmpeg leaves out entries that it does not understand
    is_same = len(tracks) == len(stream.container.streams.audio)
    return tracks[place] if is_same else any(tracks)


def _sound_tracks(file: IO[bytes]) -> Iterator[bool]:
    """Whether it is encrypted, of each track of sound."""
    size = file.seek(0, os.SEEK_END)
    for segment in _below(file, (0, size), _SEGMENT):
        for entry in _below(file, segment, _TRACKS, _ENTRY):
            for start, end in _below(file, entry, _TYPE):
                file.seek(start)
                if int.from_bytes(file.read(end - start), "big") == _SOUND:
                    found = _below(file, entry, _ENCODINGS, _ENCODING, _ENCRYPTION)
                    yield next(found, None) is not None


def _below(file: IO[bytes], place: tuple[int, int], *names: bytes) -> Iterator[tuple[int, int]]:
    """From where to where the elements of a name reach that are in those of another, and so on, in
    a place of a Matroska; no farther than to its first sound.
    """
    if not names:
        yield place
        return
    for name, start, end in islice(_elements(file, *place), _MOST_ELEMENTS):
        if name == _CLUSTER:
            return
        if name == names[0]:
            yield from _below(file, (start, end), *names[1:])


def _elements(file: IO[bytes], at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while at < end:
        file.seek(at)
        head = file.read(12)
        width = 9 - head[0].bit_length() if head else 9
        if width > 4 or len(head) <= width:
            return
        size, size_bytes = ebml_number(head[width:])
        start = at + width + size_bytes
        is_open = size == (1 << 7 * size_bytes) - 1
        at = end if is_open else start + size
        yield head[:width], start, min(at, end)


def _is_scrambled(file: IO[bytes], stream: AudioStream, packet: Packet[AudioStream] | None) -> bool:
    """By the headers of packets, or of what they carry (ISO 13818-1, sections 2.4.3.3 and 2.4.3.7).

    What is scrambled as packets gives ffmpeg nothing.
    """
    if packet is not None:
        file.seek(max(0, packet.pos or 0))
        return _carries_scrambled(file.read(_TS_BYTES[0]))
    file.seek(0)
    data = file.read(_MOST_TS_BYTES)
    heads = [head for head in _ts_heads(data) if head[1] & 0x1F == stream.id >> 8]
    own = [head for head in heads if head[2] == stream.id & 0xFF and head[3] & 0x10]
    return bool(own) and all(head[3] & 0xC0 for head in own)


def _carries_scrambled(packet: bytes) -> bool:
    if len(packet) < _TS_BYTES[0] or packet[0] != _SYNC:
        return False
    start = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    carried = packet[start : start + 7]
    return (
        carried[:3] == b"\0\0\1" and len(carried) == 7 and carried[6] & 0xF0 in (0x90, 0xA0, 0xB0)
    )


def _ts_heads(data: bytes) -> Iterator[bytes]:
    """The headers of the packets of a transport stream, from where they follow each other."""
    for start in range(_TS_BYTES[-1]):
        for size in _TS_BYTES:
            if all(data[at : at + 1] == b"\x47" for at in range(start, start + 4 * size, size)):
                for at in range(start, len(data) - 4, size):
                    if data[at] == _SYNC:
                        yield data[at : at + 4]
                return
