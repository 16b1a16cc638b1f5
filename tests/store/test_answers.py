from __future__ import annotations

import dataclasses
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.clock import Clock

from audiopipe.errors import BadReply
from audiopipe.store.answers import Store, key
from audiopipe.values.audio import Origin
from audiopipe.values.requests import Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY_S = 86_400.0
FIRST_TABLES = (
    """CREATE TABLE answers (
            key BLOB PRIMARY KEY, kind TEXT NOT NULL, bytes INTEGER NOT NULL,
            used_s INTEGER NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX by_use ON answers (used_s, kind, bytes)",
    f"PRAGMA application_id={0x41505354}",
    "PRAGMA user_version=1",
)
REQUEST = Request("transcribe", "whisper-large-v3", language="de", prompt="Größe", temperature=0.2)
OTHERS: dict[str, Any] = {
    "task": "translate",
    "model": "whisper-large-v3-turbo",
    "language": "en",
    "prompt": None,
    "temperature": 0.3,
    "word_timestamps": False,
}


def name(content: str, request: Request = REQUEST, address: str = "https://a.example/v1") -> bytes:
    return key("transcript", "groq", address, request, content)


def answer(index: int, size_bytes: int = 300) -> bytes:
    return random.Random(index).randbytes(size_bytes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "answers.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path) as store:
        yield store


def test_gives_back_what_was_put_after_it_was_closed_and_opened_again(path: Path) -> None:
    with Store(path) as store:
        store.put(name("a"), "transcript", answer(1))
    with Store(path) as store:
        assert store.get(name("a")) == answer(1)
        assert store.get(name("b")) is None


def test_the_last_answer_under_a_key_stands(store: Store) -> None:
    store.put(name("a"), "transcript", answer(1))
    store.put(name("a"), "transcript", answer(2))
    assert store.get(name("a")) == answer(2)


def test_every_field_of_a_request_shapes_the_key() -> None:
    assert set(OTHERS) == {field.name for field in dataclasses.fields(Request)}
    keys = {name("a", dataclasses.replace(REQUEST, **{field: OTHERS[field]})) for field in OTHERS}
    assert len(keys | {name("a")}) == len(OTHERS) + 1


def test_content_backend_kind_and_server_shape_the_key() -> None:
    keys = {
        name("a"),
        name("b"),
        name("a", address="https://b.example/v1"),
        name("a", address="https://a.example:8443/v1"),
        name("a", address="https://a.example/v2"),
        key("transcript", "openai", "https://a.example/v1", REQUEST, "a"),
        key("speech", "groq", "https://a.example/v1", REQUEST, "a"),
    }
    assert len(keys) == 7


def test_secrets_in_an_address_and_ways_to_write_a_number_do_not_shape_the_key() -> None:
    assert name("a", address="https://me:secret@A.example/v1/?token=1") == name("a")
    zero = dataclasses.replace(REQUEST, temperature=0)
    assert name("a", zero) == name("a", dataclasses.replace(REQUEST, temperature=0.0))


def test_a_key_is_the_same_in_every_version_of_the_program() -> None:
    # a change here makes every user pay again for what the store already holds
    assert name("a").hex() == "faff5cdfcdf0c5717194de0d99ba9cdccffae49ec21dd78f2732742765b95988"


def test_files_are_private_to_the_user_even_where_they_were_not(path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    path.touch(0o644)
    with Store(path) as store:
        store.put(name("a"), "transcript", answer(1))
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_a_folder_it_makes_is_private_to_the_user(store: Store, path: Path) -> None:
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_info_counts_answers_and_bytes_by_kind(store: Store) -> None:
    assert store.info() == ()
    store.put(name("a"), "transcript", answer(1, 1000))
    store.put(name("b"), "transcript", answer(2, 1000))
    store.put(name("c"), "chat", answer(3, 10))
    chat, transcript = store.info()
    assert (chat.kind, chat.answers) == ("chat", 1)
    assert (transcript.kind, transcript.answers) == ("transcript", 2)
    assert 2000 < transcript.size_bytes < 2400


def test_prune_drops_what_was_not_used_for_long(path: Path) -> None:
    clock = Clock()
    with Store(path, clock) as store:
        for content in "abc":
            store.put(name(content), "transcript", answer(1))
        clock.now_s += 10 * DAY_S
        store.get(name("b"))
        assert store.prune(unused_s=5 * DAY_S) == 2
        assert [store.get(name(content)) for content in "abc"] == [None, answer(1), None]


def test_prune_to_a_size_keeps_the_latest_used_and_shrinks_the_file(path: Path) -> None:
    clock = Clock()
    with Store(path, clock) as store:
        for index in range(2500):
            clock.now_s += 1
            store.put(name(str(index)), "transcript", answer(index, 1000))
        full_bytes = path.stat().st_size
        dropped = store.prune(max_bytes=110_000)
        (left,) = store.info()
        assert (dropped + left.answers, left.size_bytes <= 110_000) == (2500, True)
        assert store.get(name("2499")) is not None
        assert store.get(name("2300")) is None
        assert path.stat().st_size < full_bytes / 10


def test_clear_drops_everything(store: Store) -> None:
    for index in range(3):
        store.put(name(str(index)), "transcript", answer(index))
    assert store.clear() == 3
    assert store.info() == ()


def test_many_threads_share_one_store(store: Store) -> None:
    def work(thread: int) -> None:
        for index in range(thread * 50, thread * 50 + 50):
            store.put(name(str(index)), "transcript", answer(index))
            assert store.get(name(str(index))) == answer(index)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [holding.answers for holding in store.info()] == [300]


WRITER = """
import random, sys
from pathlib import Path
from audiopipe.store.answers import Store, key
from audiopipe.values.requests import Request
from audiopipe.errors import BadReply
request = Request("transcribe", "whisper-large-v3", language="de", prompt="Größe", temperature=0.2)
with Store(Path(sys.argv[1])) as store:
    for index in range(int(sys.argv[2]), int(sys.argv[3])):
        name = key("transcript", "groq", "https://a.example/v1", request, str(index))
        body = random.Random(index).randbytes(300)
        store.put(name, "transcript", body)
        print(index, flush=True)
"""


def start_writer(path: Path, first: int, end: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(first), str(end)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_that_begin_and_fill_a_store_at_once_lose_nothing(path: Path) -> None:
    writers = [start_writer(path, first, first + 250) for first in range(0, 1000, 250)]
    complaints = [writer.communicate()[1] for writer in writers]
    assert complaints == [""] * 4
    with Store(path) as store:
        for index in range(1000):
            assert store.get(name(str(index))) == answer(index)


@pytest.mark.parametrize("after", [1, 7, 40])
def test_what_was_put_survives_kill_9(path: Path, after: int) -> None:
    writer = start_writer(path, 0, 100_000)
    assert writer.stdout is not None
    for _ in range(after):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate()
    put = after + rest.count("\n")
    with Store(path) as store:
        assert all(store.get(name(str(index))) == answer(index) for index in range(put))


def filled(path: Path, answers: int = 60) -> bytes:
    """The bytes of a closed store with so many answers."""
    with Store(path) as store:
        for index in range(answers):
            store.put(name(str(index)), "transcript", answer(index))
    return path.read_bytes()


def assert_usable(path: Path) -> None:
    """Whatever the file holds: a right answer or none, and what is put is found again."""
    with Store(path) as store:
        for index in range(60):
            assert store.get(name(str(index))) in (None, answer(index))
        store.info()
        store.put(name("new"), "transcript", answer(99))
        assert store.get(name("new")) == answer(99)
    with Store(path) as store:
        assert store.get(name("new")) == answer(99)


@pytest.mark.parametrize("place", ["header", "root", "leaf", "index", "tail"])
def test_all_rows_that_can_be_read_of_a_damaged_store_are_kept(path: Path, place: str) -> None:
    broken = bytearray(filled(path, 400))
    pages = {"header": 0, "root": 1, "leaf": 20, "index": 3, "tail": len(broken) // 4096 - 2}
    start = pages[place] * 4096
    broken[start : start + 4096] = b"\xa5" * 4096
    path.write_bytes(broken)
    with Store(path) as store:
        found = [store.get(name(str(index))) for index in range(400)]
        assert all(each in (None, answer(index)) for index, each in enumerate(found))
        assert sum(each is not None for each in found) >= 385
    aside = path.with_name("answers.db.damaged")
    assert not aside.exists() or aside.read_bytes() == broken


def test_what_a_killed_process_had_only_in_its_log_is_kept_when_the_file_is_damaged(
    path: Path,
) -> None:
    writer = start_writer(path, 0, 100_000)
    assert writer.stdout is not None
    for _ in range(60):
        writer.stdout.readline()
    writer.kill()
    writer.communicate()
    assert path.with_name("answers.db-wal").stat().st_size > 4096
    path.write_bytes(b"\0" * path.stat().st_size)
    with Store(path) as store:
        assert all(store.get(name(str(index))) == answer(index) for index in range(60))


def test_no_damaged_store_is_set_over_another(path: Path) -> None:
    for garbage in (b"one" * 5000, b"two" * 5000):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(garbage)
        path.with_name("answers.db-wal").unlink(missing_ok=True)
        assert_usable(path)
    kept = {file.name: file.read_bytes()[:3] for file in path.parent.glob("*.damaged*")}
    assert kept == {"answers.db.damaged": b"one", "answers.db.damaged1": b"two"}


def test_garbage_in_place_of_a_store_is_set_aside_with_one_warning(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 500)
    assert_usable(path)
    assert [record.name for record in caplog.records] == ["audiopipe"]
    assert path.with_name("answers.db.damaged").read_bytes() == b"not a database" * 500


def test_a_store_of_a_later_version_is_left_alone_and_a_warning_says_so(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filled(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 77")
    connection.close()
    before = path.read_bytes()
    with Store(path) as store:
        store.put(name("new"), "transcript", answer(99))
    assert "update this one" in caplog.records[0].message
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.damaged*"))


def test_a_store_of_the_first_versions_is_used_and_can_still_be_used_by_them(path: Path) -> None:
    path.parent.mkdir()
    body = zlib.compress(name("a") + answer(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in FIRST_TABLES:
            db.execute(statement)
        db.execute("INSERT INTO answers VALUES (?, 'transcript', ?, 1, ?)", (name("a"), 1, body))
    origin = Origin("id", "talk.mp3")
    with Store(path) as store:
        read = bytes.hex
        kept = store.answer(name("a"), "transcript", lambda: b"", read, origin=origin)
        assert kept == (answer(1).hex(), True)
        assert [each.kind for each in store.recordings()] == ["talk.mp3"]
        assert store.drop(origin) == 1
    with closing(sqlite3.connect(path)) as db:
        marks = [
            db.execute(f"PRAGMA {mark}").fetchone() for mark in ("application_id", "user_version")
        ]
        assert marks == [(0x41505354,), (1,)]
    assert not list(path.parent.glob("*.damaged*"))


def test_answers_are_dropped_by_the_recording_that_they_are_about(store: Store) -> None:
    one, two = Origin("1", "one.mp3"), Origin("2", "two.mp3")
    store.put(name("a"), "transcript", answer(1), one)
    store.put(name("b"), "transcript", answer(2), two)
    for origin in (one, two):
        store.answer(name("both"), "transcript", lambda: answer(3), bytes.hex, origin=origin)
    assert {each.kind: each.answers for each in store.recordings()} == {"one.mp3": 2, "two.mp3": 2}
    assert store.drop(one) == 2
    assert [store.get(name(content)) for content in ("a", "b", "both")] == [None, answer(2), None]
    assert store.drop(one) == 0


def test_what_is_refused_when_it_is_read_is_not_kept(store: Store) -> None:
    def read(answer: bytes) -> str:
        raise BadReply("no transcript")

    with pytest.raises(BadReply):
        store.answer(name("a"), "transcript", lambda: b"<html>", read)
    assert store.get(name("a")) is None


def test_a_refresh_asks_anew_once_and_replaces(path: Path) -> None:
    with Store(path) as store:
        store.put(name("a"), "transcript", b"old")
    with Store(path, refresh=True) as store:
        for is_known in (False, True):
            answered = store.answer(name("a"), "transcript", lambda: b"new", bytes.decode)
            assert answered == ("new", is_known)
    with Store(path) as store:
        assert store.get(name("a")) == b"new"


def test_a_row_that_unpacks_to_gigabytes_is_not_unpacked(path: Path) -> None:
    with Store(path) as store:
        store.put(name("a"), "transcript", answer(1))
    bomb = zlib.compress(name("a") + bytes(200_000_000))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE answers SET body = ?", (bomb,))
    with Store(path) as store:
        assert store.get(name("a")) is None


LOCK = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
"""


def test_while_another_process_locks_the_store_it_is_read_and_nothing_is_lost(path: Path) -> None:
    filled(path, 1)
    with subprocess.Popen([sys.executable, "-c", LOCK, str(path)], stdin=-1, stdout=-1) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        other.stdout.readline()
        with Store(path) as store:
            assert store.get(name("0")) == answer(0)
            threading.Timer(0.5, other.stdin.close).start()
            store.put(name("new"), "transcript", answer(99))
    with Store(path) as store:
        assert store.get(name("new")) == answer(99)


def test_answers_go_on_being_kept_where_the_file_is_deleted_meanwhile(path: Path) -> None:
    with Store(path) as store:
        store.put(name("a"), "transcript", answer(1))
        for file in path.parent.iterdir():
            file.unlink()
        store.put(name("b"), "transcript", answer(2))
    with Store(path) as store:
        assert store.get(name("b")) == answer(2)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.99])
