from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from audiopipe.settings import Settings
from audiopipe.workflows.batch import Manifest, Row, Status

Run = Callable[..., "CompletedProcess[str]"]


def recorded(folder: Path, *rows: Row, stopped: str = "") -> None:
    with Manifest(folder, Settings(), rows) as manifest:
        manifest.stop(stopped)


def row(name: str, status: Status, reason: str = "") -> Row:
    return Row(f"/in/{name}.mp3", name, status, reason, (), 60.0, 0, 1, 60.0, 0.25, 0.25)


def test_what_went_wrong_comes_first_with_its_reason_and_then_the_totals(
    audiopipe: Run, tmp_path: Path
) -> None:
    recorded(
        tmp_path / "out",
        row("good", "done"),
        row("gap", "partial", "nothing from 1.0 to 2.0 s: no answer"),
        row("bad", "failed", "/in/bad.mp3 is empty"),
        row("later", "pending"),
        stopped="the key was refused",
    )
    done = audiopipe("status", tmp_path / "out")
    assert done.returncode == 3, done.stderr
    first, second, *rest = done.stdout.splitlines()
    assert first.startswith("failed") and "/in/bad.mp3 is empty" in first
    assert second.startswith("partial") and "/in/gap.mp3: nothing from 1.0 to 2.0 s" in second
    text = "\n".join(rest)
    assert "1 pending, 1 done, 1 partial, 1 failed" in text
    assert "4 requests" in text and "$1.0000" in text
    assert "the key was refused" in text
    assert "good.mp3" not in text


def test_json_has_every_row_and_the_same_exit_code(audiopipe: Run, tmp_path: Path) -> None:
    rows = (row("good", "done"), row("bad", "failed", "/in/bad.mp3 is empty"))
    recorded(tmp_path / "out", *rows)
    done = audiopipe("status", "out", "--json")
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert [each["source"] for each in told["rows"]] == ["/in/good.mp3", "/in/bad.mp3"]
    assert told["counts"] == {"pending": 0, "done": 1, "partial": 0, "failed": 1, "skipped": 0}
    assert told["totals"]["cost_usd"] == 0.5


@pytest.mark.parametrize("status", ["done", "skipped", "pending"])
def test_a_batch_in_which_nothing_went_wrong_is_exit_code_0(
    audiopipe: Run, tmp_path: Path, status: Status
) -> None:
    recorded(tmp_path / "out", row("a", status))
    assert audiopipe("status", "out").returncode == 0


def test_a_folder_without_a_batch_is_one_line_and_exit_code_1(audiopipe: Run) -> None:
    done = audiopipe("status", "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "audiopipe: no batch in none: it has no batch.json\n"


def test_a_reader_of_stdout_that_has_seen_enough_ends_it_without_a_word(tmp_path: Path) -> None:
    recorded(tmp_path, *(row(str(n), "failed", "reason " * 10) for n in range(2_000)))
    command = [sys.executable, "-m", "audiopipe", "status", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout and running.stderr
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
