from __future__ import annotations

from pathlib import Path

import pytest

from audiopipe.errors import UsageError
from audiopipe.stages.finish.glossary import Glossary, Replacement, read_glossary


def read(folder: Path, content: bytes) -> Glossary:
    path = folder / "terms.txt"
    path.write_bytes(content)
    return read_glossary(path)


def test_a_line_is_a_term_and_an_arrow_makes_it_a_replacement(tmp_path: Path) -> None:
    content = "# people\nAda Lovelace\n\n  feather us =>  Fergus\nAda Lovelace\n"
    assert read(tmp_path, content.encode()) == Glossary(
        ("Ada Lovelace", "Fergus"), (Replacement("feather us", "Fergus"),)
    )


def test_marks_and_line_ends_of_other_editors_do_not_matter(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfZoe\xcc\x88\r\n#c\r\nzoey => Zo\xc3\xab\r\n"
    assert read(tmp_path, content) == Glossary(("Zoë",), (Replacement("zoey", "Zoë"),))


def test_an_empty_file_is_an_empty_glossary(tmp_path: Path) -> None:
    assert read(tmp_path, b"\n# nothing\n") == Glossary()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfeA\x00", "UTF-8"),
        (b"one\n=> two", "line 2"),
        (b"one =>", "line 1"),
    ],
)
def test_a_file_that_is_no_glossary_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=rf"--glossary .*terms\.txt.*{said}"):
        read(tmp_path, content)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.txt: No such file"):
        read_glossary(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="directory"):
        read_glossary(tmp_path)
