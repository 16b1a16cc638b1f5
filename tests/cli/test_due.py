"""What decides whether an input is done already."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import soundfile as sf
from support.server import Server
from support.speechlike import make_recording

Run = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def again(audiopipe: Run, server: Server, tmp_path: Path) -> Callable[..., str]:
    """Transcribe talk.wav once more; what it says."""
    sf.write(tmp_path / "talk.wav", make_recording(10), 16_000)

    def run(*flags: object) -> str:
        done = audiopipe("transcribe", "talk.wav", "-o", "out", *flags, **server.as_groq)
        assert done.returncode == 0, done.stderr
        return done.stderr

    run("-l", "en")
    return run


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("-l", "de"), "--language was en, is de"),
        (("-l", "en", "--prompt", "Names: Ann."), "--prompt was not given, is Names: Ann."),
        (("-l", "en", "-m", "large-v3"), "--model was not given, is whisper-large-v3"),
        (("-l", "en", "--chunk-length", "300"), "--chunk-length was 600.0, is 300.0"),
        (("-l", "en", "--no-word-timestamps"), "--word-timestamps was True, is not given"),
        (("-l", "en", "--max-line-width", "32"), "--max-line-width was 42, is 32"),
        (("-l", "en", "--drop", "likely-no-speech"), "--drop was , is likely-no-speech"),
    ],
)
def test_what_shapes_a_result_decides_and_is_told(
    again: Callable[..., str], flags: tuple[str, ...], told: str
) -> None:
    assert "done already" in again("-l", "English")
    said = again(*flags)
    assert "done again" in said and told in said, said
    assert "done already" in again(*flags)


def test_the_content_of_a_glossary_decides_and_not_its_name(
    again: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "terms.txt").write_text("Kubernetes\n")
    assert "--glossary was not given" in again("-l", "en", "--glossary", "terms.txt")
    (tmp_path / "terms.txt").rename(tmp_path / "others.txt")
    assert "done already" in again("-l", "en", "--glossary", "others.txt")
    (tmp_path / "others.txt").write_text("Grafana\n")
    assert "--glossary was sha256:" in again("-l", "en", "--glossary", "others.txt")


def test_what_shapes_no_result_and_what_is_chosen_anyway_do_not_decide(
    again: Callable[..., str],
) -> None:
    for flags in (("-j", "2"), ("--backend", "groq"), ("-m", "turbo"), ("--max-repairs", "3")):
        assert "done already" in again("-l", "en", *flags), flags
    formats = ("-f", "txt,json")
    assert "done already" in again("-l", "en", *formats, "--max-line-width", "20")


@pytest.mark.parametrize("longer", [0, 5])
def test_another_recording_in_its_place_is_heard_though_it_is_older(
    again: Callable[..., str], server: Server, tmp_path: Path, longer: int
) -> None:
    before = (tmp_path / "talk.wav").stat()
    sf.write(tmp_path / "talk.wav", make_recording(10 + longer, first=50), 16_000)
    if not longer:  # of the very same size
        data = (tmp_path / "talk.wav").read_bytes()
        (tmp_path / "talk.wav").write_bytes(data[: before.st_size].ljust(before.st_size, b"\0"))
    os.utime(tmp_path / "talk.wav", (1e9, 1e9))
    assert "the recording is another" in again("-l", "en")
    assert len(server.seen) == 2
    assert "done already" in again("-l", "en")


def test_the_same_recording_with_an_older_date_is_done(
    again: Callable[..., str], tmp_path: Path
) -> None:
    os.utime(tmp_path / "talk.wav", (1e9, 1e9))
    assert "done already" in again("-l", "en")


def test_results_that_do_not_know_what_was_asked_are_judged_by_date_task_and_model(
    again: Callable[..., str], tmp_path: Path
) -> None:
    result = tmp_path / "out" / "talk.json"
    document = json.loads(result.read_text())
    for name in ("size", "modified_ns"):
        del document["source"][name]
    del document["settings"]
    result.write_text(json.dumps(document))
    assert "done already" in again("-l", "de")
    later_s = time.time() + 5
    os.utime(tmp_path / "talk.wav", (later_s, later_s))
    assert "done already" not in again("-l", "de")
