"""An audio track of a file, found and opened: what its container says, and its first frame."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags2
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet

from audiopipe.audio.reading.clock import Clock, is_counting
from audiopipe.audio.reading.encryption import is_encrypted
from audiopipe.audio.reading.frames import Decoded, decoded, give_plain_order
from audiopipe.audio.reading.ogg import Pages, states_end
from audiopipe.audio.reading.stated import asf_states_s, mp3_ends_at, mp3_states_length
from audiopipe.audio.reading.torn import Seams
from audiopipe.errors import EmptyAudio, InputError, NoAudioTrack, UnreadableInput

_BUFFER_BYTES = 1 << 20
"""Read at once: each read costs a call into Python."""

_OPUS_HZ = 48_000
"""Opus is decoded, and its delay counted, at this rate (RFC 7845, section 5.1)."""

_STATE_LENGTH = frozenset(
    {"mov", "flac", "wav", "aiff", "w64", "caf", "au", "avi", "tta", "wv", "ogg"}
)
"""Containers that state the length of a track, rather than letting ffmpeg estimate it."""


@dataclass(frozen=True, slots=True)
class Track:
    """An audio track whose first frame is decoded.

    Attributes:
        index: of the stream in its container.
        first: its first frame, which `frames` gives again.
        frames: what it holds, in order.
        clock: when its sounds are heard.
        delay_frames: decoded samples at its start that ffmpeg is kept from dropping.
        told_s: how long the sound is by the header; None where ffmpeg only estimates that.
        is_promised: whether sound that is missing from that length is lost.
        is_exact: whether that length leaves out what the encoder put behind the sound.
        pages: of an Ogg.
        is_plain: whether ffmpeg alone drops just the same, as long as nothing is damaged.
        notes: for the user.
    """

    container: InputContainer
    index: int
    first: AudioFrame
    frames: Iterator[Decoded]
    clock: Clock
    delay_frames: int
    told_s: float | None
    is_promised: bool
    is_exact: bool
    pages: Pages
    is_plain: bool
    notes: tuple[str, ...]


def open_track(
    file: IO[bytes], name: str, number: int | None, raw: str | None = None, share: float = 1.0
) -> Track:
    """A track of a file; whoever opens it closes its container.

    Args:
        file: seekable.
        name: for messages.
        number: which audio track, counted from 1; None takes the first that can be decoded.
        raw: ffmpeg's name of the samples, for a file without a header.
        share: how many times as many bytes of sound the header states as there are.

    Raises:
        UnreadableInput: no recording, encrypted, or no decoder for it.
        NoAudioTrack: no such track.
        EmptyAudio: not one sample could be decoded.
    """
    refused: InputError | None = None
    container: InputContainer | None = open_container(file, name, raw)
    assert container
    count = _count_of_tracks(container, name, number)
    for place in [number] if number else range(1, count + 1):
        try:
            opened = container or open_container(file, name, raw)
            return _opened(opened, file, name, place, number, share)
        except InputError as error:
            refused = refused or error
            container = None
    assert refused
    raise refused


def open_container(file: IO[bytes], name: str, raw: str | None = None) -> InputContainer:
    """A file as ffmpeg reads it; whoever opens it closes it.

    Raises:
        UnreadableInput: it is no container that ffmpeg knows.
    """
    # A playlist or script must not make us open other files.
    options = {"protocol_whitelist": "none", **({"sample_rate": "8000"} if raw else {})}
    file.seek(0)
    try:
        return av.open(
            _Told(file),
            "r",
            format=raw,
            metadata_errors="replace",
            buffer_size=_BUFFER_BYTES,
            options=options,
        )
    except (FFmpegError, IndexError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnreadableInput(f"{name} is not a recording that can be read: {reason}") from error


class _Told:
    """A file for ffmpeg, which goes on where it is told that it cannot seek to some place, as
    damaged headers have it do; an exception would end it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.tell, self._file = file.read, file.tell, file

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -errno.EINVAL


def _count_of_tracks(container: InputContainer, name: str, number: int | None) -> int:
    count = len(container.streams.audio)
    if not count and container.streams.video:
        raise NoAudioTrack(f"{name} holds no sound: it has no audio track")
    if not count:
        raise UnreadableInput(f"{name} is not a recording: no sound in it")
    if number is not None and not 1 <= number <= count:
        raise NoAudioTrack(f"{name} has no audio track {number}: it has {count}")
    return count


def _opened(
    container: InputContainer,
    file: IO[bytes],
    name: str,
    place: int,
    asked: int | None,
    share: float,
) -> Track:
    """One track of a container, which is closed where that cannot be."""
    try:
        return _sounding(container, file, name, place, asked, share)
    except BaseException:
        container.close()
        raise


