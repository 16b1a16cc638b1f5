"""Frames as ffmpeg decodes them: past damage, of one kind, in their right time."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame, format_dtypes
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

_JUMP_S = 0.05
"""Containers round times to a millisecond or a packet; only a larger jump is a gap."""

_LATE_S = 0.01
"""A first sample that is later than this after the file's start is late on purpose."""

_MOST_FILLED_S = 3600.0
"""Silence that gaps may add to one recording: damaged clocks jump by years."""

_SAMPLE_COUNTERS = frozenset({"flac", "ogg"})
"""Containers that count every sample: a gap in them is a loss, never a pause."""


def decoded(
    container: InputContainer, stream: AudioStream
) -> Generator[tuple[AudioFrame | None, bool], None, None]:
    """Each frame, and whether damage was met since the one before; None for damage at the end."""
    damaged = False
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except EOFError:
                break
            except FFmpegError:
                damaged = True
                continue
            for frame in frames:
                yield frame, damaged
                damaged = False
    except FFmpegError:
        damaged = True
    if damaged:
        yield None, True


class Timeline:
    """Where frames belong, by the clock of their container.

    Attributes:
        counts_samples: whether every gap in this container is a loss.
    """

    def __init__(
        self, container: InputContainer, stream: AudioStream, duration_s: float | None
    ) -> None:
        self.counts_samples = container.format.name in _SAMPLE_COUNTERS
        # The first Vorbis packet only primes the decoder, yet the container's clock counts it.
        self._least_s = _JUMP_S if stream.codec_context.name == "vorbis" else _LATE_S
        self._tick_s = float(stream.time_base or 0)
        self._anchor_s = (container.start_time or 0) / av.time_base
        self._duration_s = duration_s
        self._filled_s = 0.0

    def gap_s(self, frame: AudioFrame, at_s: float) -> float:
        """Seconds of silence that belong between what has been written and this frame.

        A clock that jumps back, or further than can be true, is followed from there on.

        Args:
            frame: the next frame.
            at_s: seconds written so far, all silence included.
        """
        pts = frame.pts
        if pts is None:
            return 0.0
        gap_s = pts * self._tick_s - self._anchor_s - at_s
        least_s, self._least_s = self._least_s, _JUMP_S
        if -least_s < gap_s < least_s:
            return 0.0
        if gap_s > 0 and self._plausible(at_s, gap_s):
            self._filled_s += gap_s
            return gap_s
        self._anchor_s += gap_s
        return 0.0

    def _plausible(self, at_s: float, gap_s: float) -> bool:
        ends_in_time = self._duration_s is None or at_s + gap_s <= self._duration_s + 1
        return ends_in_time and self._filled_s + gap_s <= _MOST_FILLED_S


class Unifier:
    """Brings frames to the format, rate and channels of the first, which some streams change."""

    def __init__(self, first: AudioFrame) -> None:
        self._format = first.format.name if first.format.name in format_dtypes else "fltp"
        self._layout = first.layout
        self._time_base = first.time_base
        self._like = (first.sample_rate, first.layout.nb_channels, self._format)
        self._resamplers: dict[tuple[str, str, int], AudioResampler] = {}

    def __call__(self, frame: AudioFrame) -> list[AudioFrame]:
        """The frame as one or no frames without a clock; nothing where it cannot be converted."""
        if (frame.sample_rate, frame.layout.nb_channels, frame.format.name) != self._like:
            return self._converted(frame)
        frame.pts = None
        return [frame]

    def _converted(self, frame: AudioFrame) -> list[AudioFrame]:
        kind = frame.format.name, frame.layout.name, frame.sample_rate
        try:
            if kind not in self._resamplers:
                rate_hz, _, target = self._like
                self._resamplers[kind] = AudioResampler(target, self._layout, rate_hz)
            frames = self._resamplers[kind].resample(frame)
        except (FFmpegError, ValueError):
            return []
        for each in frames:
            each.pts, each.time_base = None, self._time_base
        return frames


def as_float(frame: AudioFrame) -> NDArray[np.float32]:
    """The samples of a frame as float32 of shape (n, channels), full scale -1..1."""
    array: NDArray[Any] = frame.to_ndarray()
    samples = array.T if frame.format.is_planar else array.reshape(-1, frame.layout.nb_channels)
    if samples.dtype.kind == "f":
        return samples.astype(np.float32, copy=False)
    if samples.dtype.kind == "u":
        return (samples.astype(np.float32) - 128) / np.float32(128)
    return samples.astype(np.float32) * np.float32(-1 / np.iinfo(samples.dtype).min)
