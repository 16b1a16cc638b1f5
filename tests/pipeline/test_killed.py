"""A batch that is killed, again and again, at any moment."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import soundfile as sf
from support import speechlike
from support.forked import Case, Forks, Running
from support.server import KEY, Server

import audiopipe

FILES = 30
KILLS = 20
LENGTH_S, OVERLAP_S = 8.0, 1.0


def begin(folder: Path, server: Server, name: str, forks: Forks) -> Running:
    """The batch, on its way: answers in `<name>-cache`, results in `<name>`, events in a log."""
    command = ["transcribe", "in", "-o", name]
    command += ["--backend", "groq", "--base-url", server.url, "-j", "2", "--log-format", "ndjson"]
    command += ["--chunk-length", str(LENGTH_S), "--overlap", str(OVERLAP_S), "--limit", "rpm=none"]
    environment = {**os.environ, "GROQ_API_KEY": KEY}
    environment["AUDIOPIPE_CACHE_DIR"] = str(folder / f"{name}-cache")
    (folder / f"{name}-log").mkdir(exist_ok=True)
    return forks.begin(Case(tuple(command), environment, str(folder), str(folder / f"{name}-log")))


def events(log: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a log."""
    for line in log.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield json.loads(line)


def answered(log: Path) -> set[tuple[str, float]]:
    """The chunks for which a run had got and kept an answer, as it said itself."""
    told = [each for each in events(log) if each["event"] == "chunk" and not each["cached"]]
    return {(each["source"], each["start"]) for each in told}


def sent(server: Server) -> list[str]:
    """The hash of the audio in each request so far."""
    with server.lock:
        return [hashlib.sha256(seen.audio).hexdigest() for seen in server.seen]


def results(folder: Path) -> dict[str, bytes]:
    """All results, without the record of the batch, which tells of times and runs."""
    address = re.compile(rb'"base_url": "sha256:[0-9a-f]+"')  # two servers have two
    return {path.name: address.sub(b"", path.read_bytes()) for path in folder.glob("[0-9]*")}


def test_a_batch_killed_twenty_times_ends_as_if_undisturbed_and_pays_for_no_answer_twice(
    tmp_path: Path, forks: Forks
) -> None:
    dice = random.Random(4)
    (tmp_path / "in").mkdir()
    chunks = {}
    for n in range(FILES):
        path = tmp_path / "in" / f"{n:02}.flac"
        words = speechlike.make_recording(dice.randint(50, 60), first=100 * n)
        sf.write(path, words, 16_000)
        for chunk in audiopipe.prepare(path, chunk_length_s=LENGTH_S, overlap_s=OVERLAP_S):
            name = hashlib.sha256(chunk.data).hexdigest()
            chunks[str(path), chunk.window.core.start_s] = name

    with Server() as server:
        assert begin(tmp_path, server, "undisturbed", forks).wait() == 0
        assert sorted(sent(server)) == sorted(chunks.values())

    kept: set[str] = set()
    with Server(latency=lambda audio_s: 0.05) as server:
        for _ in range(KILLS):
            before = len(sent(server))
            running = begin(tmp_path, server, "killed", forks)
            more = dice.randint(0, 5)
            while len(sent(server)) < before + more:
                assert running.poll() is None
                time.sleep(0.002)
            time.sleep(dice.uniform(0, 0.1))
            running.send_signal(signal.SIGKILL)
            assert running.wait() == -signal.SIGKILL
            assert not kept & set(sent(server)[before:])
            kept |= {chunks[chunk] for chunk in answered(tmp_path / "killed-log" / "stderr")}
        before = len(sent(server))
        assert begin(tmp_path, server, "killed", forks).wait() == 0
        assert not kept & set(sent(server)[before:])
    assert len(kept) > KILLS
    assert results(tmp_path / "killed") == results(tmp_path / "undisturbed")
    assert len(results(tmp_path / "killed")) == 4 * FILES