def _sounding(
    container: InputContainer,
    file: IO[bytes],
    name: str,
    place: int,
    asked: int | None,
    share: float,
) -> Track:
    """The track at a place, its first sound decoded; raises as `_check`."""
    stream = container.streams.audio[place - 1]
    packets = container.demux(stream)
    head = _first_packet(packets)
    _check(stream, head, file, name)
    assert head
    delay_frames, head_pts = _delay_frames(container, stream, head), head.pts
    pages, stamps_all = Pages(container, file), is_counting(container)
    has_own_order = give_plain_order(stream)
    is_mp3 = container.format.name == "mp3"
    ends_at = mp3_ends_at(file) if is_mp3 else 0
    everything = chain([head], packets)
    seams = Seams(container, stream, file)
    frames = decoded(stream, everything, pages, seams, stamps_all=stamps_all, ends_at=ends_at)
    before, first = _first_of(frames, name)
    clock = Clock(container, stream, first.pts, delay_frames / first.sample_rate)
    told_s, is_promised = _told(container, stream, file, head_pts, clock.late_s)
    if container.format.name == "caf" and not stream.codec_context.name.startswith("pcm"):
        # Its table of packets states the length, and what of the last one is sound.
        is_promised = share > 1
    elif told_s is not None:
        told_s *= share
    return Track(
        container=container,
        index=stream.index,
        first=first,
        frames=chain(before, frames),
        clock=clock,
        delay_frames=delay_frames,
        told_s=told_s,
        is_promised=is_promised,
        is_exact="mov" in container.format.name or (delay_frames > 0 and not is_mp3),
        is_plain=(is_mp3 or not delay_frames) and not has_own_order,
        pages=pages,
        notes=_notes(len(container.streams.audio), place) if asked is None else (),
    )


def _check(
    stream: AudioStream, head: Packet[AudioStream] | None, file: IO[bytes], name: str
) -> None:
    """Refuse what cannot be decoded."""
    if is_encrypted(stream, head, file):
        raise UnreadableInput(f"{name} is encrypted: only its own player can read it")
    if stream.codec_context is None:
        raise UnreadableInput(f"{name}: no decoder for the codec of its audio track")
    if head is None:
        raise EmptyAudio(f"{name}: its audio track is empty")


def _notes(count: int, place: int) -> tuple[str, ...]:
    if count == 1:
        return ()
    taken = "the first" if place == 1 else f"number {place}, the first that can be decoded"
    return (f"has {count} audio tracks, took {taken} (--track takes another)",)


def _first_packet(packets: Iterator[Packet[AudioStream]]) -> Packet[AudioStream] | None:
    try:
        return next((packet for packet in packets if packet.size), None)
    except FFmpegError:
        return None


def _first_of(frames: Iterator[Decoded], name: str) -> tuple[list[Decoded], AudioFrame]:
    """The first frame, and all up to it."""
    before = []
    for each in frames:
        before.append(each)
        if each.frame:
            return before, each.frame
    raise EmptyAudio(f"{name}: its audio track holds no sound that can be decoded")


def _delay_frames(container: InputContainer, stream: AudioStream, head: Packet[AudioStream]) -> int:
    """Frames before the first that is heard, where ffmpeg is kept from dropping any itself.

    Of Opus in Matroska and MP4 it counts what is to be skipped at the rate of the track's source,
    say 16 kHz, and drops as many of the decoder's 48 kHz. Of an MP3 it drops the encoder's padding
    where the header says that the sound ends, though it goes on.
    """
    told = head.get_sidedata("skip_samples") if head.has_sidedata("skip_samples") else None
    if told is None:
        return 0
    skipped = int.from_bytes(bytes(told)[:4], "little")
    frames = 0
    extra = stream.codec_context.extradata or b""
    if container.format.name == "mp3":
        frames = skipped
    elif extra[:8] == b"OpusHead" and "ogg" not in container.format.name:
        pre_skip = int.from_bytes(extra[10:12], "little")
        is_matroska = "matroska" in container.format.name
        frames = (
            pre_skip if is_matroska else round(skipped * _OPUS_HZ * float(stream.time_base or 0))
        )
        frames = frames if frames != skipped else 0
    if frames:
        stream.codec_context.flags2 |= Flags2.skip_manual
    return frames


def _told(
    container: InputContainer,
    stream: AudioStream,
    file: IO[bytes],
    head_pts: int | None,
    late_s: float,
) -> tuple[float | None, bool]:
    """How long the track is by the header, from the beginning of the file; and whether the rest is
    lost where less comes."""
    kinds = set(container.format.name.split(","))
    tick_s, start_s = float(stream.time_base or 0), (container.start_time or 0) / av.time_base
    length_s = (stream.duration or 0) * tick_s
    is_alone = len(container.streams) == 1
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
    elif "mov" in kinds and head_pts == 0 and start_s > 0:
        # iTunSMPB: the length counts what is skipped at the start, which puts off the start.
        seconds = length_s - start_s
    elif "mp3" in kinds and mp3_states_length(file):
        seconds = length_s
    elif kinds & _STATE_LENGTH and not _is_guessed(kinds, stream, file):
        seconds = length_s + late_s
    if "ogg" in kinds and stream.codec_context.name in ("opus", "libopus"):
        # The end is stamped with the pre-skip counted in (RFC 7845, section 4.1).
        seconds += min(0, head_pts or 0) * tick_s
    return (seconds if seconds > 0 else None), "ogg" not in kinds


def _is_guessed(kinds: set[str], stream: AudioStream, file: IO[bytes]) -> bool:
    """Whether ffmpeg has a length from a bit rate only, as of MP3 and AAC in WAV."""
    if "ogg" in kinds:
        return not states_end(file)
    name = stream.codec_context.name
    return bool(kinds & {"wav", "w64", "avi"}) and name.startswith(
        ("mp", "aac", "ac3", "dts", "dca")
    )


def _clock_s(text: str) -> float | None:
    """Seconds of `00:00:03.008000000`, as Matroska writers tag the length of each track."""
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None
