"""How long a track is by its header, where ffmpeg's own reading of that is no guess."""

from __future__ import annotations

import os
import re
import struct
from typing import IO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from audiopipe.audio.reading.blocks import is_fragmented
from audiopipe.audio.reading.corrected import Claim
from audiopipe.audio.reading.ogg import states_end
from audiopipe.audio.reading.recording import TOLERANCE_S
from audiopipe.audio.reading.tagging import is_tag, tag_bytes

_STATE_LENGTH = frozenset(
    {"mov", "flac", "wav", "aiff", "w64", "caf", "au", "avi", "tta", "wv", "ogg", "mxf"}
)
"""Containers that state the length of a track, rather than letting ffmpeg estimate it."""

_COUNTED = frozenset({"flac", "wv", "tta"})
"""Containers that state how many samples there are, of codecs that pad with none."""

_EXACT_S = 0.005
"""How much may be missing where samples are counted, or the bytes of a file say that it is cut."""

_UNPADDED_S = 0.05
"""And where containers count in frames of pictures or in milliseconds, but nothing pads."""

_LONGEST_S = 1e9
"""No recording lasts 30 years."""

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def told(
    container: InputContainer,
    stream: AudioStream,
    file: IO[bytes],
    head_pts: int | None,
    late_s: float,
    claim: Claim | None,
) -> tuple[float | None, bool]:
    """How long a track is by the header, in s from the file's beginning, None where ffmpeg only
    estimates that; and whether the rest is lost where less comes.

    Args:
        head_pts: the stamp of its first packet.
        late_s: silence before its first sample.
        claim: what the header says of the bytes of its sound.
    """
    share = claim.share if claim else 1.0
    kinds = set(container.format.name.split(","))
    tick_s, start_s = float(stream.time_base or 0), (container.start_time or 0) / av.time_base
    length_s = (stream.duration or 0) * tick_s
    is_alone = len(container.streams) == 1
    # CAF's table of packets states the length, and what of the last one is sound.
    has_table = "caf" in kinds and len(stream.index_entries) > 0
    seconds = 0.0
    if "matroska" in kinds:
        # A tag tells when the track ends; without one, a lone track ends with the file.
        seconds = (_clock_s(stream.metadata.get("DURATION", "")) or 0.0) - start_s
        if seconds <= 0 and is_alone:
            seconds = (container.duration or 0) / av.time_base
    elif "asf" in kinds:
        # Of several tracks the longest has that length.
        seconds = (asf_states_s(file) or 0.0) - start_s if is_alone else 0.0
    elif "flv" in kinds:
        seconds = (container.duration or 0) / av.time_base if is_alone else 0.0
    elif "mov" in kinds and start_s > 0 and (head_pts == 0 or is_fragmented(file)):
        # iTunSMPB: the length counts what is skipped at the start, which puts off the start; that
        # of fragments counts those before the first that is here.
        seconds = length_s - start_s
    elif "mp3" in kinds and mp3_states_length(file):
        seconds = length_s
    elif "caf" in kinds and not has_table:
        # ffmpeg takes their length, and that of PCM, from the file's, whatever stands behind.
        seconds = stream.frames / stream.codec_context.sample_rate + late_s
    elif claim and stream.codec_context.name.startswith("pcm") and not stream.frames:
        seconds = 8 * claim.true_bytes / max(1, stream.codec_context.bit_rate or 0) + late_s
    elif kinds & _STATE_LENGTH and not _is_guessed(kinds, stream, file):
        seconds = length_s + late_s
    if "ogg" in kinds and stream.codec_context.name in ("opus", "libopus"):
        # The end is stamped with the pre-skip counted in (RFC 7845, section 4.1).
        seconds += min(0, head_pts or 0) * tick_s
    # AVI's writers count pauses, for which it has no place.
    is_promised = share > 1 if has_table or "avi" in kinds else "ogg" not in kinds
    return (seconds * (1 if has_table else share) if seconds > 0 else None), is_promised


def tolerance_s(container: InputContainer, stream: AudioStream, claim: Claim | None) -> float:
    """How much less than stated is no loss; `claim` is as in `told`."""
    if (claim and claim.share != 1) or container.format.name in _COUNTED:
        return _EXACT_S
    return _UNPADDED_S if stream.codec_context.name.startswith("pcm") else TOLERANCE_S


def _is_guessed(kinds: set[str], stream: AudioStream, file: IO[bytes]) -> bool:
    """Whether ffmpeg has a length from a bit rate only, as of MP3 and AAC in WAV."""
    if "ogg" in kinds:
        return not states_end(file)
    name = stream.codec_context.name
    return bool(kinds & {"wav", "w64"}) and name.startswith(("mp", "aac", "ac3", "dts", "dca"))


def _clock_s(text: str) -> float | None:
    """Seconds of `00:00:03.008000000`, as Matroska writers tag the length of each track."""
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None


def asf_states_s(file: IO[bytes]) -> float | None:
    """How many seconds the header of an ASF or WMA says that it plays; its position stays.

    ffmpeg estimates that from a bit rate where the size that the header states is not the file's.
    """
    position = file.tell()
    file.seek(0)
    head = file.read(4096)
    file.seek(position)
    at = head.find(_ASF_PROPERTIES)
    if not head.startswith(_ASF) or at < 0 or len(head) < at + 88:
        return None
    play, _, preroll_ms = struct.unpack_from("<QQQ", head, at + 64)
    seconds: float = play / 1e7 - preroll_ms / 1e3
    return seconds if 0 < seconds < _LONGEST_S else None


def mp3_states_length(file: IO[bytes]) -> bool:
    """Whether an MP3 tells how many frames it has, and nothing is joined on; its position stays.

    Without that ffmpeg guesses from a bit rate.
    """
    position = file.tell()
    frames, length, start = _xing_counts(file)
    joined = False
    if length:
        file.seek(start + length)
        behind = file.read(16)
        joined = bool(behind.strip(b"\0")) and not is_tag(behind)
        joined |= file.seek(0, os.SEEK_END) - start - length > length // 16  # ffmpeg takes it so
    file.seek(position)
    return frames > 0 and not joined


def mp3_ends_at(file: IO[bytes]) -> int:
    """Where an MP3's header says that its frames end, 0 if nowhere; the file's position stays."""
    position = file.tell()
    _, length, start = _xing_counts(file)
    file.seek(position)
    return start + length if length else 0


def _xing_counts(file: IO[bytes]) -> tuple[int, int, int]:
    """Frames and bytes of audio that an MP3's first frame states, each 0 if it does not; its place.

    An ID3v2 tag may come first. The frame holds `Xing` or `Info`, flags, then the counts that the
    two lowest flags announce.
    """
    file.seek(0)
    start = tag_bytes(file.read(10))
    file.seek(start)
    head = file.read(256)
    at = max(head.find(b"Xing"), head.find(b"Info"))
    if at < 0 or len(head) < at + 16:
        return 0, 0, start
    flags, *counts = struct.unpack_from(">III", head, at + 4)
    frames = counts.pop(0) if flags & 1 else 0
    return frames, counts[0] if flags & 2 else 0, start
