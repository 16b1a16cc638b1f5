from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from support.fixtures import RECORDINGS

Run = Callable[..., "CompletedProcess[str]"]


def test_a_plan_for_machines_is_one_object_and_each_bad_input_one_line(
    audiopipe: Run, tmp_path: Path
) -> None:
    (tmp_path / "empty.mp3").touch()
    done = audiopipe(
        "plan", RECORDINGS, "empty.mp3", "none.mp3", "--json", "--chunk-length", 30, "-q"
    )
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert told["files"] == 5 and told["load"]["requests"] == 8
    assert told["load"]["chunk_length_s"] == 30
    assert [share["name"] for share in told["shares"]] == ["rpm", "rpd", "ash", "asd"]
    empty, none = sorted(done.stderr.splitlines())
    assert "empty.mp3" in empty and "none.mp3" in none
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.mp3"]


def test_a_plan_for_people_tells_price_limits_and_what_would_stop_the_run(
    audiopipe: Run,
) -> None:
    done = audiopipe(
        *("plan", RECORDINGS, "https://example.org/talk.mp3", "--task", "translate"),
        *("--limit", "ash=60", "--max-cost", 0.0001, "--max-requests", 2),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for words in (
        "recordings   5, 2 m 20 s",
        "not counted  1 to download",
        "whisper-large-v3 (groq)",
        "60 audio seconds an hour",
        "--max-cost 0.0001",
        "--max-requests 2",
        "-m whisper-large-v3:",
    ):
        assert words in done.stdout
    assert "turbo" not in done.stdout


def test_a_plan_of_nothing_usable_prints_no_figures(audiopipe: Run) -> None:
    done = audiopipe("plan", "none.mp3")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
