"""Makes audiopipe/audio/resemblyzer.onnx: the network that tells voices from each other.

pip download --no-deps resemblyzer==0.1.4
python scripts/make_speaker_network.py Resemblyzer-0.1.4-py3-none-any.whl

The weights are those that the wheel carries, trained by Corentin Jemine on LibriSpeech, VoxCeleb 1
and 2 after "Generalized End-to-End Loss for Speaker Verification" (Wan et al. 2018). They lie there
as PyTorch wrote them before 1.6: pickles, then the numbers. Neither PyTorch nor the wheel's code is
needed to read them, and nothing else that a pickle may name is let in. The graph hears samples: the
mel spectrum, which the wheel takes from librosa, is two products of matrices in it. Weights are
kept in 16 bits, which halves the file and changes nothing that can be measured. Rounded to 8 bits
the network no longer tells voices apart (equal error rate 33 % instead of 4 %).

Where several speak at once is read from the same layers by the weights in crowd.npy, which
train_crowd.py finds.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OUT = Path(__file__).parent.parent / "audiopipe" / "audio" / "resemblyzer.onnx"
CROWD = Path(__file__).with_name("crowd.npy")
ORIGIN = "Resemblyzer 0.1.4, (c) 2019 Resemble AI and Corentin Jemine, Apache-2.0 licence"
INSIDE = "resemblyzer/pretrained.pt"
SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"

RATE_HZ, FRAME, MELS, UNITS, LAYERS = 16_000, 400, 40, 256, 3

Weights = NDArray[np.float32]


def main(wheel: str) -> None:
    """Read the wheel, write the network."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(INSIDE)
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise SystemExit(f"{wheel} holds other weights than those of Resemblyzer 0.1.4")
    graph = network(read_weights(data))
    model = helper.make_model(
        graph, doc_string=ORIGIN, opset_imports=[helper.make_opsetid("", 18)], ir_version=8
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(OUT))


def read_weights(data: bytes) -> dict[str, Weights]:
    """The tensors of a checkpoint by their names.

    Args:
        data: a file as `torch.save` wrote it before PyTorch 1.6.
    """
    file = io.BytesIO(data)
    for _ in range(3):  # a magic number, the version, and the sizes of integers
        _Reader(file).load()
    checkpoint = _Reader(file).load()
    storages = {}
    for key in _Reader(file).load():
        count = int.from_bytes(file.read(8), "little")
        storages[key] = np.frombuffer(file.read(4 * count), "<f4")
    return {
        name: _strided(storages[key], *place)
        for name, (key, *place) in checkpoint["model_state"].items()
    }


def _strided(
    storage: Weights, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> Weights:
    steps = tuple(4 * stride for stride in strides)
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps).copy()


