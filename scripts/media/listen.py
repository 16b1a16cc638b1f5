"""What we hear in a file, in a process of its own, and what ffmpeg hears."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading import open_source
from audiopipe.errors import InputError
from audiopipe.stages.prepare import prepare
from media.formats import FFMPEG
from media.tonecode import RATE_HZ, Spoken, heard

MOST_S = 120

Sound = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ours:
    """How our reading of a file ended.

    Attributes:
        outcome: `read`, `refused`, `raised`, `hung` or `crashed by ...`.
        said: the message of what was raised, or what came on stderr.
        losses: start and end of each, in seconds.
        sound: at 16 kHz, full scale 1; empty for what was not read.
    """

    outcome: str
    said: str
    losses: tuple[tuple[float, float], ...]
    notes: tuple[str, ...]
    sound: Sound
    words: tuple[Spoken, ...]
    wall_s: float


@dataclass(frozen=True, slots=True)
class Theirs:
    """What ffmpeg hears.

    Attributes:
        clocked: by the times of the container: gaps are filled, what comes twice is dropped.
        plain: every sample that was decoded, one after the other.
        said: its complaints.
    """

    clocked: Sound
    plain: Sound
    clocked_words: tuple[Spoken, ...]
    plain_words: tuple[Spoken, ...]
    said: str


def ours(path: Path) -> Ours:
    """Prepare a file in a child, which may die; then another takes its place."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start_s = time.monotonic()
        child = child_of(os.getpid())
        outcome = child.prepared(path, folder)
        if not child.process.is_alive():
            child_of.cache_clear()
        wall_s = time.monotonic() - start_s
        told: dict[str, Any] = {"losses": [], "notes": [], "said": ""}
        if (folder / "told").exists():
            told = json.loads((folder / "told").read_text())
        stderr = (folder / "stderr").read_text(errors="replace")
        sound = _sound(folder / "sound") if outcome == "read" else np.empty(0, np.float32)
    losses = tuple((start, end) for start, end in told["losses"])
    said, notes = told["said"] or stderr, tuple(told["notes"])
    return Ours(outcome, said, losses, notes, sound, tuple(heard(sound)), wall_s)


def theirs(path: Path) -> Theirs | None:
    """Decode a file by ffmpeg; None where it is not installed."""
    if not FFMPEG:
        return None
    with tempfile.TemporaryDirectory() as name:
        clocked, plain = Path(name, "clocked"), Path(name, "plain")
        raw = ["-map", "0:a:0", "-ac", "1", "-ar", str(RATE_HZ), "-f", "s16le"]
        command = [
            FFMPEG,
            "-v",
            "error",
            "-nostdin",
            "-threads",
            "1",
            *_raw_format(path),
            "-i",
            f"file:{path}",
        ]
        command += ["-af", "aresample=async=1:first_pts=0", *raw, str(clocked), *raw, str(plain)]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=MOST_S)
            said = done.stderr.decode(errors="replace")[-500:]
        except subprocess.TimeoutExpired:
            said = "hung"
        one, two = _sound(clocked), _sound(plain)
    words = tuple(heard(one))
    return Theirs(one, two, words, words if np.array_equal(one, two) else tuple(heard(two)), said)


def _raw_format(path: Path) -> list[str]:
    """ffmpeg knows these by their ending, and takes another rate for theirs."""
    kinds = {".ul": "mulaw", ".al": "alaw"}
    kind = kinds.get(path.suffix)
    return ["-f", kind, "-ar", "8000"] if kind else []


class _Child:
    """A process that prepares one file after the other."""

    def __init__(self) -> None:
        forked = get_context("fork")
        self._line, theirs_end = forked.Pipe()
        self.process = forked.Process(target=_serve, args=(theirs_end,), daemon=True)
        self.process.start()
        theirs_end.close()

    def prepared(self, path: Path, folder: Path) -> str:
        """How it ended; what came of it is in the folder."""
        try:
            self._line.send((path, folder))
            if self._line.poll(MOST_S):
                return str(self._line.recv())
            self.process.kill()
            self.process.join()
            return "hung"
        except (EOFError, OSError):
            self.process.join()
            return f"crashed by {-(self.process.exitcode or 0)}"


@cache
def child_of(_process_id: int) -> _Child:
    """The child of this process that prepares its files."""
    return _Child()


def _serve(line: Connection[str, tuple[Path, Path]]) -> None:
    while True:
        try:
            path, folder = line.recv()
        except EOFError:
            return
        line.send(_prepared(path, folder))


def _prepared(path: Path, folder: Path) -> str:
    stderr = os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT)
    os.dup2(stderr, sys.stderr.fileno())
    os.close(stderr)
    told: dict[str, Any] = {"losses": [], "notes": [], "said": ""}
    try:
        with open_source(path) as recording, (folder / "sound").open("wb") as out:
            for block in prepare(recording):
                out.write(block.tobytes())
            told["losses"] = [(loss.span.start_s, loss.span.end_s) for loss in recording.losses]
            told["notes"] = recording.notes
        outcome = "read"
    except InputError as error:
        told["said"], outcome = str(error), "refused"
    except BaseException as error:  # noqa: BLE001 - whatever else it is, it is what we look for
        told["said"], outcome = f"{type(error).__name__}: {error}", "raised"
    (folder / "told").write_text(json.dumps(told))
    return outcome


def _sound(path: Path) -> Sound:
    if not path.exists():
        return np.empty(0, np.float32)
    data = path.read_bytes()
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)
