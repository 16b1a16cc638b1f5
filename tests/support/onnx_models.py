"""Small networks with the files, inputs and outputs of those that onnx-asr reads.

Their weights are drawn by lot: what they hear is no language, and the same each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TOKENS = ("\u2581la", "li", "\u2581lo", "<blk>")
"""Of the models that tell when; the others know these, and their own marks."""

MARKS = (
    *("\u2581", "<|startofcontext|>", "<|startoftranscript|>", "<|emo:undefined|>", "<|en|>"),
    *("<|de|>", "<|pnc|>", "<|noitn|>", "<|notimestamp|>", "<|nodiarize|>", "<|endoftext|>"),
)
DURATIONS = 5
WIDTH = 6

FLOAT, INT64, INT32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32
Tensor = tuple[str, int, Sequence[int | str]]


class Net:
    """A graph in the making."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._held: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: Sequence[str], output: str, **how: Any) -> str:
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **how))
        return output

    def hold(self, name: str, values: Any) -> str:
        self._held.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def drawn(self, name: str, *shape: int) -> str:
        weights = np.random.default_rng(3).normal(size=shape).astype(np.float32)
        return self.hold(name, weights)

    def every(self, values: str, axis: int, output: str) -> str:
        """One of eight along an axis, as the encoders of NeMo give it."""
        steps = [("starts", 0), ("ends", 2**31), ("axes", axis), ("steps", 8)]
        return self.add("Slice", [values, *(self.hold(n, [v]) for n, v in steps)], output)

    def save(self, path: Path, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        graph = helper.make_graph(
            self._nodes,
            "tiny",
            [helper.make_tensor_value_info(*each) for each in inputs],
            [helper.make_tensor_value_info(*each) for each in outputs],
            self._held,
        )
        opset = [helper.make_opsetid("", 18)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def make_ctc(folder: Path) -> Path:
    """A token by the spectrum, one in 80 ms."""
    net = Net()
    net.add("Transpose", ["audio_signal"], "frames", perm=[0, 2, 1])
    net.every("frames", 1, "few")
    net.add("MatMul", ["few", net.drawn("weights", 80, len(TOKENS))], "scores")
    net.add("LogSoftmax", ["scores"], "logprobs", axis=-1)
    net.save(folder / "model.onnx", _sound(80), [("logprobs", FLOAT, ("b", "t", len(TOKENS)))])
    return _with_vocabulary(folder, TOKENS)


def make_transducer(folder: Path, *, durations: bool = True, suffix: str = "") -> Path:
    """A token by the spectrum and the token before; TDT tells how long each is, RNNT doesn't."""
    net = Net()
    net.every("audio_signal", 2, "outputs")
    net.add("Sub", ["length", net.hold("one", 1)], "less")
    net.add("Div", ["less", net.hold("eight", 8)], "whole")
    net.add("Add", ["whole", "one"], "encoded_lengths")
    net.save(
        folder / f"encoder-model{suffix}.onnx",
        _sound(128),
        [("outputs", FLOAT, ("b", 128, "t")), ("encoded_lengths", INT64, ("b",))],
    )
    width = len(TOKENS) + DURATIONS * durations
    net = Net()
    net.add("Squeeze", ["encoder_outputs", net.hold("last", [2])], "frame")
    net.add("MatMul", ["frame", net.drawn("weights", 128, width)], "heard")
    net.add("Gather", [net.drawn("before", len(TOKENS), width), "targets"], "told")
    net.add("Squeeze", ["told", net.hold("middle", [1])], "told_flat")
    net.add("Add", ["heard", "told_flat"], "flat")
    net.add("Unsqueeze", ["flat", net.hold("inner", [1, 2])], "outputs")
    states = [f"states_{n}" for n in (1, 2)]
    for each in states:
        net.add("Identity", [f"input_{each}"], f"output_{each}")
    net.save(
        folder / f"decoder_joint-model{suffix}.onnx",
        [
            ("encoder_outputs", FLOAT, ("b", 128, 1)),
            ("targets", INT32, ("b", 1)),
            ("target_length", INT32, ("b",)),
            *((f"input_{each}", FLOAT, (2, "b", 4)) for each in states),
        ],
        [
            ("outputs", FLOAT, ("b", 1, 1, width)),
            *((f"output_{each}", FLOAT, (2, "b", 4)) for each in states),
        ],
    )
    (folder / "config.json").write_text(json.dumps({"features_size": 128}), "utf-8")
    return _with_vocabulary(folder, TOKENS)


def make_aed(folder: Path) -> Path:
    """Canary's kind: it is told languages by tokens, and gives text without times."""
    tokens = (*TOKENS[:3], *MARKS)
    net = Net()
    net.add("Transpose", ["audio_signal"], "frames", perm=[0, 2, 1])
    net.every("frames", 1, "few")
    net.add("MatMul", ["few", net.drawn("weights", 128, WIDTH)], "encoder_embeddings")
    net.add("ReduceMax", ["few", net.hold("last", [2])], "loudest", keepdims=0)
    net.add("Cast", ["loudest"], "encoder_mask", to=INT64)
    net.save(
        folder / "encoder-model.onnx",
        _sound(128),
        [("encoder_embeddings", FLOAT, ("b", "t", WIDTH)), ("encoder_mask", INT64, ("b", "t"))],
    )
    net = Net()
    net.add("Gather", [net.drawn("embedding", len(tokens), WIDTH), "input_ids"], "now")
    net.add("Unsqueeze", ["now", net.hold("first", [0])], "layer")
    net.add("Concat", ["decoder_mems", "layer"], "decoder_hidden_states", axis=2)
    _ending(net, "decoder_hidden_states", 2, tokens)
    net.save(
        folder / "decoder-model.onnx",
        [
            ("input_ids", INT64, ("b", "s")),
            ("encoder_embeddings", FLOAT, ("b", "t", WIDTH)),
            ("encoder_mask", INT64, ("b", "t")),
            ("decoder_mems", FLOAT, (1, "b", "m", WIDTH)),
        ],
        [
            ("logits", FLOAT, ("b", "s", len(tokens))),
            ("decoder_hidden_states", FLOAT, (1, "b", "n", WIDTH)),
        ],
    )
    (folder / "config.json").write_text(json.dumps({"features_size": 128}), "utf-8")
    return _with_vocabulary(folder, tokens)


def make_whisper(folder: Path) -> Path:
    """Whisper as the exporters of Hugging Face lay it out; its config.json is theirs too."""
    tokens = _whisper_files(folder)
    net = Net()
    net.add("Transpose", ["input_features"], "frames", perm=[0, 2, 1])
    net.add("MatMul", ["frames", net.drawn("weights", 80, WIDTH)], "last_hidden_state")
    net.save(
        folder / "onnx" / "encoder_model.onnx",
        [("input_features", FLOAT, ("b", 80, 3000))],
        [("last_hidden_state", FLOAT, ("b", "t", WIDTH))],
    )
    net = Net()
    net.add("Gather", [net.drawn("embedding", len(tokens), WIDTH), "input_ids"], "now")
    net.add("ReduceMean", ["encoder_hidden_states", net.hold("middle", [1])], "heard")
    net.add("Add", ["now", "heard"], "both")
    _ending(net, "input_ids", 1, tokens)
    net.save(
        folder / "onnx" / "decoder_model_merged.onnx",
        [("input_ids", INT64, ("b", "s")), ("encoder_hidden_states", FLOAT, ("b", "t", WIDTH))],
        [("logits", FLOAT, ("b", "s", len(tokens)))],
    )
    (folder / "config.json").write_text(json.dumps({"model_type": "whisper"}), "utf-8")
    return folder


def make_whisper_of_one(folder: Path) -> Path:
    """Whisper as one network, beams inside."""
    _whisper_files(folder)
    net = Net()
    net.add(
        "Concat",
        ["decoder_input_ids", net.hold("said", np.array([[1, 0]], np.int32))],
        "ids",
        axis=1,
    )
    net.add("Unsqueeze", ["ids", net.hold("axis", [1])], "sequences")
    asked = ("max_length", "min_length", "num_beams", "num_return_sequences")
    weights = ("length_penalty", "repetition_penalty")
    net.save(
        folder / "whisper-tiny_beamsearch.onnx",
        [
            ("input_features", FLOAT, ("b", 80, 3000)),
            *((name, INT32, (1,)) for name in asked),
            *((name, FLOAT, (1,)) for name in weights),
            ("decoder_input_ids", INT32, ("b", "s")),
        ],
        [("sequences", INT32, ("b", 1, "n"))],
    )
    return folder


MAKERS: dict[str, Callable[[Path], Path]] = {
    "ctc": make_ctc,
    "tdt": make_transducer,
    "rnnt": lambda folder: make_transducer(folder, durations=False),
    "aed": make_aed,
    "whisper": make_whisper,
    "whisper of one file": make_whisper_of_one,
}


def _ending(net: Net, counted: str, axis: int, tokens: Sequence[str]) -> None:
    """Scores of tokens, which end a text the likelier the longer it is."""
    scores = net.add(
        "MatMul", ["both" if axis == 1 else "now", net.drawn("out", WIDTH, len(tokens))], "scores"
    )
    net.add("Shape", [counted], "shape")
    net.add("Gather", ["shape", net.hold("which", [axis])], "length_now")
    net.add("Cast", ["length_now"], "length_float", to=FLOAT)
    ends = np.array([0.5 * (token == "<|endoftext|>") for token in tokens], np.float32)
    start = [-8.0 if t == "<|endoftext|>" else -1e3 * t.startswith("<|") for t in tokens]
    marks = np.array(start, np.float32)
    net.add("Mul", ["length_float", net.hold("ends", ends)], "more")
    net.add("Add", [scores, "more"], "nearly")
    net.add("Add", ["nearly", net.hold("marks", marks)], "logits")


def _whisper_files(folder: Path) -> tuple[str, ...]:
    said = {"la": 0, "\u0120lo": 1}
    marks = ("startoftranscript", "endoftext", "transcribe", "notimestamps", "en", "de")
    added = {f"<|{mark}|>": len(said) + n for n, mark in enumerate(marks)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(said), "utf-8")
    (folder / "added_tokens.json").write_text(json.dumps(added), "utf-8")
    return (*said, *added)


def _sound(bands: int) -> list[Tensor]:
    return [("audio_signal", FLOAT, ("b", bands, "n")), ("length", INT64, ("b",))]


def _with_vocabulary(folder: Path, tokens: Sequence[str]) -> Path:
    lines = "".join(f"{token} {n}\n" for n, token in enumerate(tokens))
    (folder / "vocab.txt").write_text(lines, "utf-8")
    return folder
