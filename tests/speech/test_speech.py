from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import speechlike
from support.server import KEY, Server

from audiopipe import session as narration
from audiopipe.audio.reading import open_source
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.speak import GroqSpeaker
from audiopipe.concurrency import Stop
from audiopipe.errors import LimitReached, ModelUnavailable, RejectedRequest, Stopped, UsageError
from audiopipe.limits.rules import Limits
from audiopipe.speech import Speech
from audiopipe.speech.script import Paragraph
from audiopipe.values.audio import Span
from audiopipe.values.events import Spoke, Waiting

speak = partial(narration.speak, language="en")  # for the words of `speechlike` are no English
SHORT = Retry(attempts=3, base_s=0.001)


@pytest.fixture
def groq(server: Server) -> Iterator[GroqSpeaker]:
    with GroqSpeaker(api_key=KEY, base_url=server.url, tier="dev", retry=SHORT) as groq:
        yield groq


def book(chapters: int, paragraphs: int, sentences: int) -> str:
    """A text of distinct words, ten in a sentence; of each heading two."""
    number = iter(range(0, 13_000, 10))
    text = []
    for _ in range(chapters):
        at = next(number)
        text.append(f"# {speechlike.text(range(at + 1, at + 3))}")
        for _ in range(paragraphs):
            told = (next(number) for _ in range(sentences))
            text.append(" ".join(speechlike.text(range(at, at + 10)) for at in told))
    return "\n\n".join(text)


def decoded(path: Path) -> tuple[NDArray[np.float32], int]:
    with open_source(path) as recording:
        return np.concatenate(list(recording.blocks()))[:, 0], recording.rate_hz


def heard(path: Path) -> str:
    return " ".join(each.text for each in speechlike.hear(*decoded(path)))


def said(text: str) -> str:
    """What an ear makes of all words, by their sound alone."""
    spoken = text.replace("#", "").split()
    return " ".join(speechlike.word(speechlike.index_of(each)) for each in spoken)


TEXT = book(chapters=3, paragraphs=2, sentences=4)


def test_a_text_becomes_one_file_with_every_word_once_and_in_order(
    groq: GroqSpeaker, server: Server, tmp_path: Path
) -> None:
    speech = speak(TEXT, tmp_path / "a.wav", backend=groq)
    assert heard(speech.path) == said(TEXT)
    assert max(len(seen.json["input"]) for seen in server.seen) <= 200
    assert [text for _, text in speech.lines] == [seen.json["input"] for seen in in_order(server)]
    assert speech.duration_s == pytest.approx(len(decoded(speech.path)[0]) / 24_000)


def in_order(server: Server) -> list[Any]:
    """The requests as the text has them: they arrive in any order."""
    return sorted(server.seen, key=lambda seen: TEXT.find(seen.json["input"].rstrip(".")[:20]))


def test_chapters_begin_where_their_headings_are_spoken(groq: GroqSpeaker, tmp_path: Path) -> None:
    speech = speak(TEXT, tmp_path / "a.m4a", backend=groq, title="A book", author="Ann")
    titles = [line[2:] for line in TEXT.splitlines() if line.startswith("#")]
    starts = [span.start_s for span, text in speech.lines if text.rstrip(".") in titles]
    assert [(c.title, c.span.start_s) for c in speech.chapters] == list(
        zip(titles, starts, strict=True)
    )
    assert speech.chapters[-1].span.end_s == speech.duration_s
    with av.open(str(speech.path)) as container:
        assert container.metadata["title"] == "A book"
        assert container.metadata["artist"] == "Ann"
        found = [each["start"] * float(each["time_base"] or 0) for each in container.chapters()]
    assert found == pytest.approx(starts, abs=0.001)


def test_what_comes_before_the_first_heading_belongs_to_a_chapter_too(
    groq: GroqSpeaker, tmp_path: Path
) -> None:
    text = f"{speechlike.text(range(10))}\n\n# Bababo\n\n{speechlike.text(range(20, 30))}"
    untitled = speak(text, tmp_path / "a.mp3", backend=groq)
    assert [(c.title, c.span.start_s) for c in untitled.chapters] == [("Bababo", 0.0)]
    titled = speak(text, tmp_path / "a.mp3", backend=groq, title="Book")
    assert [c.title for c in titled.chapters] == ["Book", "Bababo"]