class _Reader(pickle.Unpickler):
    """Reads a checkpoint: a tensor becomes where it lies, and nothing is run that is not here."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda key, *place, **_: (key, *place[:3]),
            ("torch", "FloatStorage"): "float32",
        }
        return known[module, name]

    def persistent_load(self, pid: Any) -> str:
        return str(pid[2])


def network(weights: dict[str, Weights]) -> onnx.GraphProto:
    """Frames of samples and windows of frames in; out come one direction of length 1 a window, and
    for each of its frames how likely several speak at once (log odds)."""
    held: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []

    def add(kind: str, inputs: list[str], output: str, **how: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **how))
        return output

    def hold(name: str, values: NDArray[Any]) -> str:
        is_weight = values.size > UNITS
        kept = values.astype(np.float16) if is_weight else values
        stored = f"{name}16" if is_weight else name
        held.append(numpy_helper.from_array(np.ascontiguousarray(kept), stored))
        return add("Cast", [stored], name, to=TensorProto.FLOAT) if is_weight else name

    waves = add("MatMul", ["frames", hold("basis", _basis())], "waves")
    squares = add("Mul", [waves, waves], "squares")
    mels = add("MatMul", [squares, hold("filters", np.tile(_filters(), (2, 1)))], "mels")
    # one series a column, as the recurrent layers want it
    heard = add("Gather", [mels, "windows"], "series", axis=0)
    for layer in range(LAYERS):
        gates = [
            hold(f"{it}{layer}", _gates(weights, it, layer)) for it in ("input", "memory", "bias")
        ]
        outputs = [f"states{layer}", f"last{layer}"]
        nodes.append(
            helper.make_node("LSTM", [heard, *gates, "lengths"], outputs, hidden_size=UNITS)
        )
        heard = add("Squeeze", [outputs[0], hold(f"axis{layer}", np.array([1]))], f"heard{layer}")
    last = add("Squeeze", [f"last{LAYERS - 1}", hold("first", np.array([0]))], "last")
    linear = [hold("linear", weights["linear.weight"].T), hold("offset", weights["linear.bias"])]
    voice = add("Relu", [add("Gemm", [last, *linear], "raw")], "voice")
    length = add("ReduceL2", [voice, hold("units", np.array([1]))], "length")
    add(
        "Div",
        [voice, add("Max", [length, hold("least", np.array([1e-6], np.float32))], "some")],
        "prints",
    )
    parts = [f"heard{layer}" for layer in range(LAYERS)]
    loud = add(
        "Log",
        [add("Max", ["series", hold("faint", np.array([1e-6], np.float32))], "heard_mels")],
        "levels",
    )
    weigher = np.load(CROWD)
    known = add("Concat", [*parts, loud], "known", axis=2)
    crowds = add("MatMul", [known, hold("crowd_weights", weigher[:-1, None])], "crowds")
    sums = add("Add", [crowds, hold("crowd_offset", weigher[-1:])], "crowd_sums")
    add("Squeeze", [sums, hold("one_axis", np.array([2]))], "crowd")
    inputs = [
        helper.make_tensor_value_info("frames", TensorProto.FLOAT, ("n", FRAME)),
        helper.make_tensor_value_info("windows", TensorProto.INT64, ("longest", "w")),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ("w",)),
    ]
    prints = helper.make_tensor_value_info("prints", TensorProto.FLOAT, ("w", UNITS))
    crowd = helper.make_tensor_value_info("crowd", TensorProto.FLOAT, ("longest", "w"))
    return helper.make_graph(nodes, "resemblyzer", inputs, [prints, crowd], held)


def _gates(weights: dict[str, Weights], kind: str, layer: int) -> Weights:
    """PyTorch's gates (input, forget, cell, output) in ONNX's order (input, output, forget, cell).

    Args:
        kind: `input`, `memory`, or `bias`, which has both of PyTorch's.
        layer: from 0 on.
    """

    def turned(name: str) -> Weights:
        values = weights[f"lstm.{name}_l{layer}"].reshape(4, UNITS, -1)
        return values[[0, 3, 1, 2]].reshape(1, 4 * UNITS, -1)

    if kind == "bias":
        both = np.concatenate([turned("bias_ih"), turned("bias_hh")], axis=1)
        return both[..., 0]
    return turned("weight_ih" if kind == "input" else "weight_hh")


def _basis() -> Weights:
    """The Fourier transform of a frame under a Hann window: cosines, then sines."""
    at = np.arange(FRAME)
    turns = 2 * np.pi * np.outer(at, np.arange(FRAME // 2 + 1)) / FRAME
    window = 0.5 - 0.5 * np.cos(2 * np.pi * at / FRAME)
    waves = np.hstack([np.cos(turns), np.sin(turns)])
    return (waves * window[:, None]).astype(np.float32)


def _filters() -> Weights:
    """The triangles of librosa's mel scale (Slaney's: linear to 1 kHz, then by logarithm), each of
    the same area; shape (bins, mels)."""
    step_hz, knee_hz, step_log = 200 / 3, 1000.0, np.log(6.4) / 27
    top = knee_hz / step_hz + np.log(RATE_HZ / 2 / knee_hz) / step_log
    marks = np.linspace(0, top, MELS + 2)
    above = np.exp(step_log * (marks - knee_hz / step_hz)) * knee_hz
    edges_hz = np.where(marks * step_hz < knee_hz, marks * step_hz, above)
    bins_hz = np.linspace(0, RATE_HZ / 2, FRAME // 2 + 1)[:, None]
    rising = (bins_hz - edges_hz[:-2]) / np.diff(edges_hz)[:-1]
    falling = (edges_hz[2:] - bins_hz) / np.diff(edges_hz)[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    filters: Weights = (triangles * 2 / (edges_hz[2:] - edges_hz[:-2])).astype(np.float32)
    return filters


if __name__ == "__main__":
    main(sys.argv[1])
