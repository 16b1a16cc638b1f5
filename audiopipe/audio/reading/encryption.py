"""Whether the sound of a file is encrypted, so that decoding it would give noise."""

from __future__ import annotations

from typing import IO

from av.audio.stream import AudioStream
from av.packet import Packet

_TAGS = frozenset({"enca", "drms", "aavd"})
"""Sample entries of MP4: common encryption (ISO 23001-7), FairPlay, Audible."""

_HEADER_BYTES = 1 << 16
_TS_BYTES = 188

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_ENCRYPTION = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
)
_MATROSKA = bytes.fromhex("1a45dfa3")
_CLUSTER = bytes.fromhex("1f43b675")
_ENCODING, _ENCRYPTION = bytes.fromhex("6240"), bytes.fromhex("5035")


def is_encrypted(stream: AudioStream, packet: Packet[AudioStream] | None, file: IO[bytes]) -> bool:
    """Told by the sample entry or the first packet of MP4, by the header of Matroska and ASF, and
    by the scrambling of a transport stream's packets.

    Args:
        file: seekable; keeps its position.
    """
    if _tag(stream) in _TAGS:
        return True
    if packet is not None and packet.has_sidedata("encryption_info"):
        return True
    position = file.tell()
    file.seek(0)
    head = file.read(_HEADER_BYTES)
    file.seek(position)
    if head.startswith(_ASF):
        return any(guid in head for guid in _ASF_ENCRYPTION)
    if head.startswith(_MATROSKA):
        _, encoding, behind = head.partition(_CLUSTER)[0].partition(_ENCODING)
        return bool(encoding) and _ENCRYPTION in behind[:64]
    return packet is None and _is_scrambled(head)


def _tag(stream: AudioStream) -> str:
    """The four letters of the codec; "" where they are a number, as in AVI and NUT."""
    try:
        return stream.codec_context.codec_tag if stream.codec_context is not None else ""
    except UnicodeDecodeError:  # PyAV takes them for ASCII
        return ""


def _is_scrambled(head: bytes) -> bool:
    packets = [head[at : at + 4] for at in range(0, len(head) - _TS_BYTES, _TS_BYTES)]
    scrambled = [packet[3] & 0xC0 for packet in packets if packet[0] == 0x47]
    return len(scrambled) == len(packets) > 0 and sum(map(bool, scrambled)) > len(packets) // 4
