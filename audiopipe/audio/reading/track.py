"""An audio track of a file, found and opened: what its container says, and its first frame."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags2
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet

from audiopipe.audio.reading.clock import Clock, is_counting
from audiopipe.audio.reading.corrected import Claim
from audiopipe.audio.reading.encryption import is_encrypted
from audiopipe.audio.reading.frames import Decoded, Marks, decoded, give_plain_order
from audiopipe.audio.reading.ogg import Pages
from audiopipe.audio.reading.stated import mp3_ends_at, told, tolerance_s
from audiopipe.audio.reading.tagging import end_of_sound
from audiopipe.audio.reading.torn import Index, Seams, complaints
from audiopipe.errors import EmptyAudio, InputError, NoAudioTrack, UnreadableInput

_BUFFER_BYTES = 1 << 20
"""Read at once: each read costs a call into Python."""

_OPUS_HZ = 48_000
"""Opus is decoded, and its delay counted, at this rate (RFC 7845, section 5.1)."""

_CHECKED = frozenset({"wavpack", "tta", "tak"})
"""Codecs whose every block carries a checksum, which ffmpeg looks at only when asked."""


_TEXT_BYTES = 200


@dataclass(frozen=True, slots=True)
class Track:
    """An audio track whose first frame is decoded.

    Attributes:
        index: of the stream in its container.
        first: its first frame, which `frames` gives again.
        frames: what it holds, in order.
        clock: when its sounds are heard.
        delay_frames: decoded samples at its start that ffmpeg is kept from dropping.
        surplus_frames: how many of them it would have left; negative where it would have dropped
            what it should not.
        told_s: how long the sound is by the header; None where ffmpeg only estimates that.
        is_promised: whether sound that is missing from that length is lost.
        tolerance_s: how much of it may be missing.
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
    surplus_frames: int
    told_s: float | None
    is_promised: bool
    tolerance_s: float
    is_exact: bool
    pages: Pages
    is_plain: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wish:
    """What `open_track` is asked for, and how much ffmpeg had complained of before."""

    file: IO[bytes]
    name: str
    number: int | None
    claim: Claim | None
    complaints: int


def open_track(
    file: IO[bytes],
    name: str,
    number: int | None,
    raw: str | None = None,
    claim: Claim | None = None,
) -> Track:
    """A track of a file; whoever opens it closes its container.

    Args:
        file: seekable.
        name: for messages.
        number: which audio track, counted from 1; None takes the first that can be decoded.
        raw: ffmpeg's name of the samples, for a file without a header.
        claim: what its header says of the bytes of its sound.

    Raises:
        UnreadableInput: no recording, encrypted, or no decoder for it.
        NoAudioTrack: no such track.
        EmptyAudio: not one sample could be decoded.
    """
    refused: InputError | None = None
    wish = _Wish(file, name, number, claim, complaints())
    container: InputContainer | None = open_container(file, name, raw)
    assert container
    count = _count_of_tracks(container, file, name, number)
    for place in [number] if number else range(1, count + 1):
        try:
            opened = container or open_container(file, name, raw)
            return _opened(opened, wish, place)
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
    rate = {"sample_rate": "8000"} if raw in ("mulaw", "alaw") else {}
    options = {"protocol_whitelist": "none", **rate}
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
        reason = _as_text(file) or getattr(error, "strerror", None) or error
        raise UnreadableInput(f"{name} is not a recording that can be read: {reason}") from error


def _as_text(file: IO[bytes]) -> str:
    """How a file begins that is text, say a page that tells what went wrong; "" of any other."""
    file.seek(0)
    text = file.read(_TEXT_BYTES).decode("utf-8", "replace").rstrip("\ufffd")  # one may be cut
    line = " ".join(text.split())
    return f"it is text, which begins {line[:60]!r}" if line and line.isprintable() else ""


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


def _count_of_tracks(
    container: InputContainer, file: IO[bytes], name: str, number: int | None
) -> int:
    count = len(container.streams.audio)
    if not count and container.streams.video:
        raise NoAudioTrack(f"{name} holds no sound: it has no audio track")
    if not count:
        raise UnreadableInput(f"{name} is not a recording: {_as_text(file) or 'no sound in it'}")
    if number is not None and not 1 <= number <= count:
        raise NoAudioTrack(f"{name} has no audio track {number}: it has {count}")
    return count


def _opened(container: InputContainer, wish: _Wish, place: int) -> Track:
    """One track of a container, which is closed where that cannot be."""
    try:
        return _sounding(container, wish, place)
    except BaseException:
        container.close()
        raise


