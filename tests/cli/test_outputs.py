"""Where results go is looked at before anything is paid for, and a full disk is one line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.fixtures import RECORDINGS
from support.server import Server

from audiopipe.errors import OutputError
from audiopipe.render import require_room, save
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript

Run = Callable[..., "CompletedProcess[str]"]

TALK = RECORDINGS / "jfk.flac"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own without room; only root may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    size = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.name != "posix" or subprocess.run(size, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    (disk / "filler").write_bytes(bytes(60_000))
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def commands(folder: object) -> list[tuple[object, ...]]:
    """Each command that pays, with results in a folder."""
    return [
        ("transcribe", TALK, "-o", folder),
        ("translate", TALK, "-o", folder),
        ("ask", "summary", "talk.json", "-o", folder),
        ("roundtrip", TALK, "-o", folder),
        ("speak", "Hello.", "-o", f"{folder}/a.wav"),
        ("run", "pipeline.toml", TALK, "-o", folder),
    ]


@pytest.fixture
def inputs(tmp_path: Path) -> None:
    said = (Segment(Span(0.0, 2.0), "Hello."),)
    save(Transcript(Source("talk.wav", "", 2.0), "transcribe", "en", said), tmp_path / "talk.json")
    (tmp_path / "pipeline.toml").write_text('[[stage]]\nname = "transcribe"\n')
    (tmp_path / "file").touch()


@pytest.mark.usefixtures("inputs")
def test_a_folder_that_is_none_is_told_before_a_request(audiopipe: Run, server: Server) -> None:
    for command in [*commands("file/out"), ("prepare", TALK, "-o", "file/out")]:
        done = audiopipe(*command, **server.as_groq)
        assert done.returncode == 1, (command, done.stderr)
        assert "cannot write into file/out" in done.stderr.splitlines()[-1], command
    assert not server.seen


@pytest.mark.usefixtures("inputs")
def test_a_full_disk_is_told_before_a_request(audiopipe: Run, server: Server, full: Path) -> None:
    for command in commands(full)[::2]:
        done = audiopipe(*command, **server.as_groq)
        assert done.returncode == 1, (command, done.stderr)
        last = done.stderr.splitlines()[-1]
        assert f"{full} has room for" in last or f"cannot write into {full}" in last, command
    assert not server.seen


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("nothing is forbidden here")
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot write into"):
        require_room(tmp_path / "out")


def test_room_is_asked_for_by_size(tmp_path: Path) -> None:
    require_room(tmp_path / "new" / "deep")
    assert not list((tmp_path / "new" / "deep").iterdir())
    with pytest.raises(OutputError, match="MB are to be written"):
        require_room(tmp_path, shutil.disk_usage(tmp_path).free)


def test_a_later_run_writes_over_no_other_recording(
    audiopipe: Run, server: Server, tmp_path: Path
) -> None:
    for folder, recording in (("x", "jfk.flac"), ("y", "two_cities.flac")):
        (tmp_path / folder).mkdir()
        shutil.copy(RECORDINGS / recording, tmp_path / folder / "a.flac")
        done = audiopipe("transcribe", folder, "-o", "out", "-f", "txt", **server.as_groq)
        assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").glob("*.txt")} == {"a.txt", "a.flac.txt"}
    assert "y/a.flac: named a.flac, as another's results are there" in done.stderr
    again = audiopipe("transcribe", "y", "-o", "out", "-f", "txt", **server.as_groq)
    assert "as another's" not in again.stderr
    assert len({*(tmp_path / "out").glob("*.txt")}) == 2
