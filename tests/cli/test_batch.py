from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from support.batching import Provider, Script

Run = Callable[..., "CompletedProcess[str]"]


def test_addresses_become_files_by_the_batch_api(audiopipe: Run, tmp_path: Path) -> None:
    (tmp_path / "urls").mkdir()
    with Provider() as provider:
        provider.script = Script(0, {"https://example.com/a.mp3": "Alpha."})
        command = ("transcribe", "https://example.com/a.mp3", "https://example.com/b.mp3")
        done = audiopipe(*command, "-o", "out", "--batch", "-f", "txt,json", **provider.as_groq)
        assert done.returncode == 3, done.stderr
        assert "2 recordings handed over" in done.stderr
        assert "could not fetch the url" in done.stderr
        assert (tmp_path / "out" / "a.txt").read_text() == "Alpha.\n"


def test_a_plan_of_a_batch_is_half_the_price(audiopipe: Run, tmp_path: Path) -> None:
    import numpy as np
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.zeros(8000 * 3600, np.int16), 8000)
    usual = audiopipe("plan", "a.wav", "--backend", "groq", "-m", "large-v3", "--overlap", "0")
    half = audiopipe("plan", "a.wav", "--backend", "groq", "-m", "large-v3", "--batch")
    assert "$0.1110  whisper-large-v3" in usual.stdout
    assert "$0.0555  whisper-large-v3" in half.stdout and "within 7 days" in half.stdout