def test_a_truncated_store_is_survived(path: Path, share: float) -> None:
    whole = filled(path)
    path.write_bytes(whole[: int(len(whole) * share)])
    assert_usable(path)


def test_damage_that_shows_while_the_store_is_open_is_survived(path: Path) -> None:
    whole = filled(path)
    with Store(path) as store:
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (len(whole) - 4096))
        store.put(name("new"), "transcript", answer(99))
        assert store.get(name("new")) == answer(99)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=600)), min_size=1))
def test_no_damage_gives_a_wrong_answer(path: Path, damage: list[tuple[float, bytes]]) -> None:
    for file in path.parent.glob("*"):
        file.unlink()
    broken = bytearray(filled(path))
    for where, garbage in damage:
        start = int(where * (len(broken) - 1))
        broken[start : start + len(garbage)] = garbage
    path.write_bytes(broken)
    with Store(path) as store:
        for index in range(60):
            assert store.get(name(str(index))) in (None, answer(index))
        store.info()
        store.put(name("new"), "transcript", answer(99))
        store.prune(max_bytes=1000)


def test_where_no_file_can_be_made_answers_last_as_long_as_the_run_and_warnings_say_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tmp_path.joinpath("file").touch()
    with Store(tmp_path / "file" / "answers.db") as store:
        store.put(name("a"), "transcript", answer(1))
        assert store.get(name("a")) == answer(1)
        assert store.get(name("b")) is None
        assert store.info() == ()
        assert store.clear() == 0
    first, last = (record.message for record in caplog.records)
    assert "as yet" in first
    assert "1 answers could not be kept" in last


