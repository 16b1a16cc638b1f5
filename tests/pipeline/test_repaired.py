from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from support import speechlike
from support.answers import error, ok
from support.fixtures import JFK
from support.mumbling import WORDS, doubtful
from support.server import KEY, Server

import audiopipe
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.transcribe import Groq
from audiopipe.limits.rules import Limits
from audiopipe.values.events import Event, Mended
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Transcript

SOURCE = (speechlike.make_recording(WORDS), 16_000)
TRUTH = speechlike.text(range(WORDS))


@pytest.fixture
def groq(server: Server) -> Iterator[Groq]:
    retry = Retry(base_s=0.01)
    with Groq(api_key=KEY, base_url=server.url, limits=Limits(), retry=retry) as backend:
        yield backend


def repaired(groq: Groq, source: Any = SOURCE, **changes: Any) -> Transcript:
    options = {"repair": True, "voice_check": False} | changes
    return audiopipe.transcribe(source, backend=groq, **options)


def test_a_doubtful_passage_is_asked_about_again_and_the_better_answer_stands(
    server: Server, groq: Groq
) -> None:
    server.faults += [doubtful(20, 30)]
    transcript = repaired(groq)
    assert transcript.text == TRUTH
    assert transcript.flags == ()
    (note,) = transcript.repairs
    assert (
        note.replaced and "mumble22 mumble23" in note.first and speechlike.word(25) in note.second
    )
    assert server.seen[1].audio_s < 15
    assert transcript.usage.requests == len(server.seen) == 2


def test_both_texts_and_the_reason_stand_in_the_json(
    server: Server, groq: Groq, tmp_path: Any
) -> None:
    server.faults += [doubtful(20, 30)]
    transcript = repaired(groq)
    path = transcript.save(tmp_path / "a.json")
    (row,) = json.loads(path.read_text())["repairs"]
    assert row["replaced"] and row["kinds"] == ["low-confidence"] and row["how"] == "cut elsewhere"
    assert audiopipe.load(path) == transcript


def test_without_being_asked_for_nothing_is_repaired(server: Server, groq: Groq) -> None:
    server.faults += [doubtful(20, 30)]
    transcript = repaired(groq, repair=False)
    assert "mumble" in transcript.text and len(server.seen) == 1


def test_clear_speech_is_not_asked_about_again(server: Server, groq: Groq) -> None:
    transcript = repaired(groq)
    assert (transcript.text, transcript.repairs, len(server.seen)) == (TRUTH, (), 1)


def test_a_passage_that_stays_doubtful_climbs_the_ladder_and_stays_as_it_was(
    server: Server, groq: Groq
) -> None:
    server.faults += [doubtful(20, 30)] + [doubtful(0, WORDS, "murmur")] * 4
    transcript = repaired(groq)
    asked = [(seen.model, seen.fields["temperature"][0]) for seen in server.seen[1:]]
    assert asked == [
        ("whisper-large-v3-turbo", "0"),
        ("whisper-large-v3", "0"),
        ("whisper-large-v3-turbo", "0.2"),
        ("whisper-large-v3-turbo", "0.4"),
    ]
    assert "mumble" in transcript.text and not transcript.repairs[0].replaced


def test_repairs_are_bounded_by_number_and_by_cost(server: Server, groq: Groq) -> None:
    server.faults += [doubtful(20, 30)]
    transcript = repaired(groq, max_repairs=0, cache=False)
    assert len(server.seen) == 1 and "--max-repairs" in transcript.repairs[0].reason
    server.faults += [doubtful(20, 30)]
    transcript = repaired(groq, max_repair_cost_usd=1e-9, cache=False)
    assert len(server.seen) == 2 and "--max-repair-cost" in transcript.repairs[0].reason


def test_a_repair_that_fails_leaves_the_transcript_as_it_was(server: Server, groq: Groq) -> None:
    server.faults += [doubtful(20, 30)] + [error(400, "could not process file")] * 4
    transcript = repaired(groq)
    assert "mumble" in transcript.text and not transcript.failures
    assert "could not process file" in transcript.repairs[0].reason


