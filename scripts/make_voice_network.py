"""Makes audiopipe/audio/silero.onnx: Silero's voice detector, rearranged to take 0.4 of the CPU.

python scripts/make_voice_network.py

The detector comes with faster-whisper as a graph of small convolutions, each over a handful of
frames, which leave a processor's vector units mostly idle. The same weights as products of large
matrices, all steps of a block in each, give the same probabilities but for rounding.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from faster_whisper.utils import get_assets_path
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OUT = Path(__file__).parent.parent / "audiopipe" / "audio" / "silero.onnx"
ORIGIN = "Silero VAD v6, (c) 2020-present Silero Team, MIT licence"

HOP, FRAMES, UNITS = 128, 4, 128
"""Of a step's 576 samples, the last 64 mirrored behind them, four frames of 256 are heard."""

STRIDES = (1, 2, 2, 1)
"""Of the four convolutions over the frames of a step, each with three taps."""

Weights = NDArray[np.float32]


def main() -> None:
    """Read the original, write the rearrangement."""
    original = onnx.load(str(Path(get_assets_path()) / "silero_vad_v6.onnx"))
    weights = {each.name: numpy_helper.to_array(each) for each in original.graph.initializer}
    graph = _Graph()
    _decode(graph, _encode(graph, weights), weights)
    model = helper.make_model(
        graph.whole(), doc_string=ORIGIN, opset_imports=[helper.make_opsetid("", 18)], ir_version=8
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(OUT))


class _Graph:
    """Nodes and the weights they hold, named by their number."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._held: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, to: tuple[str, ...] = (), **how: Any) -> str:
        """A node; the name of its first output."""
        outputs = to or (f"made{len(self._nodes)}",)
        self._nodes.append(helper.make_node(kind, inputs, outputs, **how))
        return outputs[0]

    def hold(self, values: NDArray[Any]) -> str:
        name = f"held{len(self._held)}"
        self._held.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def shape(self, *numbers: int) -> str:
        return self.hold(np.array(numbers, np.int64))

    def whole(self) -> onnx.GraphProto:
        steps = helper.make_tensor_value_info("steps", TensorProto.FLOAT, ("n", 576))
        probability = helper.make_tensor_value_info("probability", TensorProto.FLOAT, ("n",))
        return helper.make_graph(self._nodes, "silero", [steps], [probability], self._held)


def _encode(graph: _Graph, weights: dict[str, Weights]) -> str:
    """The spectrum of each frame, then four layers over the frames of a step."""
    mirrored = graph.add("Pad", "steps", graph.shape(0, 0, 0, 64), mode="reflect")
    hops = graph.add("Reshape", mirrored, graph.shape(-1, FRAMES + 1, HOP))
    halves = [
        graph.add("Slice", hops, *map(graph.shape, (first, first + FRAMES, 1))) for first in (0, 1)
    ]
    frames = graph.add("Reshape", graph.add("Concat", *halves, axis=2), graph.shape(-1, 2 * HOP))
    basis = weights["encoder.feature_extractor.forward_basis_buffer"][:, 0].T
    waves = graph.add("MatMul", frames, graph.hold(basis))
    squares = graph.add("Mul", waves, waves)
    real = graph.add("Split", squares, to=("real", "imaginary"), axis=1, num_outputs=2)
    levels = graph.add("Sqrt", graph.add("Add", real, "imaginary"))
    heard = graph.add("Reshape", levels, graph.shape(-1, FRAMES * basis.shape[1] // 2))
    count = FRAMES
    for layer, stride in enumerate(STRIDES):
        kernel, bias = (weights[f"encoder.conv_layers.{layer}.{it}"] for it in ("weight", "bias"))
        matrix = _as_matrix(kernel, count, stride)
        count = matrix.shape[1] // len(bias)
        held = graph.hold(matrix), graph.hold(np.tile(bias, count))
        heard = graph.add("Relu", graph.add("Gemm", heard, *held))
    return heard


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


def _decode(graph: _Graph, heard: str, weights: dict[str, Weights]) -> None:
    """The memory over the steps, and the probability in each."""
    series = graph.add("Reshape", heard, graph.shape(-1, 1, UNITS))
    gates = [graph.hold(weights[f"onnx::LSTM_{number}"]) for number in (209, 210, 211)]
    memory = graph.add("LSTM", series, *gates, hidden_size=UNITS)
    known = graph.add("Relu", graph.add("Reshape", memory, graph.shape(-1, UNITS)))
    last = graph.hold(weights["decoder.conv1d.weight"].reshape(UNITS, 1))
    score = graph.add("Gemm", known, last, graph.hold(weights["decoder.conv1d.bias"]))
    graph.add("Sigmoid", graph.add("Reshape", score, graph.shape(-1)), to=("probability",))


if __name__ == "__main__":
    main()
