"""Samples through ffmpeg's filters: loudness, limits, noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph
from numpy.typing import NDArray

from audiopipe.audio.silence import powers
from audiopipe.values.audio import RATE_HZ

_DELAY_SAMPLES = 400
"""By so much `afftdn` moves a sound at 16 kHz: one of its windows of 25 ms."""

_FLOORS_DB = (-80.0, -20.0)
"""What `afftdn` takes for a noise floor."""


def denoised(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """The samples without most of their steady noise: as many, shape (n,), at 16 kHz.

    Spectral subtraction of 12 dB, ffmpeg's default, which leaves voices whole; the noise is taken
    to be as loud as the quietest tenth.
    """
    power = powers(samples)
    quiet = float(np.quantile(power, 0.1)) if len(power) else 0.0
    floor_db = float(np.clip(10 * np.log10(quiet / 32768**2 + 1e-12), *_FLOORS_DB))
    denoiser = ("afftdn", f"noise_reduction=12:noise_floor={floor_db:.1f}")
    frames = filtered(
        iter([_frame(np.pad(samples, (0, _DELAY_SAMPLES)))]),
        RATE_HZ,
        [denoiser, ("aformat", "sample_fmts=s16")],
    )
    late: NDArray[np.int16] = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return late[_DELAY_SAMPLES : _DELAY_SAMPLES + len(samples)]


def paced(
    samples: NDArray[np.float32], rate_hz: int, pace: float, pitch: float = 1.0
) -> NDArray[np.float32]:
    """A sound at another pace or pitch, each by itself: shape (n,), about 1 / pace as long.

    Args:
        samples: full scale -1..1.
        rate_hz: of them.
        pace: 0.05 to 20; above 1 is faster.
        pitch: 0.5 to 2; above 1 is higher.
    """
    exact = (samples * 32767).round().clip(-32768, 32767).astype(np.int16)
    frame = _frame(exact, rate_hz)
    stretch = pace / pitch
    count = max(1, math.ceil(-math.log2(stretch)))  # atempo stretches to the half at most
    tempo = [("atempo", f"tempo={stretch ** (1 / count):.4f}")] * count
    if pitch != 1:
        tempo[:0] = [("asetrate", f"{round(rate_hz * pitch)}"), ("aresample", f"{rate_hz}")]
    frames = filtered(iter([frame]), rate_hz, [*tempo, ("aformat", "sample_fmts=s16")])
    parts = [each.to_ndarray()[0] for each in frames]
    whole = np.concatenate(parts or [exact[:0]]).astype(np.float32)
    return whole / np.float32(32767)


def _frame(samples: NDArray[np.int16], rate_hz: int = RATE_HZ) -> AudioFrame:
    frame = AudioFrame.from_ndarray(samples[np.newaxis], "s16", "mono")
    frame.sample_rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
    return frame


def filtered(
    frames: Iterator[AudioFrame], rate_hz: int, filters: Sequence[tuple[str, str]]
) -> Iterator[Any]:
    """The frames behind some filters.

    Args:
        frames: mono, 16 bit, with their clocks.
        rate_hz: of the frames.
        filters: names and settings, in order.
    """
    graph = Graph()
    source = graph.add_abuffer(
        format="s16", sample_rate=rate_hz, layout="mono", time_base=Fraction(1, rate_hz)
    )
    contexts = [graph.add(name, settings) for name, settings in filters]
    graph.link_nodes(source, *contexts, graph.add("abuffersink")).configure()
    for frame in frames:
        graph.push(frame)
        yield from _ready(graph)
    graph.push(None)
    yield from _ready(graph)


def _ready(graph: Graph) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (BlockingIOError, EOFError):
            return
