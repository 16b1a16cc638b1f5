"""Objects of an S3 server and of the disk: the same, by the same names."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.gcs import gcs_server
from support.s3 import Call, S3Server, s3_server

from audiopipe.store.objects import Bucket, Missing, NoAnswer, Overtaken, path_of

pytest.importorskip("obstore", reason="obstore is not installed")

NAMES = ["a.wav", "below/ä b.wav", "below/what?#%41 [1].wav", "日本/語.mp3", "+plus&and=.m4a"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Call]]:
    with s3_server(monkeypatch) as calls:
        yield calls


@pytest.fixture(params=["s3", "file"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "s3":
        request.getfixturevalue("calls")
        return "s3://bucket/some"
    return tmp_path.as_uri() + "/some"


def test_what_is_written_is_read_and_listed_by_its_name(place: str) -> None:
    bucket, root = Bucket(place), path_of(place)
    for name in NAMES:
        bucket.write(f"{root}/{name}", name.encode())
    assert sorted(each.path for each in bucket.entries(root)) == sorted(
        f"{root}/{name}" for name in NAMES
    )
    for name in NAMES:
        copy = io.BytesIO()
        bucket.copy(f"{root}/{name}", copy)
        assert copy.getvalue() == name.encode() == bucket.read(f"{root}/{name}")
        assert bucket.entry(f"{root}/{name}").size == len(name.encode())
    bucket.delete(f"{root}/{NAMES[0]}")
    with pytest.raises(Missing, match=r"a\.wav: no such file"):
        bucket.read(f"{root}/{NAMES[0]}")


@pytest.fixture(params=["s3", "gs"])
def scheme(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with (s3_server if request.param == "s3" else gcs_server)(monkeypatch):
        yield request.param


def test_who_was_overtaken_writes_nothing(scheme: str) -> None:
    bucket = Bucket(f"{scheme}://bucket")
    bucket.write("one", b"1", over="")
    with pytest.raises(Overtaken):
        bucket.write("one", b"2", over="")
    data, tag = bucket.read_with_tag("one")
    latest = bucket.write("one", data + b"2", over=tag)
    assert bucket.read_with_tag("one") == (b"12", latest)
    with pytest.raises(Overtaken):
        bucket.write("one", b"3", over=tag)
    assert bucket.read("one") == b"12"


def test_a_copy_takes_one_request_and_each_byte_once(calls: list[Call]) -> None:
    bucket, data = Bucket("s3://bucket"), bytes(range(256)) * 40_000
    bucket.write("ten megabytes", data)
    calls.clear()
    copy = io.BytesIO()
    bucket.copy("ten megabytes", copy)
    assert copy.getvalue() == data
    assert len(calls) == 1


@pytest.mark.parametrize("address", ["nosuch://host/a", "s3://nobucket/a", "s3://"])
def test_what_cannot_be_had_is_one_line(calls: list[Call], address: str) -> None:
    with pytest.raises(NoAnswer) as told:
        Bucket(address).read("a")
    assert len(str(told.value).splitlines()) == 1


def test_a_bucket_that_is_gone_or_refuses_is_no_missing_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("obstore", reason="obstore is not installed")
    pytest.importorskip("moto.server", reason="moto is not installed")
    with S3Server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        bucket = Bucket("s3://bucket")
        with pytest.raises(Missing):
            bucket.read("none")
        for fault in ((404, "NoSuchBucket"), (403, "AccessDenied"), (400, "ExpiredToken")):
            server.fault = fault
            for ask in (lambda: bucket.read("some"), lambda: bucket.write("some", b"x")):
                with pytest.raises(NoAnswer) as told:
                    ask()
                assert not isinstance(told.value, Missing)
                assert fault[1] in str(told.value)
                assert len(str(told.value)) < 120
