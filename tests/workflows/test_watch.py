from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import pytest
import soundfile
from support import speechlike
from support.server import Server

from audiopipe.concurrency import Stop
from audiopipe.errors import InputError
from audiopipe.session import Session
from audiopipe.workflows.watch import Watched

SETTLE_S = 0.2


@pytest.fixture
def stop() -> Iterator[Stop]:
    """Ends whoever watches, at the latest after a while."""
    stop = Stop()
    timer = Timer(30, stop.set)
    timer.start()
    yield stop
    timer.cancel()
    stop.set()


def watched(folder: Path, stop: Stop, *left_out: Path) -> tuple[Watched, Iterator[Path]]:
    made = Watched(folder, SETTLE_S, stop, left_out)
    return made, iter(made)


def test_what_is_there_comes_first_and_then_what_changes(tmp_path: Path, stop: Stop) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.wav").write_bytes(b"a")
    _, files = watched(tmp_path, stop)
    assert next(files) == tmp_path / "below" / "a.wav"
    (tmp_path / "b.wav").write_bytes(b"b")
    assert next(files) == tmp_path / "b.wav"
    (tmp_path / "below" / "a.wav").write_bytes(b"another")
    assert next(files) == tmp_path / "below" / "a.wav"
    (tmp_path / "b.wav").rename(tmp_path / "c.wav")
    assert next(files) == tmp_path / "c.wav"


def test_what_is_hidden_empty_unfinished_or_left_out_never_comes(
    tmp_path: Path, stop: Stop
) -> None:
    out = tmp_path / "out"
    for folder in (out, tmp_path / ".cache"):
        folder.mkdir()
        (folder / "x.wav").write_bytes(b"x")
    for name in (".x.wav", "x.wav.part", "x.mp3.crdownload", "x~"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "z.wav").write_bytes(b"z")
    watcher, files = watched(tmp_path, stop, out)
    assert next(files) == tmp_path / "z.wav"
    watcher.again(tmp_path / "z.wav", 2 * SETTLE_S)
    assert next(files) == tmp_path / "z.wav"


@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="needs /proc")
def test_a_copy_that_stalls_is_still_a_copy(tmp_path: Path, stop: Stop) -> None:
    slow = "import sys, time; f = open(sys.argv[1], 'wb', 0); f.write(b'a'); print(flush=True); "
    slow += "input(); f.write(b'b')"
    with subprocess.Popen(
        [sys.executable, "-c", slow, str(tmp_path / "slow.wav")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as copier:
        assert copier.stdin and copier.stdout
        copier.stdout.readline()
        _, files = watched(tmp_path, stop)
        Timer(4 * SETTLE_S, (tmp_path / "quick.wav").write_bytes, [b"q"]).start()
        assert next(files) == tmp_path / "quick.wav"
        copier.communicate(b"\n")
        assert next(files) == tmp_path / "slow.wav"
    assert (tmp_path / "slow.wav").read_bytes() == b"ab"


def test_a_session_gives_an_outcome_for_each_recording(
    tmp_path: Path, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_text("No recording.")
    soundfile.write(tmp_path / "a.wav", speechlike.make_recording(4), 16_000)
    with Server() as server, ExitStack() as stack:
        for name, value in server.as_groq.items():
            monkeypatch.setenv(name, value)
        session = stack.enter_context(Session(stop=stop, voice_check=False))
        outcome = next(session.watch(tmp_path, settle_s=SETTLE_S))
        assert outcome.result().text == speechlike.text(range(4))
    with pytest.raises(InputError, match="no folder"):
        next(Session().watch(tmp_path / "none"))
