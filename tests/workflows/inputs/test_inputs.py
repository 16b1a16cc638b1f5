from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.audio import babble, container_file, plain_file

from audiopipe.workflows.inputs import Selection, find_inputs
from audiopipe.workflows.inputs.names import distinct
from audiopipe.workflows.inputs.sniff import sort_of

SOUND = babble(2)[:, np.newaxis].astype(np.float32) / np.float32(32768)


def made(folder: Path, *names: str, data: bytes = b"\xff\xfb") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def stems(*arguments: object) -> list[str]:
    return [str(item.stem) for item in find_inputs(map(str, arguments)).items if not item.error]


def left(folder: Path, selection: Selection | None = None) -> dict[str, str]:
    found = find_inputs([str(folder)], selection)
    return {str(Path(each.path).relative_to(folder)): each.why for each in found.left_out}


def test_a_folder_gives_its_recordings_below_it_and_keeps_their_paths(tmp_path: Path) -> None:
    made(tmp_path, "b/deep/two.mp4", "a.mp3", ".hidden/x.mp3", "c.FLAC")
    made(tmp_path, "notes.txt", data=b"notes")
    assert stems(tmp_path) == ["a", "b/deep/two", "c"]


@pytest.mark.parametrize(
    ("kind", "codec", "name"),
    [
        ("mov", "aac", "voice memo.qta"),
        ("mpegts", "aac", "camera.m2ts"),
        ("webm", "libopus", "tab.weba"),
        ("ipod", "aac", "ring.m4r"),
        ("ipod", "aac", "flash.f4v"),
        ("flac", "flac", "no ending"),
        ("matroska", "libopus", "a.download"),
        ("mp3", "libmp3lame", "a.mp3.part"),
        ("adts", "aac", "stream"),
        ("avi", "libmp3lame", "x.tmp"),
        ("flv", "aac", "y.bak"),
        ("ac3", "ac3", "disc"),
        ("mpegts", "aac", "recording.ts"),
    ],
)
def test_whatever_can_be_opened_is_taken(kind: str, codec: str, name: str, tmp_path: Path) -> None:
    rate_hz = 48_000 if "opus" in codec else 44_100
    made(tmp_path, name, data=container_file([SOUND], rate_hz, kind, codec))
    assert [item.source for item in find_inputs([str(tmp_path)]).items] == [str(tmp_path / name)]


def test_wav_by_other_names_is_taken(tmp_path: Path) -> None:
    made(tmp_path, "a.bwf", "b.wave", "c", "d.old", data=plain_file(SOUND, 16_000, "WAV"))
    assert stems(tmp_path) == ["a", "b", "c", "d"]


def test_what_no_mark_tells_is_tried_by_the_reader(tmp_path: Path) -> None:
    made(tmp_path, "voc", data=plain_file(SOUND, 16_000, "VOC"))
    made(tmp_path, "noise", data=bytes([0]) + np.random.default_rng(1).bytes(5000))
    assert stems(tmp_path) == ["voc"]
    assert left(tmp_path) == {"noise": "unknown"}


def test_what_is_left_out_is_counted_and_named(tmp_path: Path) -> None:
    made(tmp_path, "a.mp3", "._a.mp3")
    made(tmp_path, "cover.jpg", data=b"\xff\xd8\xff\xe0" + bytes(60))
    made(tmp_path, "back.png", data=b"\x89PNG\r\n\x1a\n" + bytes(60))
    made(tmp_path, "b.mp3", data=b"")
    made(tmp_path, "index.ts", data=b"export const one = 1;\n")
    made(tmp_path, "talk.srt", data="1\n00:00 --> 00:01\nÜbung\n".encode())
    made(tmp_path, "all.zip", data=b"PK\x03\x04" + bytes(60))
    (tmp_path / "gone.mp3").symlink_to("nowhere")
    (tmp_path / "x.mp3").mkdir()
    os.mkfifo(tmp_path / "pipe.mp3")
    found = find_inputs([str(tmp_path)])
    assert [item.stem for item in found.items] == ["a"]
    assert found.summary() == (
        "9 files left out: 2 pictures, 2 texts, 1 hidden, 1 archive, 1 of 0 bytes, "
        "1 link to nothing, 1 no file"
    )
    assert left(tmp_path)["gone.mp3"] == "link to nothing"


@pytest.mark.parametrize("what", ["nothing", "hidden", "folder", "link", "text", "unwanted"])
def test_a_folder_without_recordings_is_an_error_that_tells_why(what: str, tmp_path: Path) -> None:
    if what == "hidden":
        made(tmp_path, "._x.mp3")
    elif what == "folder":
        (tmp_path / "x.mp3").mkdir()
    elif what == "link":
        (tmp_path / "x.mp3").symlink_to("nowhere")
    elif what == "text":
        made(tmp_path, "x.txt", data=b"x")
    elif what == "unwanted":
        made(tmp_path, "x.mp3")
    found = find_inputs([str(tmp_path)], Selection(exclude=("*",)) if what == "unwanted" else None)
    (item,) = found.items
    assert "no recording below it" in str(item.error)
    assert (found.summary() in str(item.error)) and bool(found.left_out) == (
        what not in ("nothing", "folder")
    )


def test_a_link_that_leads_back_up_ends_nothing(tmp_path: Path) -> None:
    made(tmp_path, "sub/a.mp3")
    (tmp_path / "sub/up").symlink_to(tmp_path)
    assert stems(tmp_path) == ["sub/a"]


