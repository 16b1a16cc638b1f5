"""What a run does with a store that cannot be written, and what the same command does after it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest
import soundfile as sf
from support.forked import Case, Forks
from support.server import Server
from support.speechlike import make_recording

from audiopipe.settings import ANSWERS, LEDGER

FILES = 3


@pytest.fixture
def run(server: Server, tmp_path: Path, forks: Forks) -> Callable[..., str]:
    """Transcribe three recordings, each a chunk, into a new folder; what it says."""
    (tmp_path / "talks").mkdir()
    for n in range(FILES):
        sf.write(tmp_path / "talks" / f"{n}.wav", make_recording(10, first=50 * n), 16_000)
    environment = {**os.environ, **server.as_groq, "AUDIOPIPE_CACHE_DIR": str(tmp_path / "cache")}

    def transcribe(out: str, most_bytes: int = 0) -> str:
        command = ("transcribe", "talks", "-o", out, "--no-voice-check")
        if most_bytes:
            code, said = _limited(command, most_bytes, environment, tmp_path)
        else:
            code = forks.run(Case(command, environment, str(tmp_path), str(tmp_path)))
            said = (tmp_path / "stderr").read_text()
        assert code == 0, said
        assert len(list((tmp_path / out).glob("*.json"))) == FILES + 1
        assert "defect" not in said
        return said

    return transcribe


def _limited(
    command: tuple[str, ...], most_bytes: int, environment: Mapping[str, str], folder: Path
) -> tuple[int, str]:
    """Exit code of a command whose files may have so many bytes, and what it says."""
    limit = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most_bytes}, {most_bytes}))"
    code = f"import resource; {limit}; import audiopipe.cli as cli; cli.main()"
    words = [sys.executable, "-c", code, *command]
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are a POSIX thing")
def test_on_a_full_disk_results_are_written_and_the_lack_is_told(
    run: Callable[..., str], server: Server
) -> None:
    said = run("full", most_bytes=20_000)
    assert "answers could not be kept" in said
    assert len(server.seen) == FILES
    run("room")
    run("again")
    assert FILES <= len(server.seen) <= 2 * FILES  # those that could not be kept, once


@pytest.mark.parametrize("place", ["header", "tables", "everything"])
def test_a_damaged_store_is_salvaged_and_what_was_lost_is_asked_once(
    run: Callable[..., str], server: Server, tmp_path: Path, place: str
) -> None:
    run("first")
    store = tmp_path / "cache" / ANSWERS
    broken = bytearray(store.read_bytes())
    spans = {"header": (0, 100), "tables": (100, 4096), "everything": (0, len(broken))}
    start, end = spans[place]
    broken[start:end] = b"\xa5" * (end - start)
    store.write_bytes(broken)
    assert "cannot be used" in run("damaged")
    assert len(server.seen) == (2 * FILES if place == "everything" else FILES)
    assert "cannot be used" not in run("again")
    assert len(server.seen) == (2 * FILES if place == "everything" else FILES)
    assert (tmp_path / "cache" / f"{ANSWERS}.damaged").read_bytes() == broken


def test_a_store_that_another_process_locks_is_read_and_written_when_it_is_free(
    run: Callable[..., str], server: Server, tmp_path: Path
) -> None:
    run("first")
    for name in (ANSWERS, LEDGER):
        with closing(sqlite3.connect(tmp_path / "cache" / name, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            run(f"while-{name}-is-locked")
    assert len(server.seen) == FILES


def test_a_folder_of_answers_that_cannot_be_made_stops_nothing(
    run: Callable[..., str], server: Server, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file")
    assert "as yet" in run("without")
    assert len(server.seen) == FILES
