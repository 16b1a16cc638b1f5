"""A folder that files come into in many ways while it is watched, and what became of them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import soundfile as sf

from support import speechlike
from support.server import Server

SETTLE_S = 0.5


@dataclass
class Came:
    """What became of the files: faults in words, and how often each name had a line."""

    faults: list[str] = field(default_factory=list)
    lines: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    seconds: float = 0.0


def campaign(folder: Path, files: int, kills: int, dice: random.Random) -> Came:
    """Files come slowly, by a move, under another name at first, one of them broken, while the
    watching process is killed; then all is checked.

    Each whole file has one result with its own words; the broken one has a line that says so; no
    answer that had arrived was asked for again.
    """
    texts = _recordings(folder / "source", files)
    incoming, out = folder / "incoming", folder / "out"
    incoming.mkdir()
    began_s = time.monotonic()
    with Server() as server, ThreadPoolExecutor(8) as copiers, (folder / "log").open("ab") as log:
        watcher = _start(folder, server, log.fileno())
        try:
            for name in texts:
                copiers.submit(_bring, folder / "source" / name, incoming / name, dice.random())
            for part in range(1, kills + 1):
                due = files * part // (kills + 2)
                _until(lambda due=due: len([*out.glob("*.txt")]) > due)  # type: ignore[misc]
                watcher.kill()
                watcher.wait()
                watcher = _start(folder, server, log.fileno())
            copiers.shutdown()
            _until(lambda: len([*out.glob("*.txt")]) >= files - 1)
            _until(lambda: [*texts][-1] in (folder / "log").read_text(), at_most_s=20)
        finally:
            watcher.send_signal(signal.SIGTERM)
            code = watcher.wait(30)
        came = _checked(texts, out, (folder / "log").read_text(), server)
    came.seconds = time.monotonic() - began_s
    if code != 143:
        came.faults.append(f"the watcher ended with {code}")
    return came


def _recordings(folder: Path, files: int) -> Mapping[str, str]:
    """Recordings with different words, the last one broken, by name with their texts."""
    folder.mkdir()
    texts = {}
    for number in range(files):
        name = f"talk{number:03}.wav"
        sf.write(folder / name, speechlike.make_recording(4, first=4 * number), 16_000)
        texts[name] = speechlike.text(range(4 * number, 4 * number + 4))
    (folder / name).write_bytes(b"RIFF" + bytes(3000))
    texts[name] = ""
    return texts


def _bring(source: Path, target: Path, chance: float) -> None:
    """In one of four ways: slowly, by a move, under another name at first, at once."""
    data = source.read_bytes()
    if chance < 0.5:
        with target.open("wb") as file:
            for at in range(0, len(data), -(-len(data) // 6)):
                file.write(data[at : at + -(-len(data) // 6)])
                file.flush()
                time.sleep(0.4 * SETTLE_S + chance)
    elif chance < 0.7:
        aside = source.with_suffix(".aside")
        aside.write_bytes(data)
        aside.replace(target)
    elif chance < 0.9:
        part = target.with_name(f"{target.name}.part")
        part.write_bytes(data)
        time.sleep(2 * SETTLE_S)
        part.rename(target)
    else:
        target.write_bytes(data)


def _start(folder: Path, server: Server, log: int) -> subprocess.Popen[bytes]:
    keyless = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
    command = f"watch incoming -o out --settle {SETTLE_S} -f txt,json --no-voice-check --tier dev"
    return subprocess.Popen(
        [sys.executable, "-m", "audiopipe", *command.split()],
        cwd=folder,
        env={**keyless, **server.as_groq, "AUDIOPIPE_CACHE_DIR": str(folder / "cache")},
        stdout=log,
        stderr=log,
    )


def _until(is_so: Callable[[], bool], at_most_s: float = 240) -> None:
    until_s = time.monotonic() + at_most_s
    while not is_so() and time.monotonic() < until_s:
        time.sleep(0.05)


def _checked(texts: Mapping[str, str], out: Path, log: str, server: Server) -> Came:
    came = Came(requests=len(server.seen))
    came.lines = Counter(name for line in log.splitlines() for name in texts if name in line)
    for name, text in texts.items():
        path = out / name.replace(".wav", ".txt")
        found = " ".join(path.read_text().split()) if path.exists() else ""
        if found != text:
            came.faults.append(f"{name}: {found!r} in place of {text!r}")
        if not came.lines[name]:
            came.faults.append(f"{name}: no line tells of it")
        if text and came.lines[name] > 1:
            came.faults.append(f"{name}: {came.lines[name]} lines tell of it")
    rows = json.loads((out / "batch.json").read_text())["rows"]
    statuses = Counter(row["status"] for row in rows)
    if statuses["failed"] != 1 or len(rows) != len(texts):
        came.faults.append(f"the record has {dict(statuses)}")
    uploads = Counter(hash(seen.audio) for seen in server.accepted)
    came.faults += [f"{n} requests for one recording" for n in uploads.values() if n > 2]
    return came
