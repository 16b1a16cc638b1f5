"""Frames as ffmpeg decodes them: past damage, and all of one kind."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from av.audio.frame import AudioFrame, format_dtypes
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import Flags2
from av.error import FFmpegError
from av.packet import Packet

from audiopipe.audio.reading.mpeg import begins_frame, foreign_bytes, is_length_frame, kind_of
from audiopipe.audio.reading.ogg import Pages
from audiopipe.audio.reading.tagging import is_tag
from audiopipe.audio.reading.torn import Seams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audiopipe.audio.reading.recording import Block

MOST_PLANES = 7
"""PyAV counts the planes of a frame up to an empty pointer, which ffmpeg puts behind seven only."""


_MUCH = 1.5

_HOLE_BYTES = 8
_NEVER_ZERO = frozenset("opus libopus vorbis aac ac3 eac3 wmav1 wmav2".split())
"""Codecs of which no packet of more bytes than a few is all zeros."""

_LONGEST_BYTES = 1441
"""Of a frame of MPEG audio, layer III."""


class Decoded(NamedTuple):
    """What one packet gave; made in a third of a frozen dataclass's time.

    Attributes:
        frame: sound, or None for damage alone.
        stamp_s: the container's own stamp on it, in seconds; None where a parser made one up.
            Without a frame, the stamp of the end of all that came.
        lost_s: None for no damage; else how long what was skipped before it might have been.
        is_cut: whether data is missing before the end that is stamped.
        padding: samples at the frame's end that the encoder added.
    """

    frame: AudioFrame | None
    stamp_s: float | None = None
    lost_s: float | None = None
    is_cut: bool = False
    padding: int = 0


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known of a file beforehand.

    Attributes:
        stamps_all: whether each stamp is the container's own, a parser's never.
        ends_at: where an MP3's header says that its sound ends; 0 if it does not.
        sound_end: where tags and filling begin.
        bare: the file, where it is nothing but frames; its position stays.
    """

    stamps_all: bool
    ends_at: int
    sound_end: int
    bare: IO[bytes] | None


def decoded(
    stream: AudioStream,
    packets: Iterable[Packet[AudioStream]],
    pages: Pages,
    seams: Seams,
    marks: Marks,
) -> Generator[Decoded, None, None]:
    """The frames of a track in order, and the damage between them.

    Args:
        stream: its codec is opened by the first packet.
        packets: all of it.
        pages: of an Ogg.
        seams: tell what is missing between them.
        marks: of the file.
    """
    is_framed = stream.codec_context.name.startswith(("mp1", "mp2", "mp3", "dca"))
    is_coded = stream.codec_context.name in _NEVER_ZERO
    tick_s, decode = float(stream.time_base or 0), stream.codec_context.decode
    largest, size, seconds, filling_s, kinds = 0, 0, 0.0, 0.0, _Kinds(marks.bare)
    try:
        for packet, missing in seams.between(packets):
            if pages.ends_before(packet.pos):
                break
            if (told := pages.turn(packet.pos))[0] is not None:
                yield Decoded(None, told[0] * tick_s, is_cut=told[1])
            if missing is not None:
                yield Decoded(None, lost_s=missing * seconds / max(1, size))
            data, foreign = _sound_of(packet, largest * is_framed, pages, is_coded=is_coded)
            if is_framed and data and not kinds.hold(data, packet):
                data, foreign = None, packet.size
            try:
                frames = decode(data) if data else []
            except EOFError:
                break
            except FFmpegError:
                lost_s = packet.size * seconds / size if size else (packet.duration or 0) * tick_s
                filling_s += lost_s * _is_filling(packet)
                if not _is_filling(packet) and _is_sound(packet, marks.sound_end):
                    yield Decoded(None, lost_s=lost_s)
                continue
            filling_s += max(0, foreign - _behind(packet, marks.sound_end)) * seconds / max(1, size)
            if frames and filling_s:  # zeros are a hole only where sound follows
                yield Decoded(None, lost_s=filling_s)
                filling_s = 0.0
            elif data is packet:
                largest = max(largest, packet.size)
            for frame in frames:
                padding = _padding(packet, stream, marks.ends_at) if is_framed else 0
                yield Decoded(frame, _stamp_s(frame, packet, marks, tick_s), padding=padding)
                seconds += frame.samples / frame.sample_rate
            size += packet.size - foreign
        if rest := seams.unread(marks.sound_end):
            yield Decoded(None, lost_s=rest * seconds / max(1, size))
    except FFmpegError:
        yield Decoded(None, lost_s=0.0)


