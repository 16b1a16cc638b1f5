from __future__ import annotations

from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.errors import UsageError
from audiopipe.workflows.inputs.names import ENDINGS, Used, distinct, files, results

PART = st.text("abAB.-2é", min_size=1, max_size=4).filter(lambda part: part.strip("."))
NAMES = st.lists(st.lists(PART, min_size=1, max_size=3).map(lambda p: PurePath(*p)), max_size=12)


@given(NAMES)
def test_no_two_results_are_one_file_and_folders_keep_their_structure(
    names: list[PurePath],
) -> None:
    told = [str(name) for name in names]
    stems = [PurePath(stem) for stem in distinct(told)]
    written = [file for stem in stems for file in {*files(stem)}]
    assert len(written) == len({*written})
    assert [stem.parent for stem in stems] == [name.parent for name in names]
    assert all(stem.name.startswith(name.stem) for name, stem in zip(names, stems, strict=True))
    assert [*map(str, stems)] == distinct(told)


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        ("a.mp3 b.wav", "a b"),
        ("a.mp3 a.wav b.wav", "a.mp3 a.wav b"),
        ("a.mp3 A.wav", "a.mp3 A.wav"),
        ("x/a.wav y/a.wav", "x/a y/a"),
        ("a.wav a.wav a.wav", "a.wav a.wav-2 a.wav-3"),
        ("a.wav a.wav a.wav-2", "a.wav a.wav-2 a.wav-2-2"),
        ("talk.wav talk.verbose.wav", "talk.wav talk.verbose.wav"),
        ("talk.wav Talk.Verbose.wav", "talk.wav Talk.Verbose.wav"),
        ("talk.wav talk.other.wav", "talk talk.other"),
    ],
)
def test_who_shares_a_file_keeps_its_ending_and_then_gets_a_number(names: str, stems: str) -> None:
    assert distinct(names.split()) == stems.split()


def test_results_of_ask_and_render(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    x, y = tmp_path / "x" / "talk.json", tmp_path / "y" / "talk.json"
    one, two = results([x, y], tmp_path / "out", [".txt"])
    assert (one[0].name, two[0].name) == ("talk.json.txt", "talk.json-2.txt")
    assert "named apart" in caplog.text
    assert results([x, y], None, [".txt"]) == [(x.with_suffix(".txt"),), (y.with_suffix(".txt"),)]


def test_no_result_is_written_over_another_input(tmp_path: Path) -> None:
    talk, german = tmp_path / "x" / "talk.json", tmp_path / "y" / "talk.de.srt"
    with pytest.raises(UsageError, match=r"talk\.de\.srt of .* written over an input"):
        results([talk, german], tmp_path / "y", [".de.srt"])
    assert results([talk, german], tmp_path / "z", [".de.srt"])
    assert results([talk, talk.with_name("talk.verbose.json")], None, [".srt"])
    assert ENDINGS[0] == ""


@given(
    st.lists(st.from_regex(r"(a|b)(\.|-2|a|A|json|verbose|txt){0,4}", fullmatch=True), max_size=8),
    st.text("aAb.-2jsonverbtx", min_size=1, max_size=12).filter(lambda name: name.strip(".")),
)
def test_what_is_used_is_what_the_files_of_all_stems_are(stems: list[str], asked: str) -> None:
    used = Used()
    for stem in stems:
        used.add(PurePath(stem))
    spelled_out = {file for stem in stems for file in files(PurePath(stem))}
    assert all((file in used) == (file in spelled_out) for file in files(PurePath(asked)))
    assert all(file in used for file in spelled_out)
    assert used.has_one_of(PurePath(asked)) == (not spelled_out.isdisjoint(files(PurePath(asked))))
