from __future__ import annotations

import os
from pathlib import Path

import pytest

from audiopipe.cli.inputs import find_inputs


def made(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def stems(*arguments: object) -> list[str]:
    return [str(item.stem) for item in find_inputs(map(str, arguments)) if not item.error]


def test_a_folder_gives_its_recordings_below_it_and_keeps_their_paths(tmp_path: Path) -> None:
    made(tmp_path, "b/deep/two.mp4", "a.mp3", "notes.txt", ".hidden/x.mp3", "c.FLAC")
    assert stems(tmp_path) == ["a", "b/deep/two", "c"]


def test_a_folder_named_like_a_recording_is_a_folder(tmp_path: Path) -> None:
    made(tmp_path, "x.mp3/inside.wav")
    assert stems(tmp_path / "x.mp3") == ["inside"]


def test_two_inputs_that_would_write_the_same_name_keep_their_ending(tmp_path: Path) -> None:
    made(tmp_path, "a.mp3", "a.wav", "b.wav")
    assert stems(tmp_path) == ["a.mp3", "a.wav", "b"]


def test_files_of_the_same_name_from_two_folders_are_told_apart(tmp_path: Path) -> None:
    made(tmp_path, "x/a.mp3", "y/a.mp3")
    names = stems(tmp_path / "x/a.mp3", tmp_path / "y/a.mp3")
    assert len(set(names)) == 2


def test_an_input_that_is_named_twice_is_done_once(tmp_path: Path) -> None:
    made(tmp_path, "a.mp3")
    assert stems(tmp_path, tmp_path / "a.mp3", tmp_path / "*.mp3") == ["a"]


def test_a_glob_is_expanded_here_where_the_shell_did_not(tmp_path: Path) -> None:
    made(tmp_path, "d/a.mp3", "d/b.wav", "c.mp3")
    assert stems(tmp_path / "**" / "*.mp3") == ["c", "a"]


def test_stdin_and_addresses_get_harmless_names() -> None:
    assert stems("-") == ["stdin"]
    assert stems("https://example.org/a/My%20Show%2F..%2f1.mp3?x=1") == ["1"]
    assert stems("https://example.org/") == ["download"]
    assert stems("https://example.org/..") == ["download"]


@pytest.mark.parametrize("name", ["-rf.mp3", 'qu"ote.mp3', "new\nline.mp3", "ünï.mp3"])
def test_strange_names_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    made(tmp_path, name)
    assert stems(tmp_path) == [name.removesuffix(".mp3")]


def test_a_name_that_is_not_utf8_is_taken_as_it_is(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp3")).write_bytes(b"")
    assert stems(tmp_path) == [os.fsdecode(b"\xff")]


def test_what_is_not_there_is_an_item_with_its_error(tmp_path: Path) -> None:
    (item,) = find_inputs([str(tmp_path / "none.mp3")])
    assert "none.mp3: no such file" in str(item.error)
    (item,) = find_inputs([str(tmp_path)])
    assert "no recording" in str(item.error)
