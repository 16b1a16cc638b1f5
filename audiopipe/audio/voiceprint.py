"""Whose voice it is: a direction for each second of speech, alike where the voice is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.silence import runs
from audiopipe.values.audio import RATE_HZ, Span

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Directions = NDArray[np.float32]

_FRAME, _HOP = 400, 160
"""The network hears 25 ms at once, 100 times a second."""

_LONGEST, _STEP, _SHORTEST = 120, 60, 40
"""Frames: of 1.2 s, half of that between two windows, a turn of a second has one to itself; of the
1.6 s that the network learnt from it has none, and went to who spoke before or after. A voice that
is heard for less than 0.4 s is not known by it."""

_LEVEL = 10 ** (-25 / 20)
"""The network hears level too: each stretch of voice is brought to -25 dB. Of -30, -25 and -20, the
fewest errors on pieces of 1.6 s of 14 readers (equal error rate 5.3, 4.3 and 5.1 %)."""

_BATCH = 64
"""Windows that are heard at once, in 40 MB; more at once is no faster."""

DIMENSIONS = 256

_SETTLES, _LATE = 30, 10
"""Frames of a window before the network knows of several voices, and how late it tells."""

_SMOOTHED = 25
_SURE, _MAYBE, _LEAST_CROWDED_S = 1.0, -1.15, 0.1
"""Log odds, in the mean of a quarter of a second. Several speak where they are above the first for
0.1 s, and around it as long as they are above the second, which is what they are before anything
is heard: a quarter of what was learnt from has two voices. See scripts/bench_speakers.py."""


@dataclass(frozen=True, slots=True)
class Prints:
    """Windows of voice, in order of their starts, and the direction of each.

    Attributes:
        spans: the windows; they overlap.
        directions: shape (n, 256), float32, each of length 1 and nowhere negative.
        crowded: where several seem to speak at once; in order and apart.
    """

    spans: tuple[Span, ...]
    directions: Directions
    crowded: tuple[Span, ...] = ()


def has_network() -> bool:
    """Whether `find_prints` can be used."""
    return bool(find_spec("onnxruntime"))


def no_prints() -> Prints:
    """Of nobody."""
    return Prints((), np.empty((0, DIMENSIONS), np.float32))


def find_prints(samples: NDArray[np.float32], voice: Sequence[Span]) -> Prints:
    """The directions of voices, heard at 150 seconds a second on one core.

    The network is Resemblyzer's, as scripts/make_speaker_network.py wrote it. Two windows of the
    same reader have a cosine of about 0.75, two of different ones of about 0.45.

    Args:
        samples: float32 of shape (n,) in -1..1, 16 kHz.
        voice: where somebody speaks, in seconds from the first sample; in order and apart.
    """
    return joined([_of_stretch(samples, span) for span in voice])


def joined(parts: Sequence[Prints]) -> Prints:
    """Several as one, in order of their starts."""
    spans = [span for part in parts for span in part.spans]
    rows = np.concatenate([part.directions for part in parts] or [no_prints().directions])
    order = sorted(range(len(spans)), key=lambda n: spans[n].start_s)
    crowded = sorted((span for part in parts for span in part.crowded), key=attrgetter("start_s"))
    return Prints(tuple(spans[n] for n in order), rows[order], tuple(crowded))


def mean_direction(directions: Directions) -> Directions:
    """The direction between some, of length 1; shape (256,)."""
    total = directions.sum(axis=0)
    direction: Directions = total / max(float(np.linalg.norm(total)), 1e-6)
    return direction


def _of_stretch(samples: NDArray[np.float32], span: Span) -> Prints:
    """The windows of a stretch of voice and their directions."""
    first = round(span.start_s * RATE_HZ)
    heard = samples[first : round(span.end_s * RATE_HZ)]
    count = len(heard) // _HOP
    if count < _SHORTEST:
        return no_prints()
    level = float(np.sqrt(np.mean(np.square(heard, dtype=np.float64))))
    padded = np.pad(heard * np.float32(_LEVEL / max(level, 1e-6)), _FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    length = min(count, _LONGEST)
    steps = -(-(count - length) // _STEP)
    starts = np.linspace(0, count - length, steps + 1).round().astype(np.int64)
    rows, odds = zip(
        *(_asked(frames, starts[at : at + _BATCH], length) for at in range(0, len(starts), _BATCH)),
        strict=True,
    )
    begins_s = ((first + starts * _HOP) / RATE_HZ).tolist()
    return Prints(
        tuple(Span(at_s, at_s + length * _HOP / RATE_HZ) for at_s in begins_s),
        np.concatenate(rows),
        tuple(_crowded(np.concatenate(odds, axis=1), starts, first / RATE_HZ)),
    )


def _asked(
    frames: NDArray[np.float32], starts: NDArray[np.int64], length: int
) -> tuple[Directions, NDArray[np.float32]]:
    """The directions of windows, and the log odds of several voices in each of their frames."""
    inputs = {
        "frames": np.ascontiguousarray(frames[starts[0] : starts[-1] + length]),
        "windows": np.arange(length)[:, None] + starts - starts[0],
        "lengths": np.full(len(starts), length, np.int32),
    }
    directions, odds = _network().run(None, inputs)
    return directions, odds


def _crowded(odds: NDArray[np.float32], starts: NDArray[np.int64], from_s: float) -> Iterator[Span]:
    """Where several seem to speak at once.

    Args:
        odds: of each frame of each window, shape (frames, windows).
        starts: of the windows, in frames.
        from_s: when the first frame is.
    """
    count = int(starts[-1]) + len(odds)
    total, weight = np.zeros(count), np.zeros(count)
    for column, start in zip(odds.T, starts, strict=True):
        settled = slice(start + _SETTLES - _LATE, start + len(column) - _LATE)
        total[settled] += column[_SETTLES:]
        weight[settled] += 1
    known = np.flatnonzero(weight)
    mean = np.interp(np.arange(count), known, total[known] / weight[known])
    padded = np.pad(mean, _SMOOTHED // 2, "edge")
    smooth = np.convolve(padded, np.ones(_SMOOTHED) / _SMOOTHED, "valid")
    sure = [
        (a, b)
        for a, b in zip(*runs(smooth > _SURE), strict=True)
        if (b - a) * _HOP >= _LEAST_CROWDED_S * RATE_HZ
    ]
    for a, b in zip(*runs(smooth > _MAYBE), strict=True):
        if any(a <= first and last <= b for first, last in sure):
            yield Span(from_s + float(a) * _HOP / RATE_HZ, from_s + float(b) * _HOP / RATE_HZ)


@cache
def _network() -> InferenceSession:
    """Opened once; threads may share it."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return InferenceSession(Path(__file__).with_name("resemblyzer.onnx"), options)
