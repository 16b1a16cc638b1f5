from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from audiopipe.errors import OutputError, UsageError
from audiopipe.render import RENDERERS, content, render, save, write
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript

TOLD = Transcript(Source("a.wav", "", 2), "transcribe", "en", (Segment(Span(0, 1), " Hi."),))


@pytest.mark.parametrize("name", RENDERERS)
def test_each_format_is_chosen_by_its_ending(name: str, tmp_path: Path) -> None:
    path = save(TOLD, tmp_path / f"talk.v2{RENDERERS[name].ending}")
    made = content(TOLD, name)
    assert path.read_bytes() == (made if isinstance(made, bytes) else made.encode())


def test_the_ending_may_be_in_capitals(tmp_path: Path) -> None:
    assert save(TOLD, tmp_path / "TALK.SRT").read_text().startswith("1\n")


def test_no_two_formats_write_the_same_file() -> None:
    assert len({renderer.ending for renderer in RENDERERS.values()}) == len(RENDERERS)


def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'talk\.doc': end it in \.txt, \.json, .*\.md"):
        save(TOLD, tmp_path / "talk.doc")


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'doc': choose from txt, json"):
        render(TOLD, "doc")


def test_a_transcript_saves_itself(tmp_path: Path) -> None:
    assert TOLD.save(str(tmp_path / "talk.txt")).read_text() == "Hi.\n"


def test_a_transcript_saves_itself_with_other_limits_of_subtitles(tmp_path: Path) -> None:
    said = replace(TOLD.segments[0], text=" Hello there.", words=())
    talk = replace(TOLD, segments=(said,))
    assert "Hello\nthere." in talk.save(tmp_path / "talk.srt", max_line_width=6).read_text()
    with pytest.raises(UsageError, match="did you mean max_line_width"):
        talk.save(tmp_path / "talk.srt", max_line_widht=6)


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    write("new", tmp_path / "a.txt")
    write("newer", tmp_path / "a.txt")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "newer")]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    assert write("x", tmp_path / "a" / "b" / "c.txt").read_text() == "x"


def test_line_ends_are_written_as_they_are(tmp_path: Path) -> None:
    assert write("a\r\nb\n", tmp_path / "a.csv").read_bytes() == b"a\r\nb\n"


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    usual, ours = (tmp_path / "usual").stat(), write("x", tmp_path / "ours").stat()
    assert stat.S_IMODE(ours.st_mode) == stat.S_IMODE(usual.st_mode)


def test_a_name_as_long_as_the_system_allows_is_written(tmp_path: Path) -> None:
    assert write("x", tmp_path / ("a" * 251 + ".txt")).read_text() == "x"


def test_a_path_that_is_a_folder_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt" / "inside").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"cannot write .*a\.txt"):
        write("x", tmp_path / "a.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        write("x", tmp_path / "file" / "a.txt")


def test_a_file_that_cannot_be_finished_leaves_the_older_one_untouched(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # file size limits are a matter of Unix
    write("old", tmp_path / "a.txt")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot write"):
            write("new" * 100, tmp_path / "a.txt")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "old")]
