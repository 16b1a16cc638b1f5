from __future__ import annotations

import json
import logging
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from threading import Barrier

import pytest
import soundfile as sf
from support import speechlike
from support.answers import error
from support.clock import Clock
from support.server import Server

from audiopipe.cli.progress import Report
from audiopipe.cli.tally import Tally
from audiopipe.values.audio import Span
from audiopipe.values.events import Heard, Lost, Waiting
from audiopipe.values.requests import Usage
from audiopipe.workflows.batch import read

Run = Callable[..., "CompletedProcess[str]"]

GROQ = ("--backend", "groq", "-j", "1")


def heard(start_s: float, end_s: float, *, cached: bool = False) -> Heard:
    took = Usage(1, end_s - start_s, end_s - start_s, 0.01 * (end_s - start_s))
    return Heard("a.mp3", Span(start_s, end_s), took, cached)


def count_at_once(tally: Tally, *events: Waiting) -> None:
    """Each in a thread of its own, as chunks are worked on."""
    all_counted = Barrier(len(events))

    def work(event: Waiting) -> None:
        tally.count(event)
        all_counted.wait()

    with ThreadPoolExecutor(len(events)) as threads:
        list(threads.map(work, events))


def recordings(folder: Path, count: int) -> None:
    (folder / "in").mkdir()
    for n in range(count):
        words = speechlike.make_recording(20 + n, first=50 * n)
        sf.write(folder / "in" / f"{n}.flac", words, 16_000)


def test_speed_price_and_time_left_are_of_what_was_really_asked() -> None:
    clock = Clock(100.0)
    tally = Tally([60.0, 40.0], clock)
    tally.count(heard(0, 30, cached=True))
    clock.now_s += 5
    tally.count(heard(30, 50))
    assert (tally.heard_s, tally.speed, tally.left_s) == (50, 4, 12.5)
    assert tally.spent == Usage(1, 20, 20, 0.2)
    tally.count(Lost("a.mp3", Span(50, 60), "no answer"))
    assert tally.heard_s == 60


def test_no_less_is_left_than_the_longest_wait() -> None:
    clock = Clock(100.0)
    tally = Tally([60.0], clock)
    clock.now_s += 5
    tally.count(heard(0, 50))
    assert tally.left_s == 1
    count_at_once(tally, Waiting(20.0, "requests a minute"), Waiting(300.0, "audio seconds"))
    assert tally.left_s == 300


def test_nobody_tells_what_is_left_of_recordings_of_unknown_length() -> None:
    tally = Tally([60.0, None], Clock(100.0))
    tally.count(heard(0, 30))
    assert (tally.audio_s, tally.left_s) == (None, None)


def test_of_many_that_wait_the_first_to_go_on_is_told_until_it_does() -> None:
    clock = Clock(100.0)
    tally = Tally([60.0], clock)
    count_at_once(
        tally, Waiting(300.0, "audio seconds an hour"), Waiting(20.0, "requests a minute")
    )
    tally.count(Waiting(10.0, "another try"))
    assert tally.wait == (10.0, "another try")
    tally.count(heard(0, 10))  # it waits no longer
    assert tally.wait == (20.0, "requests a minute")
    clock.now_s += 20
    assert tally.wait == (280.0, "audio seconds an hour")
    clock.now_s += 280
    assert tally.wait is None


def test_a_wait_is_one_line_before_it_begins_however_often_it_is_asked_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock(100.0)
    report = Report(Tally([60.0], clock), {}, "out")
    caplog.set_level(logging.INFO)
    for _ in range(19):
        report.listen(Waiting(290.0 - clock.now_s, "7200 audio seconds an hour"))
        clock.now_s += 10
    assert [record.message for record in caplog.records] == [
        "next chunk in 3 m 10 s: 7200 audio seconds an hour"
    ]
    clock.now_s = 291.0
    report.listen(Waiting(2.0, "another try"))
    report.listen(Waiting(8.0, "another try"))
    assert caplog.messages[1:] == [""]  # for machines alone: it is short


def at_terminal(
    folder: Path, server: Server, *flags: str, until: str | None = None
) -> tuple[int, str]:
    """Exit code and screen of a run whose stderr is a terminal; stopped when `until` is seen."""
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "audiopipe", "transcribe", "in", "-o", "out", *GROQ, *flags]
    environment = {**os.environ, **server.as_groq}
    environment |= {"TERM": "xterm", "COLUMNS": "120"}
    running = subprocess.Popen(command, cwd=folder, env=environment, stderr=terminal)
    os.close(terminal)
    screen = b""
    try:
        while piece := os.read(controller, 4096):
            screen += piece
            if until and until.encode() in screen:
                until = None
                running.send_signal(signal.SIGINT)
    except OSError:  # Linux: the other end is closed
        pass
    os.close(controller)
    return running.wait(60), re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.decode())