def _stamp_s(
    frame: AudioFrame, packet: Packet[AudioStream], marks: Marks, tick_s: float
) -> float | None:
    is_stated = marks.stamps_all or (packet.pos is not None and packet.pos >= 0)
    return frame.pts * tick_s if is_stated and frame.pts is not None else None


def _padding(packet: Packet[AudioStream], stream: AudioStream, ends_at: int) -> int:
    """Samples to drop at the end of a packet, where ffmpeg is kept from it: believed only where the
    header is right about where that end lies in the file, for it may state too few frames.
    """
    is_ours = stream.codec_context.flags2 & Flags2.skip_manual
    if not is_ours or packet.pos is None or not packet.has_sidedata("skip_samples"):
        return 0
    is_end = not ends_at or abs(packet.pos + packet.size - ends_at) <= _LONGEST_BYTES
    told = bytes(packet.get_sidedata("skip_samples"))
    return int.from_bytes(told[4:8], "little") if is_end else 0


class _Kinds:
    """Tells frames from noise that looks like one: behind what is no frame, and behind frames of
    another kind, one is believed that is followed by another of its kind, by a tag or the end.

    Args:
        bare: the file, where it is nothing but frames; its position stays.
    """

    def __init__(self, bare: IO[bytes] | None) -> None:
        self._bare, self._kind = bare, b""

    def hold(self, frame: Packet[AudioStream], packet: Packet[AudioStream]) -> bool:
        """Whether a frame is believed that ends a packet, or is it."""
        if self._bare is None or packet.pos is None:
            return True
        kind = kind_of(bytes(memoryview(frame)[:4]))
        if kind and (kind != self._kind or frame is not packet):
            position = self._bare.tell()
            self._bare.seek(packet.pos + packet.size)
            behind = self._bare.read(16)
            self._bare.seek(position)
            if behind.strip(b"\0") and not is_tag(behind) and kind_of(behind) != kind:
                return False
        self._kind = kind
        return True


def _is_filling(packet: Packet[AudioStream]) -> bool:
    return not bytes(packet).strip(b"\0")


def _is_sound(packet: Packet[AudioStream], sound_end: int) -> bool:
    return not is_tag(bytes(packet)) and not _behind(packet, sound_end)


def _is_hole(packet: Packet[AudioStream]) -> bool:
    """Whether a packet holds nothing but zeros, which some decoders take for sound."""
    return packet.size >= _HOLE_BYTES and not bytes(packet).strip(b"\0")


def _behind(packet: Packet[AudioStream], sound_end: int) -> int:
    """How many bytes of a packet stand behind the sound."""
    return 0 if packet.pos is None else max(0, packet.pos + packet.size - sound_end)


def _sound_of(
    packet: Packet[AudioStream], largest: int, pages: Pages, *, is_coded: bool
) -> tuple[Packet[AudioStream] | None, int]:
    """What of a packet is to be decoded, and how many bytes of sound are lost in it.

    Args:
        is_coded: whether none is all zeros.
        largest: of the packets that were a frame; 0 where a packet holds nothing else.
    """
    if is_coded and _is_hole(packet):
        return None, packet.size
    if packet.size > largest > 0:
        return _without_foreign(packet, largest)
    if pages.tells_no_end and _only_ends(packet):
        return cast("Packet[AudioStream]", Packet(bytes(packet))), 0
    return packet, 0


