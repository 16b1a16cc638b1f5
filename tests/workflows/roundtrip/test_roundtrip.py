"""The round trip, through a server that hears what it speaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import speechlike
from support.fixtures import RECORDINGS
from support.server import KEY, Server

from audiopipe import session as retelling
from audiopipe.audio.mastering import Master
from audiopipe.audio.reading import open_source
from audiopipe.audio.reading.chapters import chapters
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.local.speak import LocalSpeaker
from audiopipe.backends.local.transcribe import Local
from audiopipe.backends.openai.chat import GroqChatter
from audiopipe.backends.openai.speak import GroqSpeaker
from audiopipe.backends.openai.transcribe import Groq
from audiopipe.concurrency import Stop
from audiopipe.errors import AuthError, LimitReached, ServerFault, Stopped, UsageError
from audiopipe.render import load
from audiopipe.values.audio import Chapter, Span
from audiopipe.workflows.roundtrip import RoundTrip

SHORT = Retry(attempts=2, base_s=0.001)
TITLES = (speechlike.text([51, 52]), speechlike.text([61, 62]))


@pytest.fixture
def trip(server: Server) -> Iterator[Any]:
    """`roundtrip` with the server as recogniser, chat model and voice."""
    shared: Any = {"api_key": KEY, "base_url": server.url, "tier": "dev", "retry": SHORT}
    with (
        Groq(**shared) as ears,
        GroqChatter(**shared) as chatter,
        GroqSpeaker(**shared) as voice,
    ):
        yield partial(
            retelling.roundtrip,
            backend=ears,
            chatter=chatter,
            speaker=voice,
            language="en",
            ending=".flac",
            voice_check=False,
        )


@pytest.fixture
def episode(tmp_path: Path) -> Path:
    """Three sentences, 6 s of silence before the last, and two chapters."""
    path = tmp_path / "talk.m4a"
    silence = np.zeros(6 * 24_000, np.float32)
    with Master(path, 24_000) as master:
        master.write(speechlike.make_recording(20, 24_000))
        master.write(silence)
        master.write(speechlike.make_recording(10, 24_000, first=20))
        spans = (Span(0, 5), Span(5, 21))
        marks = [Chapter(title, span) for title, span in zip(TITLES, spans, strict=True)]
        master.finish({}, marks)
    return path


def upper(body: dict[str, Any]) -> str:
    """A model that gives each line back, its words moved on by 100."""
    rows = [line.split(": ", 1) for line in body["messages"][1]["content"].splitlines()]
    return json.dumps({"lines": [{"number": int(n), "text": moved(text)} for n, text in rows]})


def moved(text: str) -> str:
    words = text.replace(".", "").split()
    return " ".join(speechlike.word(speechlike.index_of(each) + 100) for each in words)


def report_of(trip: RoundTrip) -> Any:
    return json.loads(trip.files[-1].read_text("utf-8"))


def test_a_recording_becomes_transcript_script_narration_and_report(
    trip: Any, episode: Path, tmp_path: Path
) -> None:
    made = trip(episode, tmp_path / "out")
    assert [path.name for path in made.files] == [
        f"talk{ending}"
        for ending in (".json", ".txt", ".script.md", ".narration.flac", ".heard.json")
    ] + ["talk.report.json"]
    assert (tmp_path / "out" / "talk.script.md").read_text("utf-8") == "\n\n".join(
        [
            f"# {TITLES[0]}",
            speechlike.text(range(10)),
            f"# {TITLES[1]}",
            speechlike.text(range(10, 20)),
            f"{speechlike.text(range(20, 30))}\n",
        ]
    )
    assert load(tmp_path / "out" / "talk.json") == made.transcript
    assert load(tmp_path / "out" / "talk.heard.json") == made.heard
    assert (made.score.wer, made.score.words) == (0.0, 34)
    found = chapters(made.speech.path)
    assert [each.title for each in found] == list(TITLES)
    titles = [span.start_s for span, text in made.speech.lines if text.rstrip(".") in TITLES]
    assert [each.span.start_s for each in found] == pytest.approx(titles, abs=1e-3)


def test_the_report_tells_what_each_step_took_and_no_secret(
    trip: Any, episode: Path, tmp_path: Path, server: Server
) -> None:
    made = trip(episode, tmp_path / "out")
    report = report_of(made)
    steps = {step["step"]: step for step in report["steps"]}
    assert [*steps] == ["transcribe", "speak", "hear"]
    assert sum(step["requests"] for step in steps.values()) == len(server.seen)
    assert report["spent"]["requests"] == len(server.seen)
    assert report["spent"]["cost_usd"] == pytest.approx(
        sum(step["cost_usd"] for step in steps.values())
    )
    assert steps["transcribe"]["billed_s"] == pytest.approx(made.transcript.duration_s, abs=0.1)
    assert report["recording"]["name"] == "talk.m4a"
    assert report["narration"]["chapters"][1]["title"] == TITLES[1]
    text = made.files[-1].read_text("utf-8")
    assert KEY not in text and server.url not in text and str(tmp_path) not in text


def test_a_second_trip_asks_for_nothing(
    trip: Any, episode: Path, tmp_path: Path, server: Server
) -> None:
    server.replies.extend([upper] * 9)
    first = trip(episode, tmp_path / "out", into="en")
    sent = len(server.seen)
    second = trip(episode, tmp_path / "out", into="en")
    assert len(server.seen) == sent and second.score == first.score
    report = report_of(second)
    assert report["spent"]["requests"] == 0
    assert sum(step["cached"] for step in report["steps"]) == sent


@pytest.mark.parametrize("answered", [1, 2, 4])
def test_a_trip_goes_on_where_a_fault_ended_it(
    trip: Any, episode: Path, tmp_path: Path, server: Server, answered: int
) -> None:
    server.replies.extend([upper] * 9)
    server.faults.extend([*[None] * answered, "internal", "internal"])
    asked = {"instruct": "Be kind.", "workers": 1}
    with pytest.raises(ServerFault):
        trip(episode, tmp_path / "out", **asked)
    assert not (tmp_path / "out" / "talk.report.json").exists()
    again = trip(episode, tmp_path / "out", **asked)
    assert len(server.seen) == sum(step.usage.requests for step in again.steps) + 2
    assert report_of(again)["spent"]["requests"] == len(server.seen) - answered - 2


def test_a_translation_is_spoken_with_its_titles_at_their_places(
    trip: Any, episode: Path, tmp_path: Path, server: Server
) -> None:
    server.replies.append(upper)
    made = trip(episode, tmp_path / "out", into="en")
    assert [each.title for each in made.speech.chapters] == [moved(title) for title in TITLES]
    assert moved(speechlike.text(range(20, 30))) in made.files[2].read_text("utf-8")
    assert made.score.wer == 0
    chat = next(seen for seen in server.seen if "chat" in seen.path)
    assert TITLES[0] in chat.json["messages"][1]["content"]


def test_an_instruction_rewrites_what_is_said_and_leaves_titles_alone(
    trip: Any, episode: Path, tmp_path: Path, server: Server
) -> None:
    server.replies.append(upper)
    made = trip(episode, tmp_path / "out", instruct="Move it by $100.")
    chat = next(seen for seen in server.seen if "chat" in seen.path)
    assert "Move it by $100." in chat.json["messages"][0]["content"]
    assert TITLES[0] not in chat.json["messages"][1]["content"]
    assert [each.title for each in made.speech.chapters] == list(TITLES)
    assert [step.name for step in made.steps] == ["transcribe", "rewrite", "speak", "hear"]


def test_aligned_no_sentence_begins_earlier_than_in_the_recording(
    trip: Any, episode: Path, tmp_path: Path
) -> None:
    made = trip(episode, tmp_path / "out", align=True)
    starts = [segment.span.start_s for segment in made.told.segments]
    spoken = [span.start_s for span, _ in made.speech.lines]
    assert all(later >= start_s for start_s, later in zip(starts, spoken, strict=True))
    delays = [later - start_s for start_s, later in zip(starts, spoken, strict=True)]
    assert list(made.speech.delays_s) == pytest.approx(delays)
    aligned = report_of(made)["narration"]["aligned"]
    late = [delay for delay in delays if delay > 0.1]
    assert (aligned["passages"], aligned["late"]) == (5, len(late)) and late
    assert aligned["latest_s"] == pytest.approx(max(delays))
    assert delays[-1] < 0.1  # after the pause it has caught up


def test_one_purse_pays_for_all_steps(
    trip: Any, episode: Path, tmp_path: Path, server: Server
) -> None:
    for sent in (3, 6):
        with pytest.raises(LimitReached, match="--max-requests 3"):
            trip(episode, tmp_path / "out", max_requests=3)
        assert len(server.seen) == sent
    trip(episode, tmp_path / "out", max_requests=3)
    assert len(server.seen) == 7  # the recording, five lines, and the narration


def test_a_wish_to_stop_is_heard_in_each_step(
    trip: Any, episode: Path, tmp_path: Path, server: Server
) -> None:
    stop = Stop()
    with pytest.raises(Stopped):
        trip(episode, tmp_path / "out", stop=stop, listener=lambda event: stop.set())
    assert len(server.seen) == 1 and not (tmp_path / "out" / "talk.narration.flac").exists()


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"into": "de"}, UsageError, "speaks English, not German"),
        ({"language": "ar"}, UsageError, "take the model canopylabs/orpheus-arabic-saudi"),
        ({"voice": "tom"}, UsageError, "choose from autumn"),
        ({"ending": ".aac"}, UsageError, "choose from .wav"),
        ({"into": "en", "chatter": None}, AuthError, "GROQ_API_KEY"),
    ],
)
def test_what_cannot_work_is_told_before_any_work(
    trip: Any,
    episode: Path,
    tmp_path: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    changes: Any,
    error: type[Exception],
    words: str,
) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    with pytest.raises(error, match=words):
        trip(episode, tmp_path / "out", **changes)
    assert server.seen == [] and not (tmp_path / "out").exists()


def test_with_the_real_engines_the_narration_is_understood(tmp_path: Path) -> None:
    with Local() as ears, LocalSpeaker() as voice:
        made = retelling.roundtrip(
            RECORDINGS / "jfk.flac", tmp_path, backend=ears, speaker=voice, language="en"
        )
    assert made.score.words > 20
    assert made.score.wer <= 0.08
    with open_source(made.speech.path) as recording:
        assert recording.rate_hz > 8000
