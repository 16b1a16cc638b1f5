"""Models in ONNX from folders: a small network that is made here, and folders that lack a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from support.onnx_models import MAKERS, make_aed, make_ctc, make_transducer, make_whisper
from support.voices import RATE_HZ, Samples, reader

import audiopipe
from audiopipe.backends.local.onnx import Onnx
from audiopipe.errors import BackendError, UsageError
from audiopipe.values.requests import Request

pytest.importorskip("onnx_asr", reason="onnx-asr is not installed")


@pytest.mark.parametrize("config", [None, {"model_type": "nemo-conformer-ctc"}])
def test_a_folder_is_heard_with_word_times(tmp_path: Path, config: dict[str, str] | None) -> None:
    folder = make_ctc(tmp_path / "tiny")
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


@pytest.fixture(scope="module")
def samples() -> Samples:
    return reader("jfk")[: 4 * RATE_HZ]


@pytest.mark.parametrize("kind", MAKERS)
def test_each_kind_of_model_is_known_by_its_files(
    kind: str, tmp_path: Path, samples: Samples, caplog: pytest.LogCaptureFixture
) -> None:
    folder = MAKERS[kind](tmp_path / "tiny")
    told = audiopipe.transcribe((samples, RATE_HZ), backend="onnx", model=str(folder))
    assert set(told.text) <= set(" lairo")
    assert told.text
    times = kind in ("ctc", "tdt", "rnnt")
    assert bool(told.words) == times
    assert any("no times of words" in each.message for each in caplog.records) != times
    (off,) = [r.getMessage() for r in caplog.records if "these flags are off" in r.getMessage()]
    assert off.endswith("low-confidence, likely-no-speech, music")
    assert any("as English" in each.message for each in caplog.records) == (kind == "aed")


@pytest.mark.parametrize("suffix", [".int8", "_fp16"])
def test_networks_of_smaller_numbers_are_taken_where_there_are_no_others(
    suffix: str, tmp_path: Path, samples: Samples
) -> None:
    small = make_transducer(tmp_path / "small", suffix=suffix)
    whole = make_transducer(tmp_path / "whole")
    for path in small.glob("*.onnx"):
        (whole / path.name).write_bytes(b"never read")
    texts = {
        audiopipe.transcribe((samples, RATE_HZ), backend="onnx", model=str(folder)).text
        for folder in (small, whole)
    }
    assert len(texts) == 1


def test_a_configuration_of_others_is_passed_over(tmp_path: Path, samples: Samples) -> None:
    """Other libraries' config.json names types of their own."""
    for told in ("parakeet_tdt", None, 3, ["nemo-conformer-ctc"]):
        folder = make_ctc(tmp_path / str(told))
        (folder / "config.json").write_text(json.dumps({"model_type": told}), "utf-8")
        assert audiopipe.transcribe((samples, RATE_HZ), backend="onnx", model=str(folder)).words


@pytest.mark.parametrize("make", [make_aed, make_whisper])
def test_a_language_is_told_or_not_known(
    make: Callable[[Path], Path], tmp_path: Path, samples: Samples
) -> None:
    folder = str(make(tmp_path / "tiny"))
    with Onnx() as engine:
        told = audiopipe.transcribe((samples, RATE_HZ), backend=engine, model=folder, language="de")
        assert told.language == "de"
        with pytest.raises(UsageError, match=r"does not know .*<\|fr\|>"):
            audiopipe.transcribe((samples, RATE_HZ), backend=engine, model=folder, language="fr")
        several = engine.accept(Request("transcribe", folder, "de,fr"))
        assert several.language is None, "of several none is told"


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x08\x08" * 400])
def test_a_file_that_is_no_network_is_told_in_a_line(content: bytes, tmp_path: Path) -> None:
    folder = make_ctc(tmp_path / "tiny")
    (folder / "model.onnx").write_bytes(content)
    with pytest.raises(BackendError, match=r"cannot load the model .*tiny") as caught:
        audiopipe.transcribe((reader("jfk"), RATE_HZ), backend="onnx", model=str(folder))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("swapped", ["vocab.txt", "model.onnx"])
def test_files_that_do_not_belong_together_cost_a_line(
    swapped: str, tmp_path: Path, samples: Samples
) -> None:
    folder, other = make_ctc(tmp_path / "tiny"), make_aed(tmp_path / "other")
    if swapped == "vocab.txt":
        (folder / swapped).write_text("\u2581la 0\n<blk> 1\n", "utf-8")
    else:
        (folder / swapped).write_bytes((other / "encoder-model.onnx").read_bytes())
    with pytest.raises(BackendError, match=r"tiny"):
        audiopipe.transcribe((samples, RATE_HZ), backend="onnx", model=str(folder))


@pytest.mark.parametrize("lacking", ["model.onnx", "vocab.txt"])
def test_a_folder_that_lacks_a_file_is_told_in_a_line(tmp_path: Path, lacking: str) -> None:
    folder = make_ctc(tmp_path / "tiny")
    (folder / lacking).unlink()
    with pytest.raises(BackendError, match=r"cannot load the model .*tiny") as caught:
        audiopipe.transcribe((reader("jfk"), RATE_HZ), backend="onnx", model=str(folder))
    assert len(str(caught.value).splitlines()) == 1


def test_an_unknown_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        BackendError, match=r"cannot load the model \./no-such: there is no such folder"
    ):
        audiopipe.transcribe((reader("jfk"), RATE_HZ), backend="onnx", model="./no-such")
    with pytest.raises(BackendError, match="cannot load the model no-such-model"):
        audiopipe.transcribe((reader("jfk"), RATE_HZ), backend="onnx", model="no-such-model")


def test_what_does_not_translate_says_so() -> None:
    with pytest.raises(UsageError, match="does not translate"):
        audiopipe.translate((reader("jfk"), RATE_HZ), backend="onnx", model="parakeet")
