"""What commands make of folders, names and files that kill their decoder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.audio import container_file, plain_file, tone
from support.poison import make_folder, poisonous
from support.processes import needs_proc
from support.server import Server
from support.speechlike import make_recording

from audiopipe.workflows.batch import read

from .conftest import Run

COMMANDS = ("transcribe", "translate", "plan", "prepare", "roundtrip", "run pipeline.toml")

PIPELINE = '[[stage]]\nname = "transcribe"\n'


def recording(path: Path, first: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(plain_file(make_recording(5, first=first), 16_000, "WAV"))


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_to_do_is_said_with_one_exit_code(
    command: str, audiopipe: Run, tmp_path: Path
) -> None:
    (tmp_path / "pipeline.toml").write_text(PIPELINE)
    (tmp_path / "in/x.mp3").mkdir(parents=True)
    (tmp_path / "in/._x.mp3").write_bytes(b"x")
    (tmp_path / "in/y.mp3").symlink_to("nowhere")
    done = audiopipe(*command.split(), "in", *(() if command == "plan" else ("-o", "out")))
    assert done.returncode == 1, done.stderr
    left_out = "(2 files left out: 1 hidden, 1 link to nothing)"
    assert f"in: no recording below it {left_out}" in done.stderr


def test_names_of_any_length_and_bytes_cost_nobody_else(
    audiopipe: Run, server: Server, tmp_path: Path
) -> None:
    names = ["a", "n" * 251, "new\nline", "ü" * 100, os.fsdecode(b"\xff\xfe"), "10:30/x"]
    names += ["concat:a|b", "pipe:0", "-x", "file:///etc/passwd".replace("/", "_")]
    for number, name in enumerate(names):
        recording(tmp_path / "in" / f"{name}.wav", first=20 * number)
    (tmp_path / "out/a.json").mkdir(parents=True)
    done = audiopipe("transcribe", "in", "-o", "out", "-f", "json,txt", **server.as_groq)
    assert done.returncode == 3, done.stderr
    batch = read(tmp_path / "out")
    assert batch.counts["done"] == len(names) - 1
    (failed,) = (row for row in batch.rows if row.status == "failed")
    assert "a.json: Is a directory" in failed.reason
    again = audiopipe("transcribe", "in", "-o", "out", "-f", "json,txt", **server.as_groq)
    assert again.returncode == 3
    assert read(tmp_path / "out").counts["skipped"] == len(names) - 1


@pytest.mark.parametrize("kind", ["wav", "m4a"])
def test_a_path_is_a_path(kind: str, audiopipe: Run, tmp_path: Path) -> None:
    sound = tone(3, 16_000)
    data = (
        plain_file(sound, 16_000, "WAV")
        if kind == "wav"
        else container_file([sound], 16_000, "ipod", "aac")
    )
    names = ["10:30/x", "concat:x", "pipe:0", "-x", "http:/x", "data:,x", "subfile,,end,9,,:x"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    done = audiopipe("plan", "--json", "--", *names)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["files"], told["unusable"]) == (len(names), [])
    assert told["recorded_s"] == pytest.approx(3 * len(names), abs=0.5)


def test_flags_choose_among_the_files_of_a_folder(audiopipe: Run, tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav", "old.wav", "drafts/c.wav"):
        recording(tmp_path / "in" / name)
    os.utime(tmp_path / "in/old.wav", (1_000_000, 1_000_000))
    chosen = ("--since", "7d", "--exclude", "drafts/", "--match", "*.wav", "--match", "*.mp3")
    done = audiopipe("plan", "in", "--json", *chosen)
    assert json.loads(done.stdout)["files"] == 2
    assert "2 files left out: 1 excluded, 1 older; -v lists them" in done.stderr
    wrong = audiopipe("plan", "in", "--since", "yesterday")
    assert (wrong.returncode, "--since cannot be 'yesterday'" in wrong.stderr) == (2, True)


@needs_proc
def test_files_that_kill_their_decoder_are_rows_and_the_rest_is_transcribed(
    server: Server, tmp_path: Path
) -> None:
    make_folder(tmp_path / "in", 9, {"segfault": 1, "abort": 1, "overtime": 1})
    command = [sys.executable, "-m", "audiopipe", "transcribe", "in", "-o", "out", "-f", "json"]
    with (
        subprocess.Popen(
            command, cwd=tmp_path, env=os.environ | server.as_groq, stderr=subprocess.PIPE
        ) as running,
        poisonous(running.pid),
    ):
        _, said = running.communicate(timeout=300)
    assert running.returncode == 3, said
    batch = read(tmp_path / "out")
    assert batch.counts["done"] == 9
    reasons = [row.reason for row in batch.rows if row.status in ("failed", "partial")]
    assert len(reasons) == 3
    assert all("the decoder crashed" in reason or "found no sound" in reason for reason in reasons)
