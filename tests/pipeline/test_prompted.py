"""What chunks are asked with: the glossary, and the words before them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from support import speechlike
from support.answers import error
from support.server import KEY, Server

import audiopipe
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.transcribe import Groq
from audiopipe.concurrency import Stop
from audiopipe.errors import Stopped, UsageError
from audiopipe.limits.rules import Limits
from audiopipe.values.events import Event, Heard
from audiopipe.values.requests import Usage

WORDS = 160
# what the voice detector thinks of tones is no matter here
SHORT: dict[str, Any] = {"chunk_length_s": 20.0, "overlap_s": 4.0, "voice_check": False}
TOLD: dict[str, Any] = {**SHORT, "condition_on_previous_text": True}


@pytest.fixture
def groq(server: Server) -> Iterator[Groq]:
    retry = Retry(base_s=0.01)
    with Groq(api_key=KEY, base_url=server.url, limits=Limits(), retry=retry) as backend:
        yield backend


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "eighty seconds.flac"
    sf.write(path, speechlike.make_recording(WORDS), 16_000)
    return path


def prompts(server: Server, recording: Path) -> list[str]:
    """What each chunk was asked with, in order of the chunks."""
    asked = {seen.audio: seen.fields.get("prompt", [""])[0] for seen in server.seen}
    return [asked[chunk.data] for chunk in audiopipe.prepare(recording, **SHORT)]


def tails(recording: Path) -> list[str]:
    """The last word that ends before each chunk; "" for the first."""
    starts = [chunk.window.span.start_s for chunk in audiopipe.prepare(recording, **SHORT)]
    return [speechlike.word(int(2 * start_s - 0.8)) if start_s else "" for start_s in starts]


def glossary(folder: Path, *lines: str) -> str:
    path = folder / "terms.txt"
    path.write_text("\n".join(lines))
    return str(path)


def test_every_chunk_is_asked_with_the_terms_after_the_prompt(
    server: Server, groq: Groq, recording: Path, tmp_path: Path
) -> None:
    terms = glossary(tmp_path, "Ada", "fergie => Fergus")
    audiopipe.transcribe(recording, backend=groq, prompt="A talk.", glossary=terms, **SHORT)
    assert prompts(server, recording) == ["A talk. Fergus, Ada"] * len(server.seen)


def test_terms_that_do_not_fit_are_counted(
    groq: Groq, recording: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "audiopipe")
    terms = glossary(tmp_path, *(f"term number {n:03}" for n in range(100)))
    audiopipe.transcribe(recording, backend=groq, glossary=terms, **SHORT)
    assert "48 of 100 terms of the glossary do not fit in the prompt" in caplog.text


def test_replacements_are_made_in_the_result_and_cost_no_request_when_they_change(
    server: Server, groq: Groq, recording: Path, tmp_path: Path
) -> None:
    third, fifth = speechlike.word(3), speechlike.word(5)
    before = glossary(tmp_path, f"{third} => Ada", f"{fifth} => Fergus")
    first = audiopipe.transcribe(recording, backend=groq, glossary=before, **SHORT)
    sent = len(server.seen)
    after = glossary(tmp_path, f"{fifth} => Ada", f"{third} => Fergus")
    (outcome,) = audiopipe.transcribe_many([recording], backend=groq, glossary=after, **SHORT)
    assert outcome.transcript
    assert (first.words[3].text, first.words[5].text) == (" Ada", " Fergus")
    assert (outcome.transcript.words[3].text, outcome.transcript.words[5].text) == (
        " Fergus",
        " Ada",
    )
    assert [w.span for w in first.words] == [w.span for w in outcome.transcript.words]
    assert len(server.seen) == sent


def test_a_glossary_that_cannot_be_read_is_named_before_anything_is_sent(
    server: Server, groq: Groq, recording: Path
) -> None:
    with pytest.raises(UsageError, match=r"--glossary none\.txt"):
        audiopipe.transcribe(recording, backend=groq, glossary="none.txt")
    assert not server.seen


def test_a_chunk_is_told_the_words_before_it_and_none_that_it_hears_itself(
    server: Server, groq: Groq, recording: Path
) -> None:
    told = audiopipe.transcribe(recording, backend=groq, prompt="A talk.", **TOLD)
    assert told.text == speechlike.text(range(WORDS))
    first, *others = prompts(server, recording)
    assert first == "A talk." and len(others) > 3
    for prompt, last in zip(others, tails(recording)[1:], strict=True):
        assert prompt.startswith("A talk. ") and prompt.split()[-1] == last
        assert len(prompt) > 100


def test_one_worker_and_sixteen_ask_the_same_of_many_recordings(
    server: Server, groq: Groq, recording: Path, tmp_path: Path
) -> None:
    sources: list[Any] = [recording, tmp_path / "none.mp3"]
    for n in (40, 90):
        sources.append((speechlike.make_recording(n, first=n), 16_000))
    transcripts, asked = [], []
    for workers in (1, 16):
        outcomes = audiopipe.transcribe_many(
            sources, backend=groq, workers=workers, cache=False, **TOLD
        )
        transcripts.append([(each.transcript, str(each.error)) for each in outcomes])
        asked.append({(seen.audio, *seen.fields.get("prompt", [])) for seen in server.seen})
        server.seen.clear()
    assert transcripts[0] == transcripts[1]
    assert asked[0] == asked[1]
    assert "none.mp3" in transcripts[0][1][1]


def test_recordings_go_on_together_while_their_chunks_wait_for_one_another(
    server: Server, groq: Groq
) -> None:
    sources = [(speechlike.make_recording(200, first=200 * n), 16_000) for n in range(3)]
    told: list[tuple[int, float]] = []

    def listener(event: Event) -> None:
        if isinstance(event, Heard):
            told.append((int(event.span.start_s), event.span.end_s))

    list(audiopipe.transcribe_many(sources, backend=groq, workers=3, listener=listener, **TOLD))
    begun = [n for n, (start, _) in enumerate(told) if not start]
    assert len(begun) == 3 and begun[-1] < len(told) / 3  # all, before one could be done


def test_after_a_chunk_that_failed_the_next_is_told_nothing(
    server: Server, groq: Groq, recording: Path
) -> None:
    server.faults += [None, error(400, "could not process file")]
    told = audiopipe.transcribe(recording, backend=groq, **TOLD)
    assert len(told.failures) == 1
    first, second, third, *others = prompts(server, recording)
    assert not first and second and not third and all(others)


def test_channels_are_told_their_own_words(server: Server, groq: Groq) -> None:
    left, right = speechlike.make_recording(80), speechlike.make_recording(80, first=500)
    source = (np.stack([left, right], axis=1), 16_000)
    split = audiopipe.transcribe(source, backend=groq, channels="split", **TOLD)
    assert {segment.speaker for segment in split.segments} == {"left", "right"}
    said = [{*speechlike.text(range(first, first + 80)).split()} for first in (0, 500)]
    tails = [{*seen.fields["prompt"][0].split()} for seen in server.seen if "prompt" in seen.fields]
    assert len(tails) > 2
    assert all(any(tail <= words for words in said) for tail in tails)


def test_a_stop_ends_chunks_that_wait_and_the_next_run_asks_for_nothing_again(
    server: Server, groq: Groq, recording: Path
) -> None:
    stop = Stop()

    def listener(event: Event) -> None:
        stop.set()

    with pytest.raises(Stopped):
        list(
            audiopipe.transcribe_many(
                [recording], backend=groq, workers=8, listener=listener, stop=stop, **TOLD
            )
        )
    assert len(server.seen) == 1
    (outcome,) = audiopipe.transcribe_many([recording], backend=groq, **TOLD)
    assert outcome.transcript and outcome.transcript.text == speechlike.text(range(WORDS))
    assert outcome.cached_chunks == 1 and outcome.spent != Usage()
    uploads = [seen.audio for seen in server.seen]
    assert len(uploads) == len(set(uploads))
