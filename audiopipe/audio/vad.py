"""Where somebody speaks, told from music, noise and silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audiopipe.audio.silence import FRAME_SAMPLES, powers, quietest, runs, silent_power
from audiopipe.audio.silero import CONTEXT_SAMPLES, STEP_SAMPLES, probabilities
from audiopipe.values.audio import RATE_HZ, Span, Window

_BLOCK_STEPS, _LEAD_STEPS = 940, 32
"""30 s are heard at a time: the network finds less voice the longer it has listened. A second
before each block is heard and thrown away: it needs a while to find its way."""

_SERIES = 4
"""Blocks that are heard beside each other: more are no less work."""

_POSSIBLE, _CERTAIN = 0.35, 0.65
"""Probabilities on either side of the usual 0.5: a doubt counts against no text."""

_SPEECH_DB, _AROUND_FRAMES = 7.0, 200
"""Over 2 s the level of 99 % of read speech varies by more than 7 dB (standard deviation), that of
steady noise and held notes by 1 to 4 dB. Music with a beat passes for speech."""

_PAUSE_S, _CLICK_S = 0.3, 0.2
"""Shorter pauses belong to the speech around them; shorter sounds are none."""

Mask = NDArray[np.bool_]
Detector = Callable[[NDArray[np.float32]], tuple[Mask, Mask, float]]


@dataclass(frozen=True, slots=True)
class Voice:
    """Where somebody speaks; spans in order and apart.

    Attributes:
        possible: where somebody may speak: text elsewhere is made up.
        certain: where somebody surely speaks: there must be text.
    """

    possible: tuple[Span, ...]
    certain: tuple[Span, ...]


def find_voice(samples: NDArray[np.float32], detect: Detector) -> Voice:
    """Where somebody speaks in samples, in seconds from their start.

    Args:
        samples: float32 of shape (n,) in -1..1, 16 kHz.
        detect: `by_network` or `by_level`.
    """
    possible, certain, step_s = detect(samples)
    return Voice(tuple(_spans(possible, step_s)), tuple(_spans(certain, step_s)))


def has_network() -> bool:
    """Whether voices are told by the network: where onnxruntime is installed, as it is with all
    that hears speech here. Elsewhere it would be as much work as all other preparing.
    """
    return bool(find_spec("onnxruntime"))


def best_detector() -> Detector:
    """The network if it is installed."""
    return by_network if has_network() else by_level


def calmest(samples: NDArray[np.int16], detect: Detector) -> int:
    """The best index to cut at: the middle of the longest stretch without a voice.

    Of 1585 cuts in speech, clean or under music and noise, 9 % fell into a word; at the quietest
    point of that stretch it was 15 %, and at the quietest point of all 20 %. Without any voice, or
    with nothing but one, the level alone decides.

    Args:
        samples: shape (n,), 16 kHz; n >= 0.
        detect: see `find_voice`.
    """
    silent = pauses(samples.astype(np.float32) / np.float32(32768), detect)
    if not silent or silent[0].duration_s >= len(samples) / RATE_HZ:
        return quietest(samples)
    longest = max(silent, key=lambda pause: pause.duration_s)
    return round(longest.middle_s * RATE_HZ)


def pauses(samples: NDArray[np.float32], detect: Detector) -> list[Span]:
    """Where surely nobody speaks, the shortest of 0.03 s, in seconds from the first sample.

    Args:
        samples: float32 of shape (n,) in -1..1, 16 kHz; n >= 0.
        detect: see `find_voice`.
    """
    possible, _, step_s = detect(samples)
    end_s = len(samples) / RATE_HZ  # the last step may reach beyond
    edges = zip(*runs(~possible), strict=True)
    return [Span(float(a * step_s), min(end_s, float(b * step_s))) for a, b in edges]


def in_file(voice: Voice, window: Window) -> Voice:
    """What was found in the samples of a chunk, in the time of its file."""
    possible, certain = (
        tuple(placed for span in spans for placed in _placed(span, window))
        for spans in (voice.possible, voice.certain)
    )
    return Voice(possible, certain)


def by_network(samples: NDArray[np.float32]) -> tuple[Mask, Mask, float]:
    """By the Silero detector, a small network that tells voices from music and noise.

    It hears 1000 seconds in a second of the processor, 1500 without OpenBLAS' threads.

    Returns:
        Possible and certain voice in each step, and the seconds of a step.
    """
    block, lead = _BLOCK_STEPS * STEP_SAMPLES, _LEAD_STEPS * STEP_SAMPLES + CONTEXT_SAMPLES
    steps = -(-len(samples) // STEP_SAMPLES)
    length = min(block, steps * STEP_SAMPLES)  # of each block, of which the last is filled up
    count = -(-len(samples) // block)
    padded = np.pad(samples, (lead, count * length - len(samples)))
    blocks = sliding_window_view(padded, lead + length)[::block]
    heard = [np.empty(0, np.float32)]
    for start in range(0, count, _SERIES):
        likely = probabilities(blocks[start : start + _SERIES])
        heard.append(likely[:, _LEAD_STEPS:].reshape(-1))
    probability = np.concatenate(heard)[:steps]
    return probability >= _POSSIBLE, probability >= _CERTAIN, STEP_SAMPLES / RATE_HZ


def by_level(samples: NDArray[np.float32]) -> tuple[Mask, Mask, float]:
    """By level: all that is not silent may be a voice, and is one if it varies as speech does.

    It hears 20 000 seconds a second.

    Returns:
        Possible and certain voice in each step, and the seconds of a step.
    """
    power = powers((samples * 32767).astype(np.int16))
    level_db = 10 * np.log10(power + 1)
    mean_db = _around(level_db)
    varies_db = np.sqrt(np.maximum(0.0, _around(level_db**2) - mean_db**2))
    loud = power > silent_power(float(power.max(initial=0.0)))
    voice = loud & (varies_db > _SPEECH_DB) & (level_db > mean_db)
    return loud, voice, FRAME_SAMPLES / RATE_HZ


def _around(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the 2 s around each value."""
    total = np.concatenate(([0.0], np.cumsum(values)))
    at = np.arange(len(values))
    first = np.maximum(at - _AROUND_FRAMES // 2, 0)
    last = np.minimum(at + _AROUND_FRAMES // 2, len(values))
    mean: NDArray[np.float64] = (total[last] - total[first]) / np.maximum(last - first, 1)
    return mean


def _spans(mask: Mask, step_s: float) -> Iterator[Span]:
    """The runs of True, pauses closed and clicks left out."""
    closed = mask.copy()
    for start, end in zip(*runs(~mask), strict=True):
        if start > 0 and end < len(mask) and (end - start) * step_s < _PAUSE_S:
            closed[start:end] = True
    for start, end in zip(*runs(closed), strict=True):
        if (end - start) * step_s >= _CLICK_S:
            yield Span(float(start * step_s), float(end * step_s))


def _placed(span: Span, window: Window) -> Iterator[Span]:
    """The stretches of the file behind a span of the chunk's samples."""
    start_s, end_s = span.start_s, span.end_s
    for stretch in window.stretches:
        begin_s, stop_s = max(start_s, 0.0), min(end_s, stretch.duration_s)
        if begin_s < stop_s:
            yield Span(stretch.start_s + begin_s, stretch.start_s + stop_s)
        start_s, end_s = start_s - stretch.duration_s, end_s - stretch.duration_s
