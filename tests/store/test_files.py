from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from audiopipe.store.files import locked, replacing, sweep

WRITE = """
import sys, time
from pathlib import Path
from audiopipe.store.files import locked, replacing
with {what}(Path(sys.argv[1])) as temporary:
    if temporary:
        temporary.write_text("half")
    print("begun", flush=True)
    sys.stdin.readline()
"""


def writer(path: Path, what: str = "replacing") -> subprocess.Popen[str]:
    """A process in the middle of writing, or of holding, a file."""
    command = [sys.executable, "-c", WRITE.format(what=what), str(path)]
    made = subprocess.Popen(command, stdin=-1, stdout=-1, text=True)
    assert made.stdout is not None
    assert made.stdout.readline() == "begun\n"
    return made


def put(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text)


@pytest.mark.parametrize("what", ["replacing", "locked"])
def test_what_a_killed_run_left_is_gone_after_the_next_write(tmp_path: Path, what: str) -> None:
    with writer(tmp_path / "a.txt", what) as killed:
        killed.kill()
    assert len(list(tmp_path.iterdir())) == 1
    put(tmp_path / "b.txt", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]


def test_the_file_of_a_living_run_is_not_swept_and_the_later_one_stands(tmp_path: Path) -> None:
    with writer(tmp_path / "a.txt") as living:
        put(tmp_path / "a.txt", "first")
        sweep.cache_clear()
        sweep(tmp_path)
        assert len(list(tmp_path.iterdir())) == 2
        living.communicate("\n")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "half")]


def test_only_names_of_ours_are_swept(tmp_path: Path) -> None:
    names = {".audiopipe-notes.tmp", ".0123456789abcdef.tmp", "a.tmp", ".audiopipe-12.lock"}
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".audiopipe-0123456789abcdef.tmp").mkdir()
    put(tmp_path / "b.txt", "whole")
    names |= {".audiopipe-0123456789abcdef.tmp", "b.txt"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_link_in_place_of_the_temporary_file_is_not_followed(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.txt") as temporary:
        name = temporary.name
    (tmp_path / "precious").write_text("mine")
    (tmp_path / name).symlink_to(tmp_path / "precious")
    put(tmp_path / "a.txt", "whole")
    assert (tmp_path / "precious").read_text() == "mine"
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_many_threads_and_processes_write_the_same_file_whole(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from audiopipe.store.files import replacing
for n in range(50):
    with replacing(Path(sys.argv[1])) as temporary:
        temporary.write_text("x" * 10_000)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "a.txt")]
    others = [subprocess.Popen(command) for _ in range(3)]

    def write() -> None:
        for _ in range(50):
            put(tmp_path / "a.txt", "x" * 10_000)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait() for other in others] == [0] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "x" * 10_000


def test_a_lock_is_waited_for_and_leaves_nothing(tmp_path: Path) -> None:
    with writer(tmp_path / "a", "locked") as other:
        assert other.stdin is not None
        threading.Timer(0.2, other.stdin.close).start()
        with locked(tmp_path / "a"):
            assert other.stdin.closed
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_made_nobody_waits_for_a_lock(tmp_path: Path) -> None:
    with locked(tmp_path / "no-such" / "a"):
        pass
    assert os.listdir(tmp_path) == []  # noqa: PTH208
