from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import soundfile as sf
from support import speechlike
from support.mumbling import WORDS, doubtful
from support.server import Server

Run = Callable[..., "CompletedProcess[str]"]


def test_what_was_written_without_repair_is_repaired_when_asked_and_then_left_alone(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    sf.write(tmp_path / "a.flac", speechlike.make_recording(WORDS), 16_000)
    server.faults += [doubtful(20, 30)]
    command = ("transcribe", "a.flac", "-o", "out", "--no-voice-check")
    assert audiopipe(*command, **server.as_groq).returncode == 0
    assert "mumble" in (tmp_path / "out" / "a.txt").read_text()
    for _ in range(2):
        done = audiopipe(*command, "--repair", **server.as_groq)
        assert done.returncode == 0, done.stderr
        assert len(server.seen) == 2
        document = json.loads((tmp_path / "out" / "a.json").read_text())
        assert document["text"] == speechlike.text(range(WORDS))
        assert document["repairs"][0]["replaced"]
    assert "done already" in done.stderr


def test_events_tell_of_each_repair(audiopipe: Run, tmp_path: Path, server: Server) -> None:
    sf.write(tmp_path / "a.flac", speechlike.make_recording(WORDS), 16_000)
    server.faults += [doubtful(20, 30)]
    options = ("-o", "out", "--no-voice-check", "--repair", "--log-format", "ndjson")
    done = audiopipe("transcribe", "a.flac", *options, **server.as_groq)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    (repair,) = [event for event in events if event["event"] == "repair"]
    assert repair["replaced"] and repair["billed_s"] >= 10
    (end,) = [event for event in events if event["event"] == "end"]
    assert end["requests"] == 2 and end["cost_usd"] > repair["cost_usd"] > 0
