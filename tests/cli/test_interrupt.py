from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
import soundfile as sf
from support import speechlike
from support.forked import Case, Forks, Running
from support.misbehaving import Case as Reply
from support.misbehaving import Misbehaving, Right
from support.server import KEY, Server
from support.speechlike import hear

from audiopipe.settings import LEDGER
from audiopipe.workflows.batch import read

Begin = Callable[..., Running]

FILES = 6


def recordings(folder: Path) -> None:
    """Recordings that all differ, a chunk each."""
    folder.mkdir()
    for n in range(FILES):
        sf.write(folder / f"{n}.flac", speechlike.make_recording(20 + n, first=50 * n), 16_000)


COMMAND = ("transcribe", "in", "-o", "out", "--backend", "groq", "-j", "1")


@pytest.fixture
def begin(forks: Forks, tmp_path: Path) -> Begin:
    """Begins a command that tells in `stderr` what it does."""

    def begin(server: Server, *flags: str) -> Running:
        environment = {**os.environ, "GROQ_API_KEY": KEY, "AUDIOPIPE_BASE_URL": server.url}
        return forks.begin(Case((*COMMAND, *flags), environment, str(tmp_path), str(tmp_path)))

    return begin


def wait_until_said(words: str, folder: Path, running: Running) -> None:
    while words not in (folder / "stderr").read_text():
        assert running.poll() is None
        time.sleep(0.005)


def wait_until_sent(server: Server, requests: int, running: Running | Popen[str]) -> None:
    while len(server.seen) < requests:
        assert running.poll() is None
        time.sleep(0.005)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_ends_in_order_and_the_same_command_goes_on(
    tmp_path: Path, begin: Begin, number: signal.Signals
) -> None:
    recordings(tmp_path / "in")
    with Server(latency=lambda audio_s: 0.5) as server:
        running = begin(server)
        wait_until_sent(server, 3, running)
        running.send_signal(number)
        code, said = running.wait(), (tmp_path / "stderr").read_text()
        assert code == 128 + number, said
        assert "Traceback" not in said
        assert "once more leaves at once" in said
        assert "the same command goes on" in said
        assert f"3 done, {FILES - 3} pending" in said
        assert [seen.status for seen in server.seen] == [200] * 3  # nothing begun, nothing cut off
        batch = read(tmp_path / "out")
        assert "stopped" in batch.stopped
        assert batch.counts["done"] == 3
        assert batch.counts["done"] + batch.counts["pending"] == FILES
        written = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
        assert not [name for name in written if name.endswith(".tmp")]
        assert begin(server).wait() == 0, (tmp_path / "stderr").read_text()
        assert len(server.seen) == FILES
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert len(after) == 4 * FILES + 1
    assert after["0.json"] == written["0.json"]


def test_the_second_signal_leaves_at_once_and_loses_nothing_that_had_arrived(
    tmp_path: Path, begin: Begin
) -> None:
    recordings(tmp_path / "in")
    go_on = threading.Event()
    with Server() as server:
        server.hear = lambda samples, rate_hz: (
            [] if len(server.seen) == 3 and not go_on.wait(60) else hear(samples, rate_hz)
        )
        running = begin(server)
        wait_until_sent(server, 3, running)
        running.send_signal(signal.SIGINT)
        wait_until_said("once more leaves at once", tmp_path, running)
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 143  # while the server still thinks
        go_on.set()
        assert begin(server).wait() == 0, (tmp_path / "stderr").read_text()
        audio = [seen.audio for seen in server.seen]
        assert len(set(audio)) == FILES
        assert audio.count(audio[2]) == 2  # the one that was under way, and no other
        assert len(audio) == FILES + 1
    assert read(tmp_path / "out").counts["pending"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_wait_for_a_recording_that_is_still_being_written(
    tmp_path: Path, begin: Begin, number: signal.Signals
) -> None:
    os.mkfifo(tmp_path / "in")
    with Server() as server:
        running = begin(server)
        with (tmp_path / "in").open("wb", buffering=0) as writer:  # once it is read
            writer.write(b"RIFF")
            running.send_signal(number)
            assert running.wait(60) == 128 + number
        assert "Traceback" not in (tmp_path / "stderr").read_text()
        assert server.seen == []
    assert not [path for path in (tmp_path / "out").glob("*") if path.name != "batch.json"]


def test_one_signal_ends_the_wait_for_a_ledger_that_another_process_holds(
    tmp_path: Path, begin: Begin
) -> None:
    recordings(tmp_path / "in")
    with Server() as server:
        assert begin(server, "--cache-dir", "cache").wait() == 0
        ledger = sqlite3.connect(tmp_path / "cache" / LEDGER, isolation_level=None)
        with closing(ledger):
            ledger.execute("BEGIN IMMEDIATE")
            running = begin(server, "--cache-dir", "cache", "--refresh")
            wait_until_said("recognises", tmp_path, running)
            time.sleep(1)
            running.send_signal(signal.SIGINT)
            assert running.wait(20) == 130  # it would have been patient for a minute
        assert len(server.seen) == FILES


def test_what_nohup_ignores_does_not_end_a_run(tmp_path: Path) -> None:
    recordings(tmp_path / "in")
    with Server(latency=lambda audio_s: 0.2) as server:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            running = Popen(
                [sys.executable, "-m", "audiopipe", *COMMAND, "--base-url", server.url],
                cwd=tmp_path,
                env={**os.environ, "GROQ_API_KEY": KEY},
                stderr=PIPE,
                text=True,
            )
        finally:
            signal.signal(signal.SIGHUP, before)
        wait_until_sent(server, 2, running)
        running.send_signal(signal.SIGHUP)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 0, said


@pytest.mark.parametrize("fault", ["silent", "drop by drop"])
def test_the_first_signal_ends_an_answer_that_does_not_come(
    tmp_path: Path, forks: Forks, fault: str
) -> None:
    raw = b"HTTP/1.1 200 OK\r\n\r\n" if fault == "drop by drop" else b""
    slow = Reply(Right(), raw=raw, slowly=(b" " * bool(raw), 1.0, 600))
    recordings(tmp_path / "in")
    with Misbehaving({"slow": slow}) as server:
        environment = {**os.environ, "AUDIOPIPE_BACKEND": "openai", "AUDIOPIPE_MODEL": "m"}
        command = ("transcribe", "in", "--base-url", server.url("slow"))
        running = forks.begin(Case(command, environment, str(tmp_path), str(tmp_path)))
        while not server.asked["slow"]:
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
    assert "the same command goes on" in (tmp_path / "stderr").read_text()
