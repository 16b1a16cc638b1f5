"""Voices for speakers, by a server that keeps the provider's rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.server import KEY, Server
from support.speechlike import text

from audiopipe import Part, Session, Tags
from audiopipe.audio.filters import paced
from audiopipe.audio.reading.chapters import chapters
from audiopipe.errors import UsageError
from audiopipe.render import render
from audiopipe.speech.cast import read_cast

ONE, TWO, THREE = text(range(3)), text(range(3, 6)), text(range(6, 9))
DIALOGUE = f"# {ONE}\n\n**Ann:** {TWO}\n\n**Bob:** {THREE}\n\n**Ann:** {ONE}"


@pytest.fixture
def session(server: Server) -> Iterator[Session]:
    with Session(
        backend="groq", base_url=server.url, api_key=KEY, tier="dev", language="en", cache=False
    ) as session:
        yield session


def voices(server: Server) -> dict[str, str]:
    return {seen.json["input"].rstrip("."): seen.json["voice"] for seen in server.seen}


def test_each_speaker_has_a_voice_of_the_models(
    session: Session, server: Server, tmp_path: Path
) -> None:
    speech = session.speak(DIALOGUE, tmp_path / "d.wav")
    assert speech.speakers == ("", "Ann", "Bob", "Ann")
    assert (voices(server)[TWO], voices(server)[THREE]) == ("diana", "hannah")
    assert "Bob: " in render(speech.transcript(), "srt")
    gaps = [
        b.start_s - a.end_s for (a, _), (b, _) in zip(speech.lines, speech.lines[1:], strict=False)
    ]
    assert gaps[1:] == pytest.approx([0.35, 0.35], abs=1e-3)


def test_a_cast_tells_who_speaks_how_fast(session: Session, server: Server, tmp_path: Path) -> None:
    plain = session.speak(DIALOGUE, tmp_path / "p.wav")
    server.seen.clear()
    cast = {"Ann": Part(voice="troy"), "Bob": Part(voice="autumn", pace=2.0)}
    speech = session.speak(DIALOGUE, tmp_path / "c.wav", cast=cast)
    assert voices(server)[TWO] == "troy" and voices(server)[THREE] == "autumn"
    slow, fast = (each.lines[2][0].duration_s for each in (plain, speech))
    assert fast == pytest.approx(slow / 2, rel=0.1)


def test_a_cast_file_is_checked(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "cast.toml"
    path.write_text('[Ann]\nvoice = "troy"\npace = 1.2\n')
    assert read_cast(path, session) == {"Ann": Part(voice="troy", pace=1.2)}
    for wrong, words in (
        ("Ann = 3", "needs a table"),
        ('[Ann]\nvoices = "x"', "no 'voices'"),
        ("[Ann]\npace = 9", "not between"),
        ('[Ann]\npace = "fast"', "cannot be"),
        ("[Ann", "--cast"),
    ):
        path.write_text(wrong)
        with pytest.raises(UsageError, match=words):
            read_cast(path, session)


def test_a_book_has_chapters_cover_and_tags(session: Session, tmp_path: Path) -> None:
    tags = Tags("Book", "Ann", "Books", "Fiction", "2026")
    session.speak(f"# {ONE}\n\n{TWO}\n\n# {THREE}\n\n{ONE}", tmp_path / "b.m4b", tags=tags)
    assert [each.title for each in chapters(tmp_path / "b.m4b")] == [ONE, THREE]
    data = (tmp_path / "b.m4b").read_bytes()
    assert data[4:12] == b"ftypM4B " and b"stik" in data
    assert all(tag.encode() in data for tag in ("Book", "Books", "Fiction", "2026"))
    with pytest.raises(UsageError, match="the cover is no picture"):
        session.speak(ONE, tmp_path / "b.m4b", tags=Tags(cover=b"no"))
    with pytest.raises(UsageError, match="holds no cover"):
        session.speak(ONE, tmp_path / "b.opus", tags=Tags(cover=b"no"))


@pytest.mark.parametrize(
    ("pace", "pitch"), [(0.2, 1), (0.4, 1), (0.5, 1), (1.25, 1), (3, 1), (1, 0.87), (1.5, 1.2)]
)
def test_pace_and_pitch_are_each_by_itself(pace: float, pitch: float) -> None:
    time_s = np.arange(48_000) / 24_000
    tone = (0.5 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
    made = paced(tone, 24_000, pace, pitch)
    assert len(made) == pytest.approx(len(tone) / pace, rel=0.03)
    middle = made[len(made) // 4 : len(made) // 4 + 8192]
    peak = np.argmax(np.abs(np.fft.rfft(middle * np.hanning(len(middle))))) * 24_000 / len(middle)
    assert peak == pytest.approx(440 * pitch, rel=0.02)
