"""The reader over ffmpeg's libraries in PyAV: every container, every video, and damaged files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import IO

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags2
from av.container import InputContainer
from av.error import FFmpegError
from av.filter import Graph
from av.filter.context import FilterContext

from audiopipe.audio.reading.frames import Timeline, Unifier, as_float, decoded
from audiopipe.audio.reading.headers import is_intact, mp3_states_length
from audiopipe.audio.reading.recording import (
    BLOCK_FRAMES,
    Block,
    Recording,
    file_sha256,
    skip_frames,
)
from audiopipe.errors import EmptyAudio, NoAudioTrack, UnreadableInput

_BUFFER_BYTES = 1 << 20
"""Read at once: each read costs a call into Python."""

_MOST_PADDING_FRAMES = 4096
"""More than an encoder pads at the end; what exceeds the header by less is such padding."""

_EXACT = frozenset({"mov", "flac", "wav", "ogg", "asf", "aiff", "w64", "caf", "au"})
"""Containers that state the length of a track, rather than letting ffmpeg estimate it."""


class ContainerRecording(Recording):
    """One audio track of a file that ffmpeg reads, looked at frame by frame.

    Attributes:
        has_table: whether the file has a table of all packets and states the track's length, as MP4
            does, so that none can be missing unnoticed; and ffmpeg itself drops what the encoder
            put before the sound.
        start_s: where the container's clock begins.

    Args:
        file: seekable, at any position.
        name: for messages.
        track: which audio track, counted from 1; None takes the first.

    Raises:
        UnreadableInput: not a recording, or no decoder for it.
        NoAudioTrack: no such track.
        EmptyAudio: not one sample could be decoded.
    """

    def __init__(self, file: IO[bytes], name: str, track: int | None) -> None:
        self._file = file
        self._track = track
        self._container = open_container(file, name)
        try:
            stream = _chosen(self._container, name, track)
            self._delay_frames = _opus_delay_frames(self._container, stream)
            self._frames = decoded(self._container, stream)
            self._first = _first_of(self._frames, name)
            duration_s = _promised_s(self._container, stream, file)
        except BaseException:
            self._container.close()
            raise
        super().__init__(name, self._first.sample_rate, self._first.layout.nb_channels, duration_s)
        kind = self._container.format.name
        self.has_table = "mov" in kind and duration_s is not None and not self._delay_frames
        self.start_s = (self._container.start_time or 0) / av.time_base
        self._index = stream.index
        self._counts_padding = "matroska" in kind
        self._timeline = Timeline(self._container, stream, duration_s)
        tracks = len(self._container.streams.audio)
        if track is None and tracks > 1:
            self.notes.append(f"has {tracks} audio tracks, took the first (--track takes another)")

    def blocks(self) -> Iterator[Block]:
        yield from skip_frames(self._blocks(), self._delay_frames)

    def sha256(self) -> str:
        return file_sha256(self._file)

    def close(self) -> None:
        self._frames.close()
        self._container.close()

    def reopened(self) -> ContainerRecording:
        """The same track from its beginning; this one must be closed."""
        return ContainerRecording(self._file, self.name, self._track)

    def add_to(self, graph: Graph, descriptor: int) -> FilterContext:
        """The same track from its beginning as a filter, read by ffmpeg itself."""
        self._file.seek(0)
        return graph.add(
            "amovie",
            filename="fd:",
            format_opts=f"fd={descriptor}:protocol_whitelist=fd",
            stream_index=str(self._index),
        )

    def padding_frames(self, written: int) -> int:
        """What the encoder added at the end, where the header tells exactly how long it was."""
        if self.duration_s is None or self._counts_padding:
            return 0
        extra = written - round(self.duration_s * self.rate_hz)
        return extra if 0 < extra < _MOST_PADDING_FRAMES else 0

    def _blocks(self) -> Iterator[Block]:
        queue, unify, written = AudioFifo(), Unifier(self._first), 0
        for frame, damaged in chain([(self._first, False)], self._frames):
            gap_s = self._timeline.gap_s(frame, written / self.rate_hz) if frame else 0.0
            if damaged or gap_s:
                at_s = written / self.rate_hz
                if damaged or self._timeline.counts_samples:
                    self.lose(at_s, at_s + gap_s, "damaged data was skipped")
                yield from _drained(queue)
                yield from _silence(round(gap_s * self.rate_hz), self.channels)
                written += round(gap_s * self.rate_hz)
            for piece in unify(frame) if frame else ():
                queue.write(piece)
                written += piece.samples
            if queue.samples >= BLOCK_FRAMES:
                yield from _drained(queue)
        written -= self._delay_frames
        self.lose_tail(written)
        yield from _drained(queue, self.padding_frames(written))


def open_container(file: IO[bytes], name: str) -> InputContainer:
    """A file as ffmpeg reads it; whoever opens it closes it.

    Raises:
        UnreadableInput: it is no container that ffmpeg knows.
    """
    options = {
        # A playlist or script must not make us open other files.
        "protocol_whitelist": "none",
        # A WAV whose header lies is read to its end.
        "ignore_length": str(int(not is_intact(file))),
    }
    try:
        return av.open(
            file,
            "r",
            metadata_errors="replace",
            buffer_size=_BUFFER_BYTES,
            options=options,
        )
    except (FFmpegError, IndexError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnreadableInput(f"{name} is not a recording that can be read: {reason}") from error


def _chosen(container: InputContainer, name: str, track: int | None) -> AudioStream:
    streams = container.streams.audio
    if not streams:
        if container.streams.video:
            raise NoAudioTrack(f"{name} holds no sound: it has no audio track")
        raise UnreadableInput(f"{name} is not a recording: no sound in it")
    number = track or 1
    if not 1 <= number <= len(streams):
        raise NoAudioTrack(f"{name} has no audio track {number}: it has {len(streams)}")
    stream = streams[number - 1]
    if stream.codec_context is None:
        raise UnreadableInput(f"{name}: no decoder for the codec of its audio track")
    return stream


def _first_of(frames: Iterator[tuple[AudioFrame | None, bool]], name: str) -> AudioFrame:
    for frame, _ in frames:
        if frame:
            return frame
    raise EmptyAudio(f"{name}: its audio track holds no sound that can be decoded")


def _opus_delay_frames(container: InputContainer, stream: AudioStream) -> int:
    """Frames before the first that is heard, where ffmpeg is kept from dropping them itself.

    It converts the delay of Opus in Matroska and MP4 with the rate that the track states, which
    may be 16 kHz; Opus is decoded, and its delay counted, at 48 kHz (RFC 7845, section 5.1).
    """
    head = stream.codec_context.extradata or b""
    if "ogg" in container.format.name or head[:8] != b"OpusHead" or len(head) < 12:
        return 0
    stream.codec_context.flags2 |= Flags2.skip_manual
    return int.from_bytes(head[10:12], "little")


def _promised_s(container: InputContainer, stream: AudioStream, file: IO[bytes]) -> float | None:
    """Seconds that the header states for the track; None where ffmpeg only estimates them."""
    kinds = set(container.format.name.split(","))
    tick_s, start_s = float(stream.time_base or 0), (container.start_time or 0) / av.time_base
    if "matroska" in kinds:
        # A tag tells when the track ends; without one, a lone track ends with the file.
        end_s = _clock_s(stream.metadata.get("DURATION", ""))
        if end_s is None and len(container.streams) == 1 and container.duration:
            end_s = start_s + container.duration / av.time_base
        seconds = (end_s or 0) - start_s
    elif kinds & _EXACT or ("mp3" in kinds and mp3_states_length(file)):
        late_s = (stream.start_time or 0) * tick_s - start_s
        seconds = (stream.duration or 0) * tick_s + max(0.0, late_s)
    else:
        return None
    return seconds if seconds > 0 else None


def _clock_s(text: str) -> float | None:
    """Seconds of `00:00:03.008000000`, as Matroska writers tag the length of each track."""
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None


def _drained(queue: AudioFifo, padding: int = 0) -> Iterator[Block]:
    frame = queue.read()
    if frame is not None:
        block = as_float(frame)
        yield block[: len(block) - padding]


def _silence(frames: int, channels: int) -> Iterator[Block]:
    for at in range(0, frames, BLOCK_FRAMES):
        yield np.zeros((min(BLOCK_FRAMES, frames - at), channels), np.float32)
