from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import av
import pytest
import soundfile
from support import speechlike
from support.server import KEY, Server

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def talk(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "talk.wav", speechlike.make_recording(20), 16_000)


@pytest.mark.usefixtures("talk")
def test_a_recording_is_told_again_and_nothing_is_paid_twice(
    audiopipe: Run, server: Server, tmp_path: Path
) -> None:
    asked = ("roundtrip", "talk.wav", "-o", "out", "-l", "en", "--format", "flac", "--align")
    done = audiopipe(*asked, "--no-voice-check", **server.as_groq)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "of 20 words spoken, 0.0 % were heard otherwise; requests: 4" in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"talk{ending}"
        for ending in (
            *(".json", ".txt", ".script.md", ".narration.flac", ".heard.json", ".report.json"),
        )
    }
    assert "requests: 0" in audiopipe(*asked, "--no-voice-check", **server.as_groq).stderr
    report = (tmp_path / "out" / "talk.report.json").read_text()
    assert json.loads(report)["narration"]["aligned"]["passages"] == 2 and KEY not in report


@pytest.mark.usefixtures("talk")
def test_a_narration_is_an_audiobook_where_that_is_asked(
    audiopipe: Run, server: Server, tmp_path: Path
) -> None:
    asked = ("roundtrip", "talk.wav", "-o", "out", "-l", "en", "--format", "m4b")
    done = audiopipe(*asked, "--no-voice-check", **server.as_groq)
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / "out" / "talk.narration.m4b")) as book:
        assert book.streams.audio[0].codec_context.name == "aac"
        assert book.duration and book.duration / av.time_base > 5


@pytest.mark.usefixtures("talk")
def test_chat_may_have_a_server_of_its_own(audiopipe: Run, server: Server, tmp_path: Path) -> None:
    rows = [{"number": number, "text": "Bababa."} for number in (1, 2)]
    with Server() as other:
        other.replies.append(json.dumps({"lines": rows}))
        done = audiopipe(
            *("roundtrip", "talk.wav", "-o", "out", "-l", "en", "--instruct", "Be brief."),
            *("--chat-url", other.url, "--chat-model", "openai/gpt-oss-120b"),
            OPENAI_API_KEY=KEY,
            **server.as_groq,
        )
        assert done.returncode == 0, done.stderr
        assert [seen.path.rsplit("/", 1)[1] for seen in other.seen] == ["completions"]
    assert "Bababa. Bababa." in (tmp_path / "out" / "talk.script.md").read_text()


@pytest.mark.usefixtures("talk")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("talk.wav", "--into", "de"), 1, "nobody to chat with"),
        (("talk.wav", "-l", "de"), 2, "hibari speaks English, not German; no voice of Groq"),
        (("talk.wav", "--voice", "tom"), 2, "choose from heart"),
        (("talk.wav", "--format", "aac"), 2, "choose from m4a, m4b, mp3, opus, flac, wav"),
        (("none.wav",), 1, "none.wav: no such file"),
        (("*.wav", "more"), 2, "unexpected extra argument"),
        ((".",), 2, "one recording at a time"),
    ],
)
def test_what_cannot_work_is_one_line_before_any_work(
    audiopipe: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    soundfile.write(tmp_path / "other.wav", speechlike.make_recording(2), 16_000)
    done = audiopipe("roundtrip", *arguments, "-o", "out")
    assert (done.returncode, done.stdout) == (code, "") and words in done.stderr, done.stderr
    assert not (tmp_path / "out").exists()
