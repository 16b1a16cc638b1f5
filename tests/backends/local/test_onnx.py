"""Models in ONNX from folders: a small network that is made here, and folders that lack a file."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.voices import RATE_HZ, reader

import audiopipe
from audiopipe.backends.local.onnx import Onnx
from audiopipe.errors import BackendError, UsageError

pytest.importorskip("onnx_asr", reason="onnx-asr is not installed")

TOKENS = ["\u2581la", "li", "\u2581lo", "<blk>"]


def make_model(folder: Path) -> Path:
    """A network that hears a token by the mean of each mel spectrum, one in 80 ms."""
    folder.mkdir()
    dice = np.random.default_rng(3)
    held = [
        numpy_helper.from_array(dice.normal(size=(80, 4)).astype(np.float32), "weights"),
        numpy_helper.from_array(np.array([0]), "starts"),
        numpy_helper.from_array(np.array([2**31]), "ends"),
        numpy_helper.from_array(np.array([1]), "axes"),
        numpy_helper.from_array(np.array([8]), "steps"),
    ]
    nodes = [
        helper.make_node("Transpose", ["audio_signal"], ["frames"], perm=[0, 2, 1]),
        helper.make_node("Slice", ["frames", "starts", "ends", "axes", "steps"], ["few"]),
        helper.make_node("MatMul", ["few", "weights"], ["scores"]),
        helper.make_node("LogSoftmax", ["scores"], ["logprobs"], axis=-1),
    ]
    inputs = [
        helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ("b", 80, "n")),
        helper.make_tensor_value_info("length", TensorProto.INT64, ("b",)),
    ]
    outputs = [helper.make_tensor_value_info("logprobs", TensorProto.FLOAT, ("b", "t", 4))]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, held)
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "model.onnx")
    vocabulary = "".join(f"{token} {n}\n" for n, token in enumerate(TOKENS))
    (folder / "vocab.txt").write_text(vocabulary, "utf-8")
    return folder


@pytest.mark.parametrize("config", [None, {"model_type": "nemo-conformer-ctc"}])
def test_a_folder_is_heard_with_word_times(tmp_path: Path, config: dict[str, str] | None) -> None:
    folder = make_model(tmp_path / "tiny")
    if config:
        (folder / "config.json").write_text(json.dumps(config), "utf-8")
    samples = reader("jfk")
    with Onnx() as engine:
        told = audiopipe.transcribe((samples, RATE_HZ), backend=engine, model=str(folder))
        again = audiopipe.transcribe(
            (samples, RATE_HZ), backend=engine, model=str(folder), chunk_length_s=6, overlap_s=2
        )
    assert {character for word in told.words for character in word.text} <= set(" laio")
    assert told.words and again.words
    assert all(0 <= (word.probability or 0) <= 1 for word in told.words)
    assert all(a.span.end_s <= b.span.start_s for a, b in pairwise(told.words))
    assert told.duration_s >= told.words[-1].span.end_s
    assert all(segment.avg_logprob is None for segment in told.segments)
    assert not [flag for flag in told.flags if flag.kind in ("low-confidence", "likely-no-speech")]


@pytest.mark.parametrize("lacking", ["model.onnx", "vocab.txt"])
def test_a_folder_that_lacks_a_file_is_told_in_a_line(tmp_path: Path, lacking: str) -> None:
    folder = make_model(tmp_path / "tiny")
    (folder / lacking).unlink()
    with pytest.raises(BackendError, match=r"cannot load the model .*tiny") as caught:
        audiopipe.transcribe((reader("jfk"), RATE_HZ), backend="onnx", model=str(folder))
    assert len(str(caught.value).splitlines()) == 1


def test_an_unknown_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="cannot load the model no-such-model"):
        audiopipe.transcribe((reader("jfk"), RATE_HZ), backend="onnx", model="no-such-model")


def test_what_does_not_translate_says_so() -> None:
    with pytest.raises(UsageError, match="does not translate"):
        audiopipe.translate((reader("jfk"), RATE_HZ), backend="onnx", model="parakeet")
