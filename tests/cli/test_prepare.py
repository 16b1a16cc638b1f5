from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import soundfile as sf
from support.fixtures import RECORDINGS

Run = Callable[..., "CompletedProcess[str]"]


def test_chunks_and_their_manifest_are_written(audiopipe: Run, tmp_path: Path) -> None:
    done = audiopipe(
        "prepare", RECORDINGS / "two_cities.flac", tmp_path / "none.mp3", "-o", "out",
        "--chunk-length", 15, "--overlap", 2,
    )  # fmt: skip
    assert done.returncode == 3
    assert "none.mp3" in done.stderr
    manifest = json.loads((tmp_path / "out" / "two_cities" / "manifest.json").read_text())
    assert len(manifest["chunks"]) >= 3
    for row in manifest["chunks"]:
        path = tmp_path / "out" / "two_cities" / row["file"]
        assert path.stat().st_size == row["bytes"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
        info = sf.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
        assert abs(info.duration - (row["end"] - row["start"])) < 1e-6


def test_what_a_broken_recording_lacks_is_told(audiopipe: Run, tmp_path: Path) -> None:
    whole = (RECORDINGS / "two_cities.flac").read_bytes()
    (tmp_path / "broken.flac").write_bytes(whole[: len(whole) // 2])
    done = audiopipe("prepare", "broken.flac", "-o", "out")
    assert done.returncode == 3
    assert "broken.flac: nothing from" in done.stderr
    manifest = json.loads((tmp_path / "out" / "broken" / "manifest.json").read_text())
    (loss,) = manifest["failures"]
    assert loss["start"] == manifest["chunks"][-1]["end"] < loss["end"]
    assert "breaks off" in loss["reason"]
