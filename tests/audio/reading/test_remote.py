"""Recordings in stores: file:// is one that needs no network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.audio import container_file, plain_file, tone
from support.s3 import s3_server

from audiopipe.audio.reading import open_source
from audiopipe.audio.reading.remote import entries
from audiopipe.errors import EmptyAudio, UnreadableInput
from audiopipe.pipeline import prepare_and_tell
from audiopipe.settings import Settings

pytest.importorskip("obstore", reason="obstore is not installed")

FILES = {
    "a.wav": plain_file(tone(3, 16_000), 16_000, "WAV"),
    "b.m4a": container_file([tone(3, 16_000)], 16_000, "ipod", "aac"),
    "c.mp3": container_file([tone(3, 16_000)], 16_000, "mp3", "libmp3lame"),
}


@pytest.fixture
def root(tmp_path: Path) -> str:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "empty.wav").write_bytes(b"")
    return tmp_path.as_uri()


@pytest.mark.parametrize("name", FILES)
def test_an_object_gives_what_its_bytes_give(root: str, name: str) -> None:
    with open_source(FILES[name]) as opened:
        expected = np.concatenate([block.copy() for block in opened.blocks()])
    with open_source(f"{root}/{name}") as opened:
        assert np.array_equal(np.concatenate(list(opened.blocks())), expected)


@pytest.mark.parametrize("name", FILES)
def test_a_recording_in_s3_is_one_request(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from audiopipe.store.objects import Bucket

    with s3_server(monkeypatch) as calls:
        Bucket("s3://bucket").write(f"talks/{name}", FILES[name])
        calls.clear()
        with open_source(f"s3://bucket/talks/{name}") as opened:
            assert sum(len(block) for block in opened.blocks()) > 47_000
            assert len(opened.sha256()) == 64
        assert calls == [("GET", f"/bucket/talks/{name}")]


def test_a_run_takes_addresses_and_names_no_password(root: str) -> None:
    assert [*prepare_and_tell(f"{root}/a.wav", Settings())]
    with pytest.raises(UnreadableInput) as error:
        [*prepare_and_tell("memory://me:secret@reading/none.wav", Settings())]
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "address", ["{root}/none.wav", "nosuch://reading/a.wav", "s3://", "gs:///x"]
)
def test_what_cannot_be_had_is_that_files_failure(root: str, address: str) -> None:
    with pytest.raises(UnreadableInput) as told, open_source(address.format(root=root)):
        pass
    assert len(str(told.value).splitlines()) == 1


def test_an_empty_object_is_empty(root: str) -> None:
    with pytest.raises(EmptyAudio), open_source(f"{root}/empty.wav"):
        pass


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["a.wav", "b/c.mp3", "b/d/e[1].wav", "é?.wav"]),
        ("/", ["a.wav", "b/c.mp3", "b/d/e[1].wav", "é?.wav"]),
        ("/b", ["c.mp3", "d/e[1].wav"]),
        ("/*.wav", ["a.wav", "é?.wav"]),
        ("/**/*.wav", ["a.wav", "b/d/e[1].wav", "é?.wav"]),
        ("/b/?.mp3", ["c.mp3"]),
        ("/[!b-z].wav", ["a.wav"]),
        ("/b/d/e[1].wav", ["e[1].wav"]),
        ("/é?.wav", ["é?.wav"]),
    ],
)
def test_prefixes_and_patterns(tmp_path: Path, asked: str, found: list[str]) -> None:
    for name in ["a.wav", "b/c.mp3", "b/d/e[1].wav", "é?.wav"]:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"x")
    (tmp_path / "inside").write_bytes(b"x")
    assert [each.below for each in entries(f"file://{tmp_path}/in{asked}")] == found