def _only_ends(packet: Packet[AudioStream]) -> bool:
    """Whether ffmpeg drops the end of a packet, and nothing of its start."""
    if not packet.has_sidedata("skip_samples"):
        return False
    told = bytes(packet.get_sidedata("skip_samples"))
    return told[:4] == bytes(4) != told[4:8]


def _without_foreign(
    packet: Packet[AudioStream], largest: int
) -> tuple[Packet[AudioStream] | None, int]:
    """A packet of a stream without what the parser put before its frame, and how many bytes of
    sound that, and what it left behind it, may have been; no packet where the frame only states the
    length of what follows.

    Args:
        largest: of the packets that were a frame; one that is a little larger may be one.
    """
    data = bytes(packet)
    if packet.size < _MUCH * largest and not begins_frame(data):
        return packet, 0
    lost, start = foreign_bytes(data)
    if not start:
        return packet, lost
    if is_length_frame(data[start:]):
        return None, lost
    frame = cast("Packet[AudioStream]", Packet(data[start:])) if start < len(data) else None
    return frame, lost


def give_plain_order(stream: AudioStream) -> bool:
    """Take from channels an order of their container's own, as MOV and CAF may have it.

    PyAV frees the table of such an order with each of its frames. Whether there was one.
    """
    layout = stream.codec_context.layout
    has_own = "channels (" in layout.name
    if has_own:
        stream.codec_context.layout = f"{layout.nb_channels}C"
    return has_own


class Unifier:
    """Brings frames to the format, rate and channels of the first, which some streams change."""

    def __init__(self, first: AudioFrame) -> None:
        self._format = first.format.name if first.format.name in format_dtypes else "fltp"
        if first.format.is_planar and first.layout.nb_channels > MOST_PLANES:
            self._format = "flt"
        self._layout = first.layout
        self._time_base = first.time_base
        self._like = (first.sample_rate, first.layout.nb_channels, self._format)
        self._kind: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None

    def __call__(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        """The frame as one or no frames without a clock; nothing where it cannot be converted."""
        if self.is_converting:
            yield from self.ended_by(frame)
        if (frame.sample_rate, frame.layout.nb_channels, frame.format.name) == self._like:
            frame.pts = None
            yield frame
            return
        kind = frame.format.name, frame.layout.name, frame.sample_rate
        if kind != self._kind:
            rate_hz, _, target = self._like
            self._kind = kind
            self._resampler = AudioResampler(target, self._layout, rate_hz)
        frame.pts = None
        yield from self._converted(frame)

    @property
    def is_converting(self) -> bool:
        """Whether a conversion may hold something back."""
        return self._resampler is not None

    def ended_by(self, frame: AudioFrame | None) -> Iterator[AudioFrame]:
        """What a conversion still holds back, where a frame of another kind or damage ends it."""
        if not frame or (frame.format.name, frame.layout.name, frame.sample_rate) != self._kind:
            yield from self.rest()

    def rest(self) -> Iterator[AudioFrame]:
        """What a conversion still holds back."""
        if self._resampler:
            yield from self._converted(None)
            self._resampler = self._kind = None

    def _converted(self, frame: AudioFrame | None) -> list[AudioFrame]:
        assert self._resampler
        try:
            frames = self._resampler.resample(frame)
        except (FFmpegError, ValueError):
            return []
        for each in frames:
            each.pts, each.time_base = None, self._time_base
        return frames


def as_float(frame: AudioFrame) -> Block:
    """The samples of a frame as float32 of shape (n, channels), full scale -1..1."""
    import numpy as np  # late, as `recording` has it

    array: NDArray[Any] = frame.to_ndarray()
    samples = array.T if frame.format.is_planar else array.reshape(-1, frame.layout.nb_channels)
    if samples.dtype.kind == "f":
        return samples.astype(np.float32, copy=False)
    if samples.dtype.kind == "u":
        return (samples.astype(np.float32) - 128) / np.float32(128)
    return samples.astype(np.float32) * np.float32(-1 / np.iinfo(samples.dtype).min)
