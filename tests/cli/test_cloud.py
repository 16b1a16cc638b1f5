"""Recordings, results, the record and the answers in a bucket."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import soundfile as sf
from support.s3 import s3_server
from support.server import Server
from support.speechlike import make_recording

pytest.importorskip("obstore", reason="obstore is not installed")

Run = Callable[..., "CompletedProcess[str]"]


def talk(first: int, container: str = "FLAC") -> bytes:
    made = io.BytesIO()
    sf.write(made, make_recording(20, first=first), 16_000, format=container)
    return made.getvalue()


def test_a_batch_lives_in_a_bucket_whole(
    audiopipe: Run, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audiopipe.store.objects import Bucket

    with s3_server(monkeypatch) as calls:
        bucket = Bucket("s3://bucket")
        for n, name in enumerate(["a.flac", "below/ü b.flac", "below/c.flac"]):
            bucket.write(f"in/{name}", talk(40 * n))
        bucket.write("in/notes.txt", b"no recording")
        command = ["transcribe", "s3://bucket/in/", "-o", "s3://bucket/out", "-f", "json,txt"]
        command += ["--cache-dir", "s3://bucket/answers", "--no-voice-check"]
        calls.clear()
        done = audiopipe(*command, **server.as_groq)
        assert done.returncode == 0, done.stderr
        assert "s3://bucket/out/a" in done.stderr
        gets = [path for method, path in calls if method == "GET" and "/in/" in path]
        assert len(gets) == 3
        assert len(server.accepted) == 3
        names = {each.path for each in bucket.entries("out")}
        assert {"out/batch.json", "out/a.txt", "out/below/ü b.json"} < names
        assert [row["status"] for row in rows(bucket)] == ["done"] * 3

        again = audiopipe(*command, **server.as_groq)  # done already: nothing is fetched
        assert again.returncode == 0, again.stderr
        assert [row["status"] for row in rows(bucket)] == ["skipped"] * 3

        bucket.write("in/a.flac", talk(80))  # the words of another, heard before
        other = audiopipe(*command, "--retry-failed", **server.as_groq)
        assert other.returncode == 0, other.stderr
        changed = audiopipe(*command, **server.as_groq)
        assert "done again: the recording is another" in changed.stderr
        assert len(server.accepted) == 3
        assert bucket.read("out/a.txt") == bucket.read("out/below/c.txt")

        told = audiopipe("status", "s3://bucket/out", "--json")
        assert json.loads(told.stdout)["counts"]["done"] == 1


def rows(bucket: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bucket.read("out/batch.json"))["rows"]
    return found


def test_nodes_add_to_one_record_in_a_bucket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from audiopipe.settings import Settings
    from audiopipe.workflows.batch import Manifest, Row, read

    def node(n: int) -> None:
        mine = [Row(f"s3://bucket/{n}/{k}", f"{n}/{k}") for k in range(5)]
        with Manifest("s3://bucket/out", Settings(), mine) as record:
            for row in mine:
                record.put(Row(row.source, row.stem, "done"))

    with s3_server(monkeypatch):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(node, range(4)))
        assert read("s3://bucket/out").counts["done"] == 20


@pytest.mark.parametrize("place", ["s3://nobucket/out", "nosuch://x/out"])
def test_a_place_that_cannot_be_written_is_told_before_anything_is_paid(
    audiopipe: Run, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    (tmp_path / "a.flac").write_bytes(talk(0))
    with s3_server(monkeypatch):
        done = audiopipe("transcribe", "a.flac", "-o", place, **server.as_groq)
    assert done.returncode == 1
    assert place.partition("/out")[0] in done.stderr
    assert server.seen == []
