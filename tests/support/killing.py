"""Command lines that are killed at any moment, again and again, and what became of them."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import re
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import soundfile as sf

from support import speechlike
from support.answers import Answer, Seen
from support.forked import Case, Forks, Running
from support.server import Server
from support.spoken import spoken

LATENCY_S = 0.04
GRACE_S = 1.0
"""An answer that went out so shortly before a kill may not have been kept yet: on a busy machine
the process that is to keep it may have had no turn."""

_RECIPE = """
inputs = ["talks"]
[[stage]]
name = "transcribe"
language = "en"
chunk_length = 8
overlap = 1
[[stage]]
name = "translate"
into = "de"
[[stage]]
name = "render"
output-format = "srt"
[[stage]]
name = "speak"
format = "flac"
language = "en"
"""
CUT = ("--chunk-length", "8", "--overlap", "1", "--no-voice-check")
TOLD = [f"told/{n}.json" for n in range(12)]
COMMANDS: Mapping[str, Sequence[str]] = {
    "transcribe": ("transcribe", "talks", "-o", "out", *CUT),
    "speak": ("speak", "book.md", "-o", "out/book.flac"),
    "ask": ("ask", "translate", *TOLD, "--into", "de", "-f", "json", "-o", "out"),
    "roundtrip": ("roundtrip", "talks/0.flac", "-o", "out", "-l", "en", "--format", "flac", *CUT),
    "run": ("run", "p.toml", "-o", "out"),
}
_OURS = ("answers.sqlite3", "budget.sqlite3")


@dataclass(slots=True)
class Campaign:
    """What was seen in all rounds; a round is a command until it has come to its end.

    Attributes:
        kills: processes that were killed.
        rounds: commands that came to their end.
        requests: of all rounds.
        again: of them, those that had been sent before and cut off by a kill.
        faults: what should not be.
    """

    kills: int = 0
    rounds: int = 0
    requests: int = 0
    again: int = 0
    faults: list[str] = field(default_factory=list)


class Watched(Server):
    """Knows when it has answered what, and translates by capital letters."""

    def __init__(self) -> None:
        super().__init__(latency=lambda audio_s: LATENCY_S)
        self.replies.extend([_in_capitals] * 100_000)
        self._log: list[list[Any]] = []

    @property
    def log(self) -> list[tuple[str, float]]:
        """What was asked, and when it was answered, in order of arrival."""
        return [(name, answered_s) for name, answered_s in self._log]

    def answer(self, seen: Seen) -> Answer:
        entry: list[Any] = [_name(seen), math.inf]
        self._log.append(entry)
        answered = super().answer(seen)
        entry[1] = time.monotonic()
        return answered


def prepare(folder: Path, talks: int = 3) -> None:
    """Everything that the commands need."""
    (folder / "talks").mkdir()
    for n in range(talks):
        words = speechlike.make_recording(50, first=100 * n)
        sf.write(folder / "talks" / f"{n}.flac", words, 16_000)
    (folder / "told").mkdir()
    for n in range(12):
        spoken(f"Number {n} begins.", "Ann calls the landlord.").save(folder / f"told/{n}.json")
    lines = [f"# Part {n}\n\nThis is line number {n}.\n\nAnd one more, {n}." for n in range(20)]
    (folder / "book.md").write_text("\n\n".join(lines))
    (folder / "p.toml").write_text(_RECIPE)


def campaign(name: str, folder: Path, kills: int, dice: random.Random, forks: Forks) -> Campaign:
    """Kill a command so many times, each time at another moment."""
    seen = Campaign()
    with Watched() as server:
        if (code := _begin(name, folder, server, forks).wait()) != 0:
            seen.faults.append(f"undisturbed: exit code {code}: {_said(folder)}")
            return seen
    undisturbed = _taken(folder)
    while seen.kills < kills:
        with Watched() as server:
            killed_s = _round(name, folder, server, forks, kills, dice, seen)
            _judge(server.log, killed_s, seen)
        if _taken(folder) != undisturbed:
            seen.faults.append(f"round {seen.rounds}: the results are not those of undisturbed")
    return seen


def _round(
    name: str,
    folder: Path,
    server: Watched,
    forks: Forks,
    kills: int,
    dice: random.Random,
    seen: Campaign,
) -> list[float]:
    """Run the command until it has come to its end; when it was killed."""
    killed_s: list[float] = []
    while True:
        running = _begin(name, folder, server, forks)
        if seen.kills < kills:
            until = len(server.log) + dice.randint(0, 4)
            while len(server.log) < until and running.poll() is None:
                time.sleep(0.002)
            time.sleep(dice.uniform(0, 4 * LATENCY_S))
            running.send_signal(signal.SIGKILL)
        code = running.wait()
        if code != -signal.SIGKILL:
            seen.rounds += 1
            if code:
                seen.faults.append(f"round {seen.rounds}: exit code {code}: {_said(folder)}")
            return killed_s
        seen.kills += 1
        killed_s.append(time.monotonic())


def _judge(log: Sequence[tuple[str, float]], killed_s: Sequence[float], seen: Campaign) -> None:
    """A request may be sent again only if a kill has cut off the one before."""
    seen.requests += len(log)
    before: dict[str, float] = {}
    for name, answered_s in log:
        if name in before:
            seen.again += 1
            if not any(at_s - GRACE_S < before[name] for at_s in killed_s):
                seen.faults.append(f"an answered request was sent again: {name}")
        before[name] = answered_s


def _begin(name: str, folder: Path, server: Server, forks: Forks) -> Running:
    environment = {**os.environ, **server.as_groq}
    environment |= {"AUDIOPIPE_CACHE_DIR": str(folder / "cache"), "TMPDIR": str(folder / "tmp")}
    environment |= {"AUDIOPIPE_WORKERS": "2", "AUDIOPIPE_LIMITS": "rpm=none,tpm=none,ash=none"}
    (folder / "tmp").mkdir(exist_ok=True)
    return forks.begin(Case(tuple(COMMANDS[name]), environment, str(folder), str(folder)))


def _said(folder: Path) -> str:
    return (folder / "stderr").read_text()[-300:]


def _taken(folder: Path) -> dict[str, str]:
    """All that a command has left but the record of the batch and the kept answers, by name; it is
    deleted."""
    left = {}
    for path in sorted((folder / "out").rglob("*")):
        if path.is_file() and path.name != "batch.json":
            left[str(path.relative_to(folder))] = hashlib.sha256(_content(path)).hexdigest()
    for path in [*(folder / "tmp").rglob("*"), *(folder / "cache").rglob("*")]:
        if not path.name.startswith(_OURS) or path.name.endswith((".new", ".damaged")):
            left[str(path.relative_to(folder))] = "a leftover"
    for place in ("out", "cache", "tmp"):
        for path in sorted((folder / place).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    return left


def _content(path: Path) -> bytes:
    """The bytes of a result, without what a report says of the costs of the last run, and without
    the address of the server, which is another in each run."""
    if not path.name.endswith(".report.json"):
        return re.sub(rb'base_url": "sha256:[0-9a-f]+"', b"", path.read_bytes())
    report = json.loads(path.read_bytes())
    return json.dumps([report[key] for key in report if key not in ("steps", "spent")]).encode()


def _in_capitals(body: dict[str, Any]) -> str:
    rows = [line.split(": ", 1) for line in body["messages"][1]["content"].splitlines()]
    return json.dumps({"lines": [{"number": int(n), "text": text.upper()} for n, text in rows]})


def _name(seen: Seen) -> str:
    """What is asked, for short."""
    asked = json.dumps([seen.path, seen.fields, seen.json], sort_keys=True).encode()
    return f"{seen.path.rpartition('/')[2]} {hashlib.sha256(asked + seen.audio).hexdigest()[:12]}"
