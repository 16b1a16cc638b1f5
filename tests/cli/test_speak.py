from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import av
import pytest
from support import speechlike
from support.server import KEY, Server

Run = Callable[..., CompletedProcess[str]]

GROQ = ("--backend", "groq", "-l", "en")


def test_a_file_becomes_sound_with_chapters_and_tags(audiopipe: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# One\n\nIt is 5 pm.\n\n# Two\n\nThe *end*.", "utf-8")
    done = audiopipe("speak", "notes.md", "-o", "out/notes.m4a", "--title", "Notes")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "" and "chapters: 2, voice heart of hibari; requests: 4" in done.stderr
    with av.open(str(tmp_path / "out/notes.m4a")) as container:
        assert [each["metadata"]["title"] for each in container.chapters()] == ["One", "Two"]
        assert container.metadata["title"] == "Notes"


def test_a_text_and_stdin_are_spoken_too_and_nothing_is_paid_twice(
    audiopipe: Run, server: Server, tmp_path: Path
) -> None:
    asked = (*GROQ, "--base-url", server.url, "-o", "a.wav", "--voice", "troy")
    text = speechlike.text(range(10))
    first = audiopipe("speak", text, *asked, GROQ_API_KEY=KEY)
    assert "requests: 1, $0.0015" in first.stderr, first.stderr
    second = audiopipe("speak", "-", *asked, stdin=text.encode(), GROQ_API_KEY=KEY)
    assert "requests: 0, $0.0000" in second.stderr
    assert [seen.json["voice"] for seen in server.seen] == ["troy"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("Hello", "-o", "a.wav", "--voice", "tom"), 2, "from heart, emma, fable, fenrir, kore"),
        (("Hello", "-o", "a.txt"), 2, "choose from .wav .flac .mp3 .m4a .opus"),
        (("Hallo", "-o", "a.wav", "-l", "de"), 2, "speaks English, not German"),
        (("notes.md", "-o", "a.wav"), 1, "cannot read notes.md: No such file"),
        (("binary.txt", "-o", "a.wav"), 1, "binary.txt is no text in UTF-8"),
        (("Hello",), 2, "Missing option"),
        (("Hello", "-o", "a.wav", "--backend", "groq"), 1, "set GROQ_API_KEY"),
    ],
)
def test_what_cannot_be_spoken_is_one_line(
    audiopipe: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    done = audiopipe("speak", *arguments)
    assert (done.returncode, done.stdout) == (code, "") and words in done.stderr
    assert not (tmp_path / "a.wav").exists()


def test_a_limit_that_lasts_too_long_ends_resumable(
    audiopipe: Run, server: Server, tmp_path: Path
) -> None:
    text = "\n\n".join(speechlike.text(range(at, at + 10)) for at in range(0, 60, 10))
    asked = ("speak", text, *GROQ, "--base-url", server.url, "-o", "a.wav", "--max-wait", "1")
    done = audiopipe(*asked, "--limit", "rpd=4", GROQ_API_KEY=KEY)
    assert done.returncode == 4 and "longer than --max-wait 1 s" in done.stderr
    sent = len(server.seen)
    assert 0 < sent < 6
    done = audiopipe(*asked, "--limit", "rpd=none", GROQ_API_KEY=KEY)
    assert done.returncode == 0 and f"requests: {6 - sent}" in done.stderr