def test_a_repair_is_told_of_and_paid_for_once(server: Server, groq: Groq) -> None:
    server.faults += [doubtful(20, 30)]
    told: list[Event] = []
    settings: dict[str, Any] = {"repair": True, "voice_check": False}
    (first,) = audiopipe.transcribe_many([SOURCE], backend=groq, listener=told.append, **settings)
    (second,) = audiopipe.transcribe_many([SOURCE], backend=groq, **settings)
    (mended,) = [event for event in told if isinstance(event, Mended)]
    assert mended.replaced and mended.spent.requests == 1
    assert first.spent.requests == 2 and second.spent == Usage()
    assert first.transcript and second.transcript
    assert first.transcript.segments == second.transcript.segments


def test_an_echo_of_the_prompt_is_asked_about_without_the_prompt(
    server: Server, groq: Groq
) -> None:
    prompt = "please mind the gap between the train and the platform"
    wrong = doubtful(20, 30, avg_logprob=-0.1)
    body = json.loads(wrong.body)
    for n, word in zip(range(20, 30), prompt.split(), strict=False):
        body["words"][n]["word"] = word
    body["segments"][2]["text"] = " " + " ".join(prompt.split()[:10])
    server.faults += [ok(body)]
    transcript = repaired(groq, prompt=prompt)
    assert "prompt" not in server.seen[1].fields
    assert transcript.text == TRUTH


def test_words_over_silence_are_struck_by_two_signs_and_nothing_is_asked(
    server: Server, groq: Groq
) -> None:
    speech, rate_hz = soundfile.read(JFK, dtype="float32", always_2d=True)
    source = (np.pad(speech.mean(axis=1), (0, 12 * rate_hz)), rate_hz)
    said = "And so my fellow Americans ask not what your country can do for you ask what you can do"
    segments = [
        {"start": 0.3, "end": 10.5, "text": said, "avg_logprob": -0.2, "no_speech_prob": 0.0},
        {"start": 16, "end": 17, "text": " You", "avg_logprob": -0.8, "no_speech_prob": 0.9},
    ]
    body = {"text": f"{said} You", "language": "English", "duration": 23, "segments": segments}
    server.faults += [ok(body)] * 2
    assert "You" in repaired(groq, repair=False, voice_check=True, cache=False, source=source).text
    transcript = repaired(groq, voice_check=True, cache=False, source=source)
    (note,) = transcript.repairs
    assert transcript.text == said and note.replaced and (note.first, note.second) == ("You", "")
    assert len(server.seen) == 2


def test_a_voice_for_which_nothing_is_written_is_asked_about_in_any_language(
    server: Server, groq: Groq
) -> None:
    """What stands beside it was in one language, and it may be in another."""
    speech, rate_hz = soundfile.read(JFK, dtype="float32", always_2d=True)
    said = {"start": 0.3, "end": 2.1, "text": "And so my fellow Americans", "avg_logprob": -0.2}
    body = {"text": said["text"], "language": "English", "duration": 11, "segments": [said]}
    server.faults += [ok(body)]
    repaired(groq, voice_check=True, cache=False, source=(speech.mean(axis=1), rate_hz))
    assert "language" not in server.seen[1].fields
    assert server.seen[1].audio_s < 9.2, "what is written is not asked about again"
    server.faults += [doubtful(20, 30)]
    repaired(groq, cache=False)
    assert server.seen[-1].fields["language"] == ["en"]


def test_clear_speech_is_left_as_it_is_by_the_real_engine() -> None:
    with audiopipe.Local() as engine:
        plain, mended = (
            audiopipe.transcribe(JFK, backend=engine, model="tiny.en", repair=repair, denoise=True)
            for repair in (False, True)
        )
    assert mended.segments == plain.segments and mended.repairs == ()
