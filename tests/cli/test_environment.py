"""The shell, the terminal, the disk and the network's variables are never a defect of ours."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fixtures import RECORDINGS
from support.server import Server

from audiopipe.render import save
from audiopipe.settings import Settings, cache_folder
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript

Shell = Callable[..., "subprocess.CompletedProcess[bytes]"]

TEXT = "Grüße → 你好 🎙, \x1b[31mred\x9b."


@pytest.fixture
def shell(tmp_path: Path, cache: Path) -> Shell:
    """Runs a line of bash in an empty folder, where `audiopipe` is this program."""
    program = f'audiopipe() {{ {sys.executable} -m audiopipe "$@"; }}; '
    keyless = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
    keyless |= {"XDG_CACHE_HOME": str(cache)}

    def run(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", program + line],
            cwd=tmp_path,
            env=keyless | environment,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert b"Traceback" not in done.stderr and b"a defect" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A stored transcript with words from everywhere."""
    span = Span(0.0, 2.0)
    made = Transcript(Source("talk.wav", "", 2.0), "transcribe", None, (Segment(span, TEXT),))
    return save(made, tmp_path / "talk.json")


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("audiopipe models > /dev/full", 1, b"cannot write to stdout: No space left on device"),
        ("audiopipe --help > /dev/full", 1, b"cannot write to stdout: No space left on device"),
        ("audiopipe models >&-", 1, b"cannot write to stdout: it is closed"),
        ("audiopipe models 2>&-", 0, b""),
        ("audiopipe models 2>/dev/full", 0, b""),
        ("audiopipe models <&- >/dev/null 2>&-", 0, b""),
        ("audiopipe transcribe none.wav >&- 2>&-", 1, b""),
        ("audiopipe chat - <&-", 1, b"cannot read stdin: it is closed"),
        ("audiopipe speak - -o a.wav <&-", 1, b"cannot read stdin: it is closed"),
        ("audiopipe transcribe - --backend local <&-", 1, b"cannot read stdin: it is closed"),
        ("audiopipe models | true", 1, b""),
        ("audiopipe --help | true", 1, b""),
        (
            "audiopipe transcribe $'\\xff\\x1b[2J\\n.mp3'",
            1,
            rb"\x1b[2J\n.mp3: no such file",
        ),
        ("audiopipe transcribe --$'\\xff'", 2, rb"--\udcff"),
        ("mkdir gone && cd gone && rmdir ../gone && audiopipe cache info", 0, b""),
    ],
)
def test_streams_and_names(shell: Shell, line: str, code: int, told: bytes) -> None:
    done = shell(line)
    assert done.returncode == code, done.stderr
    assert told in done.stderr and bool(told) == bool(done.stderr), done.stderr
    if code == 1:
        assert done.stderr.count(b"\n") <= 1, done.stderr


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "gbk", "ascii", "utf-8", "utf-16"])
def test_what_stdout_cannot_show_is_escaped(shell: Shell, talk: Path, encoding: str) -> None:
    done = shell("audiopipe render talk.json -o - -f json", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode(encoding))["text"] == TEXT
    done = shell("audiopipe transcribe 'x → ü.mp3'", PYTHONIOENCODING=encoding)
    assert done.returncode == 1
    done.stderr.decode(encoding)


def test_a_terminal_gets_nothing_that_it_would_obey(talk: Path) -> None:
    ours, theirs = pty.openpty()
    code = "import json, sys; from audiopipe.cli import main; main()"
    command = [sys.executable, "-c", code, "render", str(talk), "-o", "-", "-f", "json"]
    with subprocess.Popen(command, stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        while part := _read(ours):
            shown += part
    os.close(ours)
    assert process.returncode == 0
    assert b"\x1b" not in shown and "\x9b" not in shown.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux tells that the other end is closed
        return b""


def test_results_go_on_where_stdin_and_stderr_are_closed(shell: Shell, tmp_path: Path) -> None:
    line = f"audiopipe transcribe {RECORDINGS / 'jfk.flac'} -o out"
    with Server() as server:
        assert shell(f"{line} <&- 2>&-", **server.as_groq).returncode == 0
        # the store is whole: nobody wrote a line for stderr into it
        assert shell(f"{line} --overwrite", **server.as_groq).returncode == 0
        assert len(server.accepted) == 1
    assert (tmp_path / "out" / "jfk.txt").read_bytes()


def test_arguments_that_are_no_text_are_sent_with_their_bytes_replaced(shell: Shell) -> None:
    lines = (
        "audiopipe chat $'caf\\xe9' --system $'\\xff' --stop $'\\xfe'",
        f"audiopipe transcribe {RECORDINGS / 'jfk.flac'} -o - -f txt --prompt $'caf\\xe9'",
        "audiopipe speak $'caf\\xe9 noir' -o a.wav",
    )
    with Server() as server:
        for line in lines:
            done = shell(line, **server.as_groq)
            assert done.returncode == 0, done.stderr
        chat, talk, spoken = (str(seen.json or seen.fields) for seen in server.seen)
    assert "caf\ufffd" in chat
    assert "caf\ufffd" in talk
    assert "caf noir" in spoken  # nobody can speak what is no character


def test_a_user_without_a_home_is_asked_for_one() -> None:
    environment = {"AUDIOPIPE_CACHE_DIR": "here"}
    assert cache_folder(Settings(), environment) == Path("here")
    code = (
        "import os, platformdirs, pwd, tempfile\n"
        "from audiopipe.settings import Settings, cache_folder\n"
        "[os.environ.pop(n, 0) for n in ('HOME', 'XDG_CACHE_HOME', 'AUDIOPIPE_CACHE_DIR')]\n"
        "os.setuid(54321)\n"
        "cache_folder(Settings(), os.environ)"
    )
    if os.name != "posix" or os.getuid():
        pytest.skip("only root may become a user whom nobody knows")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert b"UsageError: this user has no home folder" in done.stderr, done.stderr