def test_folders_that_are_not_looked_into_are_told_of(tmp_path: Path) -> None:
    made(tmp_path, "in/a.mp3", "out/b.mp3")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "out")
    assert stems(tmp_path / "in") == ["a"]
    assert left(tmp_path / "in") == {"linked": "link to a folder"}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_is_closed_to_us_is_told_of(tmp_path: Path) -> None:
    made(tmp_path, "a.mp3", "closed/b.mp3")
    (tmp_path / "closed").chmod(0)
    try:
        assert left(tmp_path) == {"closed": "folder that cannot be opened"}
    finally:
        (tmp_path / "closed").chmod(0o700)


@given(st.text("ab-*?[]{}!^\\/,.z~&|", min_size=1, max_size=8))
def test_whatever_a_pattern_is_it_fits_or_not(pattern: str) -> None:
    wanted = Selection(match=(pattern,))
    assert wanted.reason_against(Path("a/b.mp3"), None) in ("", "not matched")


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("a.mp3")
        assert left(tmp_path) == {"a.mp3": "no file"}


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


@pytest.mark.parametrize(
    "name", ["-rf.mp3", 'qu"ote.mp3', "new\nline.mp3", "ünï.mp3", "concat:x.mp3", "pipe:0.mp3"]
)
def test_strange_names_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    made(tmp_path, name)
    assert stems(tmp_path) == [name.removesuffix(".mp3")]


def test_a_name_that_is_not_utf8_is_taken_as_it_is(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp3")).write_bytes(b"x")
    assert stems(tmp_path) == [os.fsdecode(b"\xff")]


def test_what_is_not_there_is_an_item_with_its_error(tmp_path: Path) -> None:
    (item,) = find_inputs([str(tmp_path / "none.mp3")]).items
    assert "none.mp3: no such file" in str(item.error)
    (item,) = find_inputs(["x" * 5000]).items
    assert "no such file" in str(item.error)


@given(
    st.lists(
        st.binary(min_size=1, max_size=251).filter(lambda name: not set(name) & {0, 47}),
        max_size=6,
        unique=True,
    )
)
def test_names_differ_and_leave_room_for_endings(names: list[bytes]) -> None:
    stems = distinct([os.fsdecode(name) + ".mp3" for name in names])
    assert len({stem.casefold() for stem in stems}) == len(names)
    assert all(len(os.fsencode(stem)) <= 220 for stem in stems)


@given(st.binary(max_size=4096))
def test_whatever_a_file_holds_it_is_of_some_sort(head: bytes) -> None:
    assert sort_of(head)


@pytest.mark.parametrize(
    ("patterns", "fits"),
    [
        (["*.mp3"], ["a.mp3", "sub/b.mp3", "sub/old/c.mp3"]),
        (["/*.mp3"], ["a.mp3"]),
        (["sub/*"], ["sub/b.mp3", "sub/d.wav"]),
        (["sub/**"], ["sub/b.mp3", "sub/d.wav", "sub/old/c.mp3"]),
        (["old/"], ["sub/old/c.mp3"]),
        (["*.{wav,flac}"], ["sub/d.wav"]),
        (["[ab].mp3"], ["a.mp3", "sub/b.mp3"]),
        (["[!a].mp3"], ["sub/b.mp3", "sub/old/c.mp3"]),
        (["?.wav", "a*"], ["a.mp3", "sub/d.wav"]),
        (["[z-a].mp3", "[]", "[^]*"], []),
        (["[b-c].mp3"], ["sub/b.mp3", "sub/old/c.mp3"]),
        (["mp3"], []),
    ],
)
def test_patterns_are_those_of_rclone(patterns: list[str], fits: list[str], tmp_path: Path) -> None:
    names = ["a.mp3", "sub/b.mp3", "sub/old/c.mp3", "sub/d.wav"]
    made(tmp_path, *names)
    matched = find_inputs([str(tmp_path)], Selection(match=tuple(patterns)))
    taken = [Path(each.source).relative_to(tmp_path).as_posix() for each in matched.items]
    assert (taken == ["."]) if not fits else (sorted(taken) == sorted(fits))
    assert set(left(tmp_path, Selection(exclude=tuple(patterns)))) == set(fits)


def test_what_was_not_changed_since_is_left_out(tmp_path: Path) -> None:
    made(tmp_path, "old.mp3", "new.mp3")
    os.utime(tmp_path / "old.mp3", (1_000, 1_000))
    assert left(tmp_path, Selection(since_s=2_000)) == {"old.mp3": "older"}


def test_objects_of_a_store_are_found_and_chosen(tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="obstore is not installed")
    made(tmp_path, "talks/a.mp3", "talks/2026/b.wav", "talks/notes.txt", "talks/empty.mp3")
    (tmp_path / "talks" / "empty.mp3").write_bytes(b"")
    store = tmp_path.as_uri()
    found = find_inputs([f"{store}/talks"])
    assert [str(item.stem) for item in found.items] == ["2026/b", "a"]
    assert sorted(each.why for each in found.left_out) == ["of 0 bytes", "other"]
    (one,) = find_inputs([f"{store}/talks/notes.txt"]).items
    assert (one.source, str(one.stem)) == (f"{store}/talks/notes.txt", "notes")
    assert stems(f"{store}/talks/*.mp3") == ["a"]
    (none,) = find_inputs([f"{store}/nothing/here"]).items
    assert "no such file" in str(none.error)
    (strange,) = find_inputs(["nosuch://user:secret@host/x"]).items
    assert "secret" not in str(strange.error)
