from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support import speechlike
from support.watching import campaign

Run = Callable[..., "CompletedProcess[str]"]


def test_each_whole_file_is_done_once_however_it_comes_and_whoever_kills(tmp_path: Path) -> None:
    came = campaign(tmp_path, files=10, kills=1, dice=random.Random(3))
    assert came.faults == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("missing",), "missing is no folder that could be watched"),
        ((".", "-o", "-"), "name a folder, -o DIR"),
        ((".", "--settle", "0"), "--settle cannot be '0'"),
        ((".", "--hook", "no-such-program"), "there is no program 'no-such-program'"),
        ((".", "--hook", "'"), "--hook cannot be"),
    ],
)
def test_what_cannot_work_is_wrong_usage(
    audiopipe: Run, arguments: tuple[str, ...], told: str
) -> None:
    done = audiopipe("watch", *arguments, "--backend", "local")
    assert done.returncode == 2 and told in done.stderr, done.stderr


HOOK = """\
import json, os, sys
row = json.load(sys.stdin)
with open("hooked.txt", "a") as file:
    print(os.environ["STATUS"], row["stem"], *map(os.path.basename, sys.argv[1:]), file=file)
sys.exit(row["stem"] == "b")
"""


def test_a_hook_is_run_on_each_result_with_its_files(audiopipe: Run, tmp_path: Path) -> None:
    import soundfile
    from support.server import Server

    (tmp_path / "hook.py").write_text(HOOK)
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, speechlike.make_recording(4), 16_000)
    (tmp_path / "c.wav").write_bytes(b"no sound")
    command = ("transcribe", "a.wav", "b.wav", "c.wav", "-o", "out", "-f", "txt,json")
    with Server() as server:
        for _ in range(2):  # what is there already has no result anew
            done = audiopipe(*command, "--hook", "python3 hook.py", **server.as_groq)
            assert done.returncode == 3 and done.stdout == "", done.stderr
            assert "b.wav: the hook ended with 1" in done.stderr or _
    assert sorted((tmp_path / "hooked.txt").read_text().splitlines()) == [
        "done a a.txt a.json",
        "done b b.txt b.json",
    ]


ENDS = """\
import json, os, signal, sys
row = json.load(sys.stdin)
rows = json.load(open("out/batch.json"))["rows"]
print(*(each["status"] for each in rows if each["source"] == row["source"]))
open("hooked.txt", "a").write("x")
os.kill(os.getppid(), signal.SIGTERM)
"""


def test_a_result_without_its_hook_is_on_the_disk_as_such(audiopipe: Run, tmp_path: Path) -> None:
    import soundfile
    from support.server import Server

    (tmp_path / "hook.py").write_text(ENDS)
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "a.wav", speechlike.make_recording(4), 16_000)
    command = ("watch", "in", "-o", "out", "--settle", "0.1", "--hook", "python3 hook.py")
    with Server() as server:
        done = audiopipe(*command, **server.as_groq)
    assert done.returncode == 143 and "pending" in done.stderr.splitlines(), done.stderr
    assert json.loads((tmp_path / "out" / "batch.json").read_text())["rows"][0]["status"] == "done"
