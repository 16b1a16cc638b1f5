"""What we hear in a file, in a process of its own, and what ffmpeg hears."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading import open_source
from audiopipe.errors import InputError
from audiopipe.stages.prepare import prepare
from media.formats import FFMPEG
from media.tonecode import RATE_HZ, Spoken, heard

MOST_S = 30
_READ, _REFUSED, _RAISED = 0, 3, 4
_OUTCOMES = {_READ: "read", _REFUSED: "refused", _RAISED: "raised"}

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
    peak_mb: float


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
    """Prepare a file in a child, which may die."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start_s = time.monotonic()
        child = os.fork()
        if not child:
            os._exit(_prepared(path, folder))
        _, status, usage = os.wait4(child, 0)
        wall_s = time.monotonic() - start_s
        code = os.waitstatus_to_exitcode(status)
        told: dict[str, Any] = {"losses": [], "notes": [], "said": ""}
        if (folder / "told").exists():
            told = json.loads((folder / "told").read_text())
        stderr = (folder / "stderr").read_text(errors="replace")
        sound = _sound(folder / "sound") if code == _READ else np.empty(0, np.float32)
    outcome = _OUTCOMES.get(code) or ("hung" if code == -signal.SIGALRM else f"crashed by {-code}")
    return Ours(
        outcome,
        told["said"] or stderr,
        tuple((start, end) for start, end in told["losses"]),
        tuple(told["notes"]),
        sound,
        tuple(heard(sound)),
        wall_s,
        usage.ru_maxrss / 1024,
    )


def theirs(path: Path) -> Theirs | None:
    """Decode a file by ffmpeg; None where it is not installed."""
    if not FFMPEG:
        return None
    with tempfile.TemporaryDirectory() as name:
        clocked, plain = Path(name, "clocked"), Path(name, "plain")
        raw = ["-map", "0:a:0", "-ac", "1", "-ar", str(RATE_HZ), "-f", "s16le"]
        command = [FFMPEG, "-v", "error", "-nostdin", *_raw_format(path), "-i", f"file:{path}"]
        command += ["-af", "aresample=async=1:first_pts=0", *raw, str(clocked), *raw, str(plain)]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=MOST_S * 2)
            said = done.stderr.decode(errors="replace")[-500:]
        except subprocess.TimeoutExpired:
            said = "hung"
        one, two = _sound(clocked), _sound(plain)
    return Theirs(one, two, tuple(heard(one)), tuple(heard(two)), said)


def _raw_format(path: Path) -> list[str]:
    """ffmpeg knows these by their ending, and takes another rate for theirs."""
    kinds = {".ul": "mulaw", ".al": "alaw"}
    kind = kinds.get(path.suffix)
    return ["-f", kind, "-ar", "8000"] if kind else []


def _prepared(path: Path, folder: Path) -> int:
    os.dup2(os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT), sys.stderr.fileno())
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(MOST_S)
    told: dict[str, Any] = {"losses": [], "notes": [], "said": ""}
    try:
        with open_source(path) as recording, (folder / "sound").open("wb") as out:
            for block in prepare(recording):
                out.write(block.tobytes())
            told["losses"] = [(loss.span.start_s, loss.span.end_s) for loss in recording.losses]
            told["notes"] = recording.notes
        code = _READ
    except InputError as error:
        told["said"], code = str(error), _REFUSED
    except BaseException as error:  # noqa: BLE001 - whatever else it is, it is what we look for
        told["said"], code = f"{type(error).__name__}: {error}", _RAISED
    (folder / "told").write_text(json.dumps(told))
    return code


def _sound(path: Path) -> Sound:
    if not path.exists():
        return np.empty(0, np.float32)
    data = path.read_bytes()
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)