def _sounding(container: InputContainer, wish: _Wish, place: int) -> Track:
    """The track at a place, its first sound decoded; raises as `_check`."""
    file, name, claim = wish.file, wish.name, wish.claim
    stream = container.streams.audio[place - 1]
    packets = _packets(container, stream)
    head = _first_packet(packets)
    _check(stream, head, file, name)
    assert head
    (delay_frames, surplus_frames), head_pts = _delay_frames(container, stream, head), head.pts
    pages, index = Pages(container, file), Index(container, stream, head, file)
    is_doubtful = complaints() > wish.complaints
    seams = Seams(container, stream, file, index, is_doubtful=is_doubtful)
    has_own_order, is_checked = give_plain_order(stream), _check_sums(stream)
    kind, is_pcm = container.format.name, stream.codec_context.name.startswith("pcm")
    is_mp3 = kind == "mp3"
    marks = _marks(container, file)
    frames = decoded(stream, chain([head], packets), pages, seams, marks)
    before, first = _first_of(frames, name)
    delay_s = delay_frames / first.sample_rate
    clock = Clock(container, stream, first.pts, delay_s, is_indexed=bool(index))
    told_s, is_promised = told(container, stream, file, head_pts, clock.late_s, claim)
    return Track(
        container=container,
        index=stream.index,
        first=first,
        frames=chain(before, frames),
        clock=clock,
        delay_frames=delay_frames,
        surplus_frames=surplus_frames,
        told_s=told_s,
        is_promised=is_promised,
        tolerance_s=tolerance_s(container, stream, claim),
        is_exact="mov" in kind or (delay_frames > 0 and not is_mp3),
        is_plain=(is_mp3 or ((seams.is_stamped or is_pcm) and surplus_frames >= 0))
        # Of an Ogg a jump is seen at a page's end only, which is too late.
        and not (has_own_order or is_checked or index or clock.stamps_ends),
        pages=pages,
        notes=_notes(len(container.streams.audio), place) if wish.number is None else (),
    )


def _marks(container: InputContainer, file: IO[bytes]) -> Marks:
    return Marks(
        stamps_all=is_counting(container),
        ends_at=mp3_ends_at(file) if container.format.name == "mp3" else 0,
        sound_end=end_of_sound(file),
        bare=file if container.format.name in ("mp3", "dts") else None,
    )


def _check_sums(stream: AudioStream) -> bool:
    """Have the decoder take blocks for damaged whose checksum is wrong; whether it has any."""
    is_checked = stream.codec_context.name in _CHECKED
    if is_checked:
        stream.codec_context.options = {"err_detect": "crccheck+explode"}
    return is_checked


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


def _packets(container: InputContainer, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
    """Those of a track. PyAV's generator loses 340 bytes where it is dropped half-way, unclosed."""
    packets: Any = container.demux(stream)  # a generator, which its types do not say
    with closing(packets):
        yield from packets


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


def _delay_frames(
    container: InputContainer, stream: AudioStream, head: Packet[AudioStream]
) -> tuple[int, int]:
    """Frames before the first that is heard, where ffmpeg is kept from dropping any itself; and how
    many of them it would have left, negative where it would have dropped what it should not.

    Of Opus in Matroska and MP4 it counts what is to be skipped at the rate of the track's source,
    say 16 kHz, and drops as many of the decoder's 48 kHz. Of an MP3 it drops the encoder's padding
    where the header says that the sound ends, though it goes on.
    """
    told = head.get_sidedata("skip_samples") if head.has_sidedata("skip_samples") else None
    if told is None:
        return 0, 0
    skipped = int.from_bytes(bytes(told)[:4], "little")
    frames, is_matroska = 0, "matroska" in container.format.name
    extra = stream.codec_context.extradata or b""
    if container.format.name == "mp3":
        frames = skipped
    elif extra[:8] == b"OpusHead" and "ogg" not in container.format.name:
        pre_skip = int.from_bytes(extra[10:12], "little")
        frames = (
            pre_skip if is_matroska else round(skipped * _OPUS_HZ * float(stream.time_base or 0))
        )
        frames = frames if frames != skipped else 0
    if frames:
        stream.codec_context.flags2 |= Flags2.skip_manual
    # In Matroska it counts the end as it does the start, and the header tells the end to 1 ms only;
    # and of packets before an edit it drops all samples.
    surplus = -1 if is_matroska or head.is_discard else frames - skipped
    return frames, surplus if frames else 0
