"""Silero's voice detector: so small a network that numpy hears with it, and needs no library that
takes 40 MB to load. scripts/make_voice_network.py wrote its weights."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

STEP_SAMPLES, CONTEXT_SAMPLES = 512, 64
"""The network hears 32 ms at once, and a little of what was before."""

_HOP, _FRAME = 128, 256
"""Of a step's 576 samples, the last 64 mirrored behind them, four frames are heard."""

_UNITS, _HALF = 128, np.float32(0.5)

_TOGETHER = 128
"""Steps that are heard in 2 MB; more are no quicker."""

Samples = NDArray[np.float32]


def probabilities(series: Samples) -> Samples:
    """How likely a voice is in each step, in series that are heard at once.

    Four series take twice as long as one, for numpy has as many calls to make.

    Args:
        series: shape (k, n * `STEP_SAMPLES` + `CONTEXT_SAMPLES`), full scale -1..1, at 16 kHz.

    Returns:
        Shape (k, n), 0 to 1.
    """
    steps = sliding_window_view(series, STEP_SAMPLES + CONTEXT_SAMPLES, axis=1)[:, ::STEP_SAMPLES]
    kept = _remembered(np.stack([_encoded(each) for each in steps], axis=2))
    weights = _weights()
    score: Samples = np.maximum(kept, 0).transpose(2, 0, 1) @ weights["last"]
    score += weights["last_bias"]
    likely: Samples = np.tanh(score * _HALF) * _HALF + _HALF
    return likely


def _encoded(steps: Samples) -> Samples:
    """Four layers over the spectra of each step's frames: shape (n, 128)."""
    parts = [_layers(steps[at : at + _TOGETHER]) for at in range(0, len(steps), _TOGETHER)]
    return np.concatenate(parts)


def _layers(steps: Samples) -> Samples:
    weights = _weights()
    mirrored = np.concatenate((steps, steps[:, -2 : -2 - CONTEXT_SAMPLES : -1]), axis=1)
    frames = sliding_window_view(mirrored, _FRAME, axis=1)[:, ::_HOP]
    waves = frames.reshape(-1, _FRAME) @ weights["waves"]
    waves *= waves
    real, imaginary = np.split(waves, 2, axis=1)
    heard = np.sqrt(real + imaginary).reshape(len(steps), -1)
    for layer in range(4):
        heard = heard @ weights[f"layer{layer}"]
        heard += weights[f"bias{layer}"]
        np.maximum(heard, 0, out=heard)
    made: Samples = heard
    return made


def _remembered(series: Samples) -> Samples:
    """A layer of long short-term memory over the steps: shape (n, 128, k), as what it takes.

    A sigmoid is the tangent of half, moved and scaled: the halves are in the weights, so that there
    is one call for all gates.
    """
    weights = _weights()
    matrix, bias = weights["gates"], weights["gates_bias"][:, np.newaxis]
    count = series.shape[2]
    told = np.zeros((2 * _UNITS, count), np.float32)  # of the step, and what was given of the last
    memory = np.zeros((_UNITS, count), np.float32)
    gates = np.empty((4 * _UNITS, count), np.float32)
    take, give, keep, new = np.split(gates, 4)
    sigmoids = gates[: 3 * _UNITS]
    made = np.empty_like(series)
    for step, given in zip(series, made, strict=True):
        told[:_UNITS] = step
        np.matmul(matrix, told, out=gates)
        gates += bias
        np.tanh(gates, out=gates)
        sigmoids *= _HALF
        sigmoids += _HALF
        memory *= keep
        take *= new
        memory += take
        np.tanh(memory, out=given)
        given *= give
        told[_UNITS:] = given
    return made


@cache
def _weights() -> dict[str, Samples]:
    with np.load(Path(__file__).with_name("silero.npz")) as file:
        return dict(file)