def test_loudness_is_even_and_no_join_clicks(groq: GroqSpeaker, tmp_path: Path) -> None:
    speech = speak(TEXT, tmp_path / "a.wav", backend=groq)
    samples, rate_hz = decoded(speech.path)
    meter = pyloudnorm.Meter(rate_hz)
    assert meter.integrated_loudness(samples.astype(np.float64)) == pytest.approx(-16, abs=0.5)
    for span, _ in speech.lines:
        for at_s in (span.start_s, span.end_s):
            at = round(at_s * rate_hz)
            joint = samples[max(0, at - 24) : at + 24]
            assert np.abs(np.diff(joint)).max() < 10 ** (-40 / 20)


@settings(max_examples=8)
@given(pause_s=st.floats(0, 3))
def test_pauses_are_as_long_as_they_are_set(
    pause_s: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Server() as server, GroqSpeaker(api_key=KEY, base_url=server.url, tier="dev") as groq:
        path = tmp_path_factory.mktemp("pauses") / "a.wav"
        speech = speak("# Ba\n\nBa ba.\n\nBa.\n\n# Ba", path, backend=groq, pause_s=pause_s)
    spans = [span for span, _ in speech.lines]
    gaps = [later.start_s - span.end_s for span, later in pairwise(spans)]
    assert gaps == pytest.approx([pause_s, pause_s, 2 * pause_s], abs=1e-3)


@settings(max_examples=8)
@given(starts_s=st.lists(st.none() | st.floats(0, 12), min_size=4, max_size=4))
def test_no_paragraph_begins_before_its_time_and_none_waits_for_nothing(
    starts_s: list[float | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = [Paragraph("Ba ba.", pause=0.5, start_s=start_s) for start_s in starts_s]
    with Server() as server, GroqSpeaker(api_key=KEY, base_url=server.url, tier="dev") as groq:
        speech = speak(told, tmp_path_factory.mktemp("aligned") / "a.wav", backend=groq, pause_s=1)
    spans = [span for span, _ in speech.lines]
    soonest_s = [0.0, *(span.end_s + 0.5 for span in spans[:-1])]
    begins = [max(pair) for pair in zip((each or 0.0 for each in starts_s), soonest_s, strict=True)]
    assert [span.start_s for span in spans] == pytest.approx(begins, abs=1e-3)
    delays = [
        span.start_s - start_s
        for span, start_s in zip(spans, starts_s, strict=True)
        if start_s is not None
    ]
    assert speech.delays_s == pytest.approx(delays, abs=1e-3)


# nothing is paid twice


def test_a_second_run_sends_no_request_and_gives_the_same_sound(
    groq: GroqSpeaker, server: Server, tmp_path: Path
) -> None:
    first = speak(TEXT, tmp_path / "a.flac", backend=groq)
    sent = len(server.seen)
    second = speak(TEXT, tmp_path / "b.flac", backend=groq)
    assert len(server.seen) == sent == first.spent.requests == second.usage.requests
    assert second.spent.requests == 0
    assert np.array_equal(decoded(first.path)[0], decoded(second.path)[0])


def test_a_changed_paragraph_costs_only_itself(
    groq: GroqSpeaker, server: Server, tmp_path: Path
) -> None:
    speak(TEXT, tmp_path / "a.wav", backend=groq)
    changed = speak(TEXT + "\n\nBababa baba.", tmp_path / "a.wav", backend=groq)
    assert changed.spent.requests == 1
    assert speak(TEXT, tmp_path / "a.wav", backend=groq, voice="troy").spent.requests > 1


def test_a_run_goes_on_where_a_fault_ended_it(
    groq: GroqSpeaker, server: Server, tmp_path: Path
) -> None:
    server.faults.extend([None] * 4 + ["terms"])
    with pytest.raises(ModelUnavailable, match="accept the terms"):
        speak(TEXT, tmp_path / "a.wav", backend=groq, workers=1)
    assert list(tmp_path.iterdir()) == []
    assert speak(TEXT, tmp_path / "a.wav", backend=groq).spent.requests == len(script_of(TEXT)) - 4


def test_a_cap_on_cost_stops_before_it_is_passed(
    groq: GroqSpeaker, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(LimitReached, match="--max-cost"):
        speak(TEXT, tmp_path / "a.wav", backend=groq, max_cost_usd=0.01)
    spent = sum(len(seen.json["input"]) for seen in server.seen) * 22 / 1e6
    assert 0 < spent <= 0.01


def script_of(text: str) -> list[str]:
    from audiopipe.speech.script import script

    return [line.text for line in script(text, language="en", most_characters=200)]


# many at once, under limits


def test_requests_go_out_together_and_faults_are_met(
    server: Server, groq: GroqSpeaker, tmp_path: Path
) -> None:
    server.faults.extend(["internal", "over-capacity", "bad-gateway", "empty", "cut-headers"])
    speech = speak(TEXT, tmp_path / "a.wav", backend=groq)
    assert heard(speech.path) == said(TEXT)
    assert server.most_busy > 1


def test_token_limits_of_the_server_are_kept(tmp_path: Path) -> None:
    limits = Limits(rpm=600, tpm=6000)
    with (
        Server(limits=limits) as server,
        GroqSpeaker(api_key=KEY, base_url=server.url, limits=limits, retry=SHORT) as groq,
    ):
        waits: list[Spoke | Waiting] = []
        speech = speak(book(10, 4, 3), tmp_path / "a.wav", backend=groq, listener=waits.append)
        assert server.refused == []
    assert speech.spent.requests == len([each for each in waits if isinstance(each, Spoke)])


def test_events_tell_each_line_and_a_wish_to_stop_is_heard(
    groq: GroqSpeaker, server: Server, tmp_path: Path
) -> None:
    stop, told = Stop(), []

    def listen(event: Spoke | Waiting) -> None:
        told.append(event)
        stop.set()

    with pytest.raises(Stopped):
        speak(TEXT, tmp_path / "a.wav", backend=groq, listener=listen, stop=stop, workers=1)
    assert isinstance(told[0], Spoke)
    assert (told[0].number, told[0].lines) == (1, len(script_of(TEXT)))
    assert list(tmp_path.iterdir()) == []


# what cannot work


@pytest.mark.parametrize(
    ("text", "name", "changes", "words"),
    [
        ("Hello", "a.aac", {}, "choose from .wav .flac .mp3 .m4a .opus"),
        ("", "a.wav", {}, "nothing to speak"),
        ("...", "a.wav", {}, "nothing to speak"),
        ("Hello", "a.wav", {"voice": "tom"}, "choose from autumn"),
        ("Hello", "a.wav", {"pause_s": -1.0}, "pause_s cannot be -1.0: a number from 0 to 60"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_sent(
    groq: GroqSpeaker,
    server: Server,
    tmp_path: Path,
    text: str,
    name: str,
    changes: Any,
    words: str,
) -> None:
    with pytest.raises(UsageError, match=words):
        speak(text, tmp_path / name, backend=groq, **changes)
    assert server.seen == [] and list(tmp_path.iterdir()) == []


def test_a_refused_line_fails_the_run_with_its_words(
    groq: GroqSpeaker, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(RejectedRequest, match=r"speak 'Bababa.*unknown|does not exist"):
        speak(TEXT, tmp_path / "a.wav", backend=groq, model="their/own", voice="x")


def test_pydub_takes_the_result(groq: GroqSpeaker, tmp_path: Path) -> None:
    speech: Speech = speak("Ba ba.", tmp_path / "a.m4a", backend=groq)
    assert speech.segment().duration_seconds == pytest.approx(speech.duration_s, abs=0.02)
    assert speech.lines[0][0] == Span(0, speech.lines[0][0].end_s)
