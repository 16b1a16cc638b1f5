"""Makes audiopipe/audio/silero.npz: the weights of Silero's voice detector, as numpy takes them.

python scripts/make_voice_network.py

The detector comes with faster-whisper as a graph of small convolutions, each over a handful of
frames, which leave a processor's vector units mostly idle. The same weights as products of large
matrices, all steps of a block in each, give the same probabilities but for rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from faster_whisper.utils import get_assets_path
from numpy.typing import NDArray

OUT = Path(__file__).parent.parent / "audiopipe" / "audio" / "silero.npz"
ORIGIN = "Silero VAD v6, (c) 2020-present Silero Team, MIT licence"

FRAMES, UNITS = 4, 128
"""Of a step, and of what is remembered of it."""

STRIDES = (1, 2, 2, 1)
"""Of the four convolutions over the frames of a step, each with three taps."""

SCALES = np.array([0.5, 0.5, 0.5, 1], np.float32)
"""Of the gates: three are sigmoids, which are the tangent of half."""

Weights = NDArray[np.float32]


def main() -> None:
    """Read the original, write the rearrangement."""
    original = onnx.load(str(Path(get_assets_path()) / "silero_vad_v6.onnx"))
    weights = {each.name: onnx.numpy_helper.to_array(each) for each in original.graph.initializer}
    made = {name: np.ascontiguousarray(matrix) for name, matrix in _rearranged(weights)}
    np.savez(OUT, origin=np.array(ORIGIN), **made)  # type: ignore[arg-type]


def _rearranged(weights: dict[str, Weights]) -> Iterator[tuple[str, Weights]]:
    yield "waves", weights["encoder.feature_extractor.forward_basis_buffer"][:, 0].T
    count = FRAMES
    for layer, stride in enumerate(STRIDES):
        kernel, bias = (weights[f"encoder.conv_layers.{layer}.{it}"] for it in ("weight", "bias"))
        matrix = _as_matrix(kernel, count, stride)
        count = matrix.shape[1] // len(bias)
        yield f"layer{layer}", matrix
        yield f"bias{layer}", np.tile(bias, count)
    told, remembered, biases = (weights[f"onnx::LSTM_{number}"][0] for number in (209, 210, 211))
    halves = np.repeat(SCALES, UNITS)
    yield "gates", np.hstack([told, remembered]) * halves[:, np.newaxis]
    yield "gates_bias", (biases[: 4 * UNITS] + biases[4 * UNITS :]) * halves
    yield "last", weights["decoder.conv1d.weight"].reshape(UNITS)
    yield "last_bias", weights["decoder.conv1d.bias"]


def _as_matrix(kernel: Weights, count: int, stride: int) -> Weights:
    """A convolution over `count` frames, padded by one on either side, as one matrix.

    Args:
        kernel: shape (outputs, inputs, 3).
    """
    outputs, inputs, taps = kernel.shape
    centres = range(0, count, stride)
    matrix = np.zeros((count, inputs, len(centres), outputs), np.float32)
    for made, centre in enumerate(centres):
        for tap in range(taps):
            if 0 <= centre + tap - 1 < count:
                matrix[centre + tap - 1, :, made] = kernel[:, :, tap].T
    return matrix.reshape(count * inputs, len(centres) * outputs)


if __name__ == "__main__":
    main()
