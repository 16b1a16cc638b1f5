"""`audiopipe align`: what it cannot use is told at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import soundfile as sf
from support.voices import RATE_HZ, reader

Run = Callable[..., "CompletedProcess[str]"]


def test_addresses_are_refused_on_the_command_line(audiopipe: Run, tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    sf.write(sound, reader("jfk")[:RATE_HZ], RATE_HZ)
    for arguments, told in (
        ([str(sound), "https://example.org/a.txt"], "https://example.org/a.txt is an address"),
        ([str(sound), str(tmp_path / "none.txt")], "none.txt: No such file"),
        (["https://example.org/a.mp3", str(sound)], "a recording to align is read twice"),
    ):
        done = audiopipe("align", *arguments, "--backend", "local", "-o", str(tmp_path))
        assert done.returncode
        assert told in done.stderr