def test_a_folder_in_place_of_the_file_is_survived(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put(name("a"), "transcript", answer(1))
        assert store.get(name("b")) is None


FULL_DISK = """
import logging, random, resource, signal, sys
from pathlib import Path
from audiopipe.store.answers import Store
logging.basicConfig(format="%(message)s")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
keys = [bytes([index]) * 32 for index in range(200)]
path, frees = Path(sys.argv[1]), sys.argv[2] == "frees"
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
with Store(path) as store:
    for key in keys:
        store.put(key, "transcript", random.randbytes(5000))
    assert all(store.get(key) for key in keys)
    if frees:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
with Store(path) as store:
    print(sum(store.get(key) is not None for key in keys))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are a POSIX thing")
@pytest.mark.parametrize(("then", "kept", "lines"), [("frees", 200, 1), ("stays full", 30, 2)])
def test_when_the_disk_is_full_answers_are_held_until_there_is_room(
    path: Path, then: str, kept: int, lines: int
) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(path), then]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) >= kept
    assert done.stderr.count("\n") == lines, done.stderr


def test_threads_that_want_the_same_answer_ask_for_it_once(tmp_path: Path) -> None:
    asked: list[int] = []

    def ask() -> bytes:
        asked.append(1)
        time.sleep(0.02)
        return b"once"

    with Store(tmp_path / "a") as store, ThreadPoolExecutor(8) as pool:
        wanted = name("content")
        results = list(
            pool.map(lambda _: store.answer(wanted, "transcript", ask, bytes.decode), range(16))
        )
    assert sorted(results) == [("once", False)] + [("once", True)] * 15
    assert asked == [1]


def test_a_kept_answer_that_cannot_be_read_is_asked_for_again(tmp_path: Path) -> None:
    def read(answer: bytes) -> str:
        if answer == b"old":
            raise BadReply("of an older version")
        return answer.decode()

    with Store(tmp_path / "a") as store:
        wanted = name("content")
        store.put(wanted, "transcript", b"old")
        assert store.answer(wanted, "transcript", lambda: b"new", read) == ("new", False)
        assert store.answer(wanted, "transcript", lambda: b"newer", read) == ("new", True)


def test_a_refresh_that_was_broken_off_goes_on_and_the_next_begins_anew(path: Path) -> None:
    clock = Clock()
    with Store(path, clock) as store:
        for n in range(3):
            store.put(name(str(n)), "transcript", b"old")
    with Store(path, clock, refresh=True) as store:
        store.put(name("0"), "transcript", b"new")
    for _ in range(2):  # broken off again
        with Store(path, clock, refresh=True) as store:
            assert [store.get(name(str(n))) for n in range(3)] == [b"new", None, None]
    with Store(path, clock, refresh=True) as store:
        store.put(name("1"), "transcript", b"new")
        store.get(name("0"))
        store.settle()
    with Store(path, clock, refresh=True) as store:
        assert [store.get(name(str(n))) for n in range(3)] == [None] * 3
        store.put(name("2"), "transcript", b"new")
    clock.now_s += 2 * DAY_S
    with Store(path, clock, refresh=True) as store:
        assert store.get(name("2")) is None  # of another day
    with Store(path, clock) as store:
        assert store.get(name("2")) == b"new"
