"""`--backend onnx` by names: what the hub's cache holds is found there without a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import soundfile as sf
from support.onnx_models import make_aed, make_transducer
from support.voices import RATE_HZ, reader

pytest.importorskip("onnx_asr", reason="onnx-asr is not installed")
pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")

Run = Callable[..., "CompletedProcess[str]"]

NAMES = {
    "parakeet-tdt-0.6b-v3": ("parakeet-tdt-0.6b-v3-onnx", make_transducer),
    "canary": ("canary-1b-v2-onnx", make_aed),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_found_by_its_name(name: str, audiopipe: Run, tmp_path: Path) -> None:
    repository, make = NAMES[name]
    sf.write(tmp_path / "a.wav", reader("jfk")[: 4 * RATE_HZ], RATE_HZ)
    asked = ("transcribe", "a.wav", "--backend", "onnx", "-m", name, "-f", "txt", "-o", "-")
    hub = {"HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"}
    missing = audiopipe(*asked, **hub)
    assert missing.returncode
    assert f"cannot load the model nemo-{name.partition('-')[0]}" in missing.stderr
    held = tmp_path / "hub" / f"models--istupakov--{repository}"
    make(held / "snapshots" / "0123abc")
    (held / "refs").mkdir()
    (held / "refs" / "main").write_text("0123abc", "utf-8")
    done = audiopipe(*asked, **hub)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "these flags are off: low-confidence, likely-no-speech, music" in done.stderr
