"""Recordings made for the tests: no file of anybody, no ffmpeg program."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from av.container import OutputContainer
from numpy.typing import NDArray

Samples = NDArray[np.float32]

CLICK_S = 0.002
"""Length of a click: a burst of 2 kHz that survives every codec."""


def tone(seconds: float, rate_hz: int, pitch_hz: float = 440.0, level: float = 0.5) -> Samples:
    """A sine, shape (n, 1)."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (level * np.sin(2 * np.pi * pitch_hz * time_s)).astype(np.float32)[:, np.newaxis]


def clicks(seconds: float, rate_hz: int, at_s: Sequence[float]) -> Samples:
    """Silence with a short click that begins at each time, shape (n, 1)."""
    samples = np.zeros((round(seconds * rate_hz), 1), np.float32)
    length = round(CLICK_S * rate_hz)
    burst = 0.8 * np.sin(2 * np.pi * 2000 * np.arange(length) / rate_hz) * np.hanning(length)
    for start_s in at_s:
        start = round(start_s * rate_hz)
        samples[start : start + length, 0] = burst
    return samples


def click_error_s(samples: NDArray[np.int16], at_s: float, rate_hz: int = 16_000) -> float:
    """How much later than `at_s` a click begins, by the centre of its energy within 0.1 s."""
    centre_s = at_s + CLICK_S / 2
    first = max(0, round((centre_s - 0.1) * rate_hz))
    energy = samples[first : round((centre_s + 0.1) * rate_hz)].astype(np.float64) ** 2
    places_s = (first + np.arange(len(energy))) / rate_hz
    return float((energy * places_s).sum() / energy.sum() - centre_s)


@cache
def babble(seconds: float, seed: int = 1) -> NDArray[np.int16]:
    """Noise at 16 kHz that comes in words and pauses of 0.2 s and more, shape (n,)."""
    random = np.random.default_rng(seed)
    count = round(seconds * 16_000)
    loud = np.repeat(random.random(count // 3200 + 1) < 0.7, 3200)[:count]
    level = np.where(loud, 3000.0, 20.0)
    samples = (random.standard_normal(count) * level).clip(-32768, 32767).astype(np.int16)
    samples.flags.writeable = False
    return samples


def plain_file(samples: NDArray[Any], rate_hz: int, kind: str, subtype: str | None = None) -> bytes:
    """A file as libsndfile writes it."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, subtype, format=kind)
    return buffer.getvalue()


def container_file(
    tracks: Sequence[Samples],
    rate_hz: int,
    kind: str,
    codec: str | None,
    *,
    options: dict[str, str] | None = None,
    audio_starts_s: float = 0.0,
    video_s: float = 0.0,
    uneven: bool = False,
) -> bytes:
    """A file as ffmpeg muxes it.

    Args:
        tracks: samples of shape (n, channels), one for each audio track.
        rate_hz: of all tracks.
        kind: ffmpeg's name of the container.
        codec: ffmpeg's name of the audio encoder.
        options: of the muxer.
        audio_starts_s: how much later than the video the sound begins.
        video_s: length of a small picture track; 0 for none.
        uneven: whether its frames come at a changing rate.
    """
    # By name, for some muxers read again what they have written.
    with tempfile.NamedTemporaryFile() as file:
        with av.open(file.name, "w", format=kind, options=options or {}) as container:
            _mux(container, tracks, rate_hz, codec, audio_starts_s, video_s, uneven=uneven)
        return Path(file.name).read_bytes()


def _mux(
    container: OutputContainer,
    tracks: Sequence[Samples],
    rate_hz: int,
    codec: str | None,
    audio_starts_s: float,
    video_s: float,
    *,
    uneven: bool,
) -> None:
    video = container.add_stream("mpeg4", rate=10) if video_s else None
    streams = [
        container.add_stream(codec or "aac", rate=rate_hz, layout=_layout(track))
        for track in tracks
    ]
    for stream in streams:
        stream.codec_context.bit_rate = 64_000 if codec == "wmav2" else 0
    if video:
        video.width = video.height = 32
        video.pix_fmt = "yuv420p"
        for number in range(round(video_s * 10)):
            if uneven and number % 3 == 1:
                continue
            picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), number, np.uint8), "rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 10)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
    for stream, track in zip(streams, tracks, strict=True):
        _encode(container, stream, track, rate_hz, round(audio_starts_s * rate_hz))


def _encode(container: Any, stream: Any, track: Samples, rate_hz: int, start: int) -> None:
    for at in range(0, len(track), 1024):
        # Packed: PyAV takes no more than seven planes.
        piece = np.ascontiguousarray(track[at : at + 1024]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(piece, "flt", _layout(track))
        frame.rate, frame.pts, frame.time_base = rate_hz, start + at, Fraction(1, rate_hz)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _layout(track: Samples) -> str:
    return {1: "mono", 2: "stereo", 4: "quad", 6: "5.1", 8: "7.1", 16: "hexadecagonal"}[
        track.shape[1]
    ]
