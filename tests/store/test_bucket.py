"""Answers in a bucket are answers in a file, for all nodes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.redis import RedisServer, with_redis
from support.s3 import s3_server

from audiopipe.errors import AnswersLost, Stopped, UsageError
from audiopipe.store.bucket import BucketStore
from audiopipe.store.leases import LEASE_S, Leases
from audiopipe.values.audio import Origin

pytest.importorskip("obstore", reason="obstore is not installed")

KEY = bytes(range(32))


def read(answer: bytes) -> str:
    return answer.decode()


@pytest.fixture(params=["s3", "file"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    if request.param == "file":
        yield f"{tmp_path.as_uri()}/answers"
        return
    with s3_server(monkeypatch):
        yield "s3://bucket/answers"


def test_an_answer_is_found_by_another_node_and_asked_for_anew_on_demand(place: str) -> None:
    with BucketStore(place) as one, BucketStore(place) as other:
        assert one.answer(KEY, "chat", lambda: b"first", read) == ("first", False)
        assert other.answer(KEY, "chat", lambda: b"second", read) == ("first", True)
    with BucketStore(place, refresh=True) as again:
        assert again.answer(KEY, "chat", lambda: b"third", read) == ("third", False)
        assert again.answer(KEY, "chat", lambda: b"fourth", read) == ("third", True)


def test_a_refresh_that_was_broken_off_is_gone_on_with(place: str) -> None:
    other = KEY[::-1]
    with BucketStore(place) as store:
        for key in (KEY, other):
            store.answer(key, "chat", lambda: b"first", read)
    with BucketStore(place, refresh=True) as broken_off:
        if place.startswith("s3"):
            time.sleep(1.1)  # whose times are whole seconds
        assert broken_off.answer(KEY, "chat", lambda: b"second", read) == ("second", False)
    with BucketStore(place, refresh=True) as store:
        assert store.answer(KEY, "chat", lambda: b"third", read) == ("second", True)
        assert store.answer(other, "chat", lambda: b"third", read) == ("third", False)
        store.settle()
    with BucketStore(place, refresh=True) as store:
        assert store.answer(KEY, "chat", lambda: b"fourth", read) == ("fourth", False)


def test_the_oldest_answers_are_dropped_and_nothing_else(place: str) -> None:
    with BucketStore(place, refresh=True) as store:
        for n in range(3):
            store.put(bytes([n]) * 32, "chat", b"answer")
        assert store.prune(unused_s=3600) == 0
        assert store.clear() == 3
        assert store.get(bytes(32)) is None
        assert store.clear() == 0
        store.settle()


def test_damage_is_no_answer(tmp_path: Path) -> None:
    with BucketStore(tmp_path.as_uri()) as store:
        store.put(KEY, "chat", b"first")
        (path,) = [each for each in tmp_path.rglob("*") if each.is_file() and each.stat().st_size]
        path.write_bytes(path.read_bytes()[:-3])
        assert store.get(KEY) is None


def test_a_bucket_that_cannot_be_read_is_told_before_anything_is_paid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with s3_server(monkeypatch), pytest.raises(UsageError, match="s3://nobucket"):
        BucketStore("s3://nobucket/answers")


def test_a_bucket_that_is_lost_ends_the_run(tmp_path: Path) -> None:
    with BucketStore(f"{tmp_path.as_uri()}/answers") as store:
        store.put(KEY, "chat", b"first")
        (path,) = [each for each in tmp_path.rglob("*") if each.is_file() and each.stat().st_size]
        path.unlink()
        path.parent.rmdir()
        path.parent.symlink_to(path.parent)  # a circle
        with pytest.raises(AnswersLost):
            store.get(KEY)


@with_redis
def test_two_nodes_ask_for_each_once(tmp_path: Path) -> None:
    asked = []

    def ask() -> bytes:
        asked.append(1)
        time.sleep(0.3)
        return b"answer"

    with RedisServer(tmp_path) as redis:
        place = f"{tmp_path.as_uri()}/answers"
        nodes = [BucketStore(place, Leases(redis.address)) for _ in range(2)]
        with ThreadPoolExecutor(8) as pool:
            keys = [bytes([n]) * 32 for n in range(4)] * 4
            todo = [
                pool.submit(nodes[n % 2].answer, key, "chat", ask, read)
                for n, key in enumerate(keys)
            ]
            assert {each.result()[0] for each in todo} == {"answer"}
        assert len(asked) == 4
        for node in nodes:
            node.close()


@with_redis
def test_a_lease_lasts_as_long_as_its_holder_and_a_stop_ends_the_wait(tmp_path: Path) -> None:
    def stopped(seconds: float) -> None:
        raise Stopped("stopped")

    with RedisServer(tmp_path) as redis:
        import redis as client

        looking = client.Redis.from_url(redis.address)
        one, other = Leases(redis.address), Leases(redis.address)
        with one.on(KEY):
            (key,) = looking.keys("audiopipe:lease:*")
            assert 0 < looking.pttl(key) <= 1000 * LEASE_S
            with pytest.raises(Stopped), other.on(KEY, stopped):
                pass
            looking.pexpire(key, 200)  # as if the holder had died
            began_s = time.monotonic()
            with other.on(KEY):
                assert time.monotonic() - began_s > 0.1
                held = looking.get(key)
        assert looking.get(key) is None
        assert held
        looking.close()
        one.close()
        other.close()


def test_the_answers_of_a_recording_are_listed_and_dropped(place: str) -> None:
    talk, odd = Origin("0" * 32, "talk.mp3"), Origin("1" * 32, "/ü" * 300)
    with BucketStore(place) as store:
        for n, origin in enumerate((talk, talk, odd, None)):
            store.put(bytes([n]) * 32, "transcript", b"answer", origin)
        listed = {each.kind: each.answers for each in store.recordings()}
        assert listed.pop("talk.mp3") == 2
        assert listed.pop("other") == 1
        ((name, count),) = listed.items()
        assert (name[:20], count) == (("/ü" * 300)[:20], 1)
        assert sum(each.size_bytes for each in store.recordings()) > 0
        assert store.drop(talk) == 2
        assert store.drop(talk) == 0
        assert [store.get(bytes([n]) * 32) for n in range(4)] == [None, None, b"answer", b"answer"]
        assert len(store.recordings()) == 2
        assert store.clear() == 2
        assert store.recordings() == ()