def test_on_a_terminal_bars_tell_of_files_audio_speed_and_cost_and_lines_stay_whole(
    tmp_path: Path,
) -> None:
    recordings(tmp_path, 3)
    with Server(latency=lambda audio_s: 0.4) as server:
        code, screen = at_terminal(tmp_path, server)
    assert code == 0, screen
    assert re.search(r"files .* 2 of 3", screen), screen
    assert re.search(
        r"audio .* 20 s of 32 s, [\d.]+ times real time, \$0.00\d\d, \d s left", screen
    )
    for n in range(3):
        line = rf"\raudiopipe: in/{n}\.flac: 1\d s, flags: \d -> out/{n}\S+\r\n"
        assert re.search(line, screen), screen


def test_on_a_terminal_a_wait_for_a_limit_is_shown_before_it_is_over(tmp_path: Path) -> None:
    recordings(tmp_path, 2)
    with Server() as server:
        code, screen = at_terminal(tmp_path, server, "--limit", "rpm=1", until="next chunk in 5")
    assert code == 130, screen
    assert re.search(r"next chunk in 5\d s: \S+", screen), screen


def test_on_a_terminal_quiet_shows_nothing(tmp_path: Path) -> None:
    recordings(tmp_path, 2)
    with Server() as server:
        assert at_terminal(tmp_path, server, "-q") == (0, "")


def test_without_a_terminal_each_file_is_a_line_and_the_last_one_the_sum(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    recordings(tmp_path, 2)
    done = audiopipe("transcribe", "in", "-o", "out", *GROQ, **server.as_groq)
    _, *files, last = done.stderr.splitlines()
    assert [line.split(":")[1] for line in files] == [" in/0.flac", " in/1.flac"]
    assert re.fullmatch(r"audiopipe: 2 done; 20 s of audio, \$0.000\d spent", last)


def test_a_file_whose_name_has_two_lines_is_told_in_one(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    recordings(tmp_path, 1)
    (tmp_path / "in" / "0.flac").rename(tmp_path / "in" / "two\nlines.flac")
    done = audiopipe("transcribe", "in", "-o", "out", *GROQ, **server.as_groq)
    _, line = done.stderr.splitlines()
    assert "in/two\\nlines.flac: " in line
    assert "-> out/two\\nlines{" in line


def test_events_are_json_lines_that_add_up(audiopipe: Run, tmp_path: Path, server: Server) -> None:
    recordings(tmp_path, 2)
    (tmp_path / "in" / "bad.mp3").write_text("This is no recording.")
    server.faults += [None, error(400, "could not process file")]
    done = audiopipe(
        "transcribe", "in", "-o", "out", *GROQ, "--log-format", "ndjson", **server.as_groq
    )
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", each.pop("time")) for each in told)
    log, start, *work, end = told
    assert (log["event"], log["level"]) == ("log", "info")
    assert start == {"event": "start", "files": 3, "due": 3, "seconds": 20.5}
    names = [(each["event"], Path(each["source"]).name) for each in work]
    assert sorted(names) == [
        *(("chunk", "0.flac"), ("file", "0.flac"), ("file", "1.flac"), ("file", "bad.mp3")),
        ("lost", "1.flac"),
    ]
    (chunk,) = (each for each in work if each["event"] == "chunk")
    assert (chunk["start"], chunk["end"], chunk["cached"], chunk["billed_s"]) == (0, 10, False, 10)
    rows = {Path(each["source"]).name: each for each in work if each["event"] == "file"}
    statuses = {name: row["status"] for name, row in rows.items()}
    assert statuses == {"0.flac": "done", "1.flac": "failed", "bad.mp3": "failed"}
    assert all(row["reason"] for row in rows.values() if row["status"] == "failed")
    assert end["exit_code"] == done.returncode == 3
    assert end["files"] == {"done": 1, "failed": 2}
    assert end["cost_usd"] == chunk["cost_usd"] == rows["0.flac"]["spent_usd"] > 0


def test_a_limit_that_stops_the_run_is_in_the_last_event_and_in_the_record(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    recordings(tmp_path, 2)
    flags = ("--log-format", "ndjson", "--max-requests", 1)
    done = audiopipe("transcribe", "in", "-o", "out", *GROQ, *flags, **server.as_groq)
    end = json.loads(done.stderr.splitlines()[-1])
    assert (end["event"], end["exit_code"], done.returncode) == ("end", 4, 4)
    assert end["files"] == {"done": 1, "pending": 1}
    assert "--max-requests 1" in read(tmp_path / "out").stopped
