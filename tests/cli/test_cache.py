from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import soundfile as sf
from support.answers import error
from support.server import Server
from support.speechlike import make_recording

from audiopipe.settings import ANSWERS, LEDGER
from audiopipe.store.answers import Store, key
from audiopipe.values.requests import Request

Run = Callable[..., "CompletedProcess[str]"]

DAY_S = 86_400.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache with four answers of 10 kB: two of today, two of ten days ago."""
    folder = tmp_path / "answers"
    for n, age_days in enumerate((0, 0, 10, 10)):
        with Store(folder / ANSWERS, partial(days_ago, age_days)) as store:
            name = key("transcript", "groq", "", Request("transcribe", "m"), str(n))
            store.put(name, "transcript", os.urandom(10_000))
    (folder / LEDGER).touch()
    return folder


def days_ago(days: float) -> float:
    return time.time() - days * DAY_S


def answers(folder: Path) -> int:
    with Store(folder / ANSWERS) as store:
        return sum(holding.answers for holding in store.info())


def test_info_tells_where_how_many_and_how_large(audiopipe: Run, folder: Path) -> None:
    done = audiopipe("cache", "info", "--cache-dir", folder)
    assert done.returncode == 0, done.stderr
    place, kind, *_ = done.stdout.splitlines()
    assert place == str(folder / ANSWERS)
    assert kind.split() == ["transcript", "4", "answers", "0.04", "MB"]


def test_the_folder_of_the_environment_is_the_default(audiopipe: Run, folder: Path) -> None:
    done = audiopipe("cache", "info", AUDIOPIPE_CACHE_DIR=str(folder))
    assert str(folder / ANSWERS) in done.stdout


def test_info_of_no_cache_makes_none(audiopipe: Run, tmp_path: Path) -> None:
    done = audiopipe("cache", "info", "--cache-dir", tmp_path / "none")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        (("--unused", 5), 2),
        (("--unused", 20), 4),
        (("--max-size", 0.035), 3),
        (("--max-size", 0), 0),
        (("--unused", 5, "--max-size", 0.015), 1),
    ],
)
def test_prune_drops_what_is_old_or_too_much(
    audiopipe: Run, folder: Path, flags: tuple[object, ...], left: int
) -> None:
    done = audiopipe("cache", "prune", *flags, "--cache-dir", folder)
    assert (done.returncode, done.stdout) == (0, f"{4 - left} answers dropped\n"), done.stderr
    assert answers(folder) == left


def test_prune_has_to_be_told_what_to_drop(audiopipe: Run, folder: Path) -> None:
    done = audiopipe("cache", "prune", "--cache-dir", folder)
    assert (done.returncode, answers(folder)) == (2, 4)
    assert "--unused" in done.stderr


def test_clear_drops_all_answers_and_what_was_damaged_and_keeps_the_ledger(
    audiopipe: Run, folder: Path
) -> None:
    (folder / f"{ANSWERS}.damaged").write_bytes(b"an old answer")
    done = audiopipe("cache", "clear", "--yes", "--cache-dir", folder)
    assert (done.returncode, done.stdout) == (0, "4 answers dropped\n"), done.stderr
    assert answers(folder) == 0
    assert not (folder / f"{ANSWERS}.damaged").exists()
    assert (folder / LEDGER).exists()


def test_clear_drops_nothing_where_nobody_can_be_asked(audiopipe: Run, folder: Path) -> None:
    done = audiopipe("cache", "clear", "--cache-dir", folder)
    assert (done.returncode, answers(folder)) == (2, 4)
    assert "--yes" in done.stderr


def test_path_tells_where_answers_are(audiopipe: Run, folder: Path) -> None:
    done = audiopipe("cache", "path", "--cache-dir", folder)
    assert (done.returncode, done.stdout) == (0, f"{folder / ANSWERS}\n")


def test_answers_are_listed_and_dropped_by_recording_wherever_it_is(
    audiopipe: Run, tmp_path: Path
) -> None:
    for n, seconds in enumerate((20, 25)):
        sf.write(tmp_path / f"{n}.flac", make_recording(seconds, first=50 * n), 16_000)
    with Server() as server:
        environment = server.as_groq | {"AUDIOPIPE_CACHE_DIR": str(tmp_path / "cache")}
        (tmp_path / "more").mkdir()

        def run(*words: object) -> str:
            done = audiopipe(*words, **environment)
            assert done.returncode == 0, done.stderr
            return done.stdout

        run("transcribe", "0.flac", "1.flac", "-o", "out")
        assert len(server.seen) == 2
        listed = run("cache", "list").splitlines()
        assert {line.split()[-1] for line in listed} >= {"0.flac", "1.flac"}
        (tmp_path / "0.flac").rename(tmp_path / "more" / "renamed.flac")
        assert "renamed.flac: 2 answers dropped" in run("cache", "drop", "more")  # and its voice
        assert "0.flac" not in run("cache", "list")
        run("transcribe", "more/renamed.flac", "1.flac", "-o", "again")
        assert len(server.seen) == 3
        run("transcribe", "1.flac", "-o", "out", "--refresh")
        assert len(server.seen) == 4
        run("transcribe", "1.flac", "-o", "fourth")
        assert len(server.seen) == 4


def test_what_cannot_be_read_has_no_answers_to_drop(audiopipe: Run, folder: Path) -> None:
    done = audiopipe("cache", "drop", "no-such.mp3", "-", "--cache-dir", folder)
    assert done.returncode == 1
    assert "no-such.mp3" in done.stderr
    assert "stdin" in done.stderr
    assert answers(folder) == 4


def test_answers_in_a_store_are_counted_listed_and_dropped(audiopipe: Run, tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="obstore is not installed")
    from audiopipe.store.bucket import BucketStore
    from audiopipe.store.origin import of_file

    place = f"{tmp_path.as_uri()}/answers"
    sf.write(tmp_path / "talk.wav", make_recording(2), 16_000)
    with BucketStore(place) as store:
        store.put(bytes(32), "chat", b"answer")
        store.put(bytes(range(32)), "chat", b"answer", of_file(tmp_path / "talk.wav"))
    listed = audiopipe("cache", "list", "--cache-dir", place).stdout.splitlines()
    assert [line.split()[-1] for line in sorted(listed)] == ["other", "talk.wav"]
    gone = audiopipe("cache", "drop", "talk.wav", "--cache-dir", place)
    assert (gone.returncode, gone.stdout) == (0, "talk.wav: 1 answers dropped\n")
    assert (
        f"{place}\nanswers              1 answers"
        in audiopipe("cache", "info", "--cache-dir", place).stdout
    )
    kept = audiopipe("cache", "prune", "--unused", "1", "--cache-dir", place)
    assert (kept.returncode, kept.stdout) == (0, "0 answers dropped\n")
    dropped = audiopipe("cache", "clear", "--yes", "--cache-dir", place)
    assert (dropped.returncode, dropped.stdout) == (0, "1 answers dropped\n")


@pytest.mark.parametrize("on", [(), ("--on", "threads", "--slots", "1")])
def test_a_refresh_in_which_something_failed_goes_on_and_the_next_asks_all_anew(
    audiopipe: Run, server: Server, tmp_path: Path, on: tuple[str, ...]
) -> None:
    (tmp_path / "talks").mkdir()
    for n in range(3):
        sf.write(tmp_path / "talks" / f"{n}.wav", make_recording(10, first=50 * n), 16_000)

    def asked(*more: str) -> tuple[int, int]:
        before = len(server.seen)
        cache = {"AUDIOPIPE_CACHE_DIR": str(tmp_path / "kept"), **server.as_groq}
        options = ("-o", "out", "--no-voice-check", "-j", "1", *on, *more)
        code = audiopipe("transcribe", "talks", *options, **cache).returncode
        return code, len(server.seen) - before

    assert asked() == (0, 3)
    server.faults.extend([None, error(400, "no")])
    assert asked("--refresh") == (3, 3)
    assert asked("--refresh") == (0, 1)  # what failed
    assert asked("--refresh") == (0, 3)
