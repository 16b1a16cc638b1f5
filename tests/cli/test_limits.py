"""`audiopipe limits`: what is believed, used and until when, and forgetting it."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.answers import error, limited
from support.fixtures import RECORDINGS
from support.server import Server

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """A cache of the test's own."""
    return {"AUDIOPIPE_CACHE_DIR": str(tmp_path / "own")}


def test_what_is_told_and_used_is_shown_and_forgotten(
    audiopipe: Run, server: Server, own: dict[str, str]
) -> None:
    assert "nothing is known" in audiopipe("limits", **own).stdout
    server.faults.append(limited(wait="50ms", units=9000, used=7000))
    done = audiopipe("transcribe", RECORDINGS / "jfk.flac", **server.as_groq, **own)
    assert done.returncode == 0, done.stderr
    shown = audiopipe("limits", **own).stdout
    assert f"{server.address}/openai/v1  whisper-large-v3-turbo" in shown
    assert "ash: 70" in shown and "of 9000 audio seconds an hour used" in shown
    assert "told by the server, believed until 20" in shown
    assert "nothing is known" in audiopipe("limits", "reset", "elsewhere", **own).stdout
    assert "1 forgotten" in audiopipe("limits", "reset", server.address, **own).stdout
    assert "nothing is known" in audiopipe("limits", **own).stdout


def test_what_a_server_refuses_is_asked_once_and_shown(
    audiopipe: Run, server: Server, own: dict[str, str], tmp_path: Path
) -> None:
    refusal = error(400, "Unknown parameter: 'timestamp_granularities[]'")
    server.faults.append(refusal)
    for name in ("jfk.flac", "jfk.flac"):
        asked = ("transcribe", RECORDINGS / name, "--refresh", "-o", tmp_path / "out")
        done = audiopipe(*asked, **server.as_groq, **own)
        assert done.returncode == 0, done.stderr
    assert [seen.status for seen in server.seen] == [400, 200, 200]
    assert "timestamp_granularities[]" not in server.seen[2].fields
    assert "refuses timestamp_granularities[]: left out" in audiopipe("limits", **own).stdout


def test_a_ledger_of_nonsense_stops_nobody(
    audiopipe: Run, server: Server, own: dict[str, str], tmp_path: Path
) -> None:
    asked = ("transcribe", RECORDINGS / "jfk.flac", "--refresh", "-o", tmp_path / "out")
    assert audiopipe(*asked, **server.as_groq, **own).returncode == 0
    ledger = Path(own["AUDIOPIPE_CACHE_DIR"], "budget.sqlite3")
    year_ahead = 4e9
    with closing(sqlite3.connect(ledger)) as books, books:
        (account,) = books.execute("SELECT DISTINCT account FROM buckets").fetchone()
        books.execute("UPDATE buckets SET used = 9e999, at_s = ?", (year_ahead,))
        books.execute("UPDATE buckets SET used = 'much', at_s = x'00' WHERE rule = 'rpd'")
        books.execute("INSERT OR REPLACE INTO pauses VALUES (?, ?)", (account, year_ahead))
        rows = [("rpm", 0.001, year_ahead), ("xyz", 5, 0), ("asd", "no", "never")]
        books.executemany(f"INSERT INTO told VALUES ('{account}', ?, ?, ?)", rows)
        books.execute(
            "INSERT INTO requests (account, requests, tokens, audio_s, asked_s, sent_s)"
            " VALUES (?, 9e999, 'x', -5, 'then', 'now')",
            (account,),
        )
    done = audiopipe(*asked, "--max-wait", 0, **server.as_groq, **own)
    assert done.returncode == 0, done.stderr
    assert audiopipe("limits", **own).returncode == 0
