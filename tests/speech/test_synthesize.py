from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import speechlike
from support.server import KEY, Server

from audiopipe.backends.openai.speak import GroqSpeaker
from audiopipe.limits.spending import Spending
from audiopipe.speech.synthesize import speak
from audiopipe.store.answers import Store, key
from audiopipe.values.requests import SpeechRequest, Spoken

TEXT = speechlike.text(range(10))


@pytest.fixture
def groq(server: Server) -> Iterator[GroqSpeaker]:
    with GroqSpeaker(api_key=KEY, base_url=server.url) as groq:
        yield groq


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "answers") as store:
        yield store


def spoken(groq: GroqSpeaker, store: Store | None, voice: str = "troy") -> Spoken:
    request = groq.accept(SpeechRequest(TEXT, voice=voice, language="en"))
    return speak(
        request, groq, store=store, spending=Spending(), pause=lambda seconds, waiting: None
    )


def test_an_answer_is_asked_for_once_for_each_voice(
    groq: GroqSpeaker, store: Store, server: Server
) -> None:
    assert [spoken(groq, store).cached for _ in range(3)] == [False, True, True]
    assert not spoken(groq, store, voice="diana").cached
    assert len(server.seen) == 2
    (holding,) = store.info()
    assert (holding.kind, holding.answers) == ("speech", 2)


def test_without_a_store_each_is_asked_for(groq: GroqSpeaker, server: Server) -> None:
    assert not (spoken(groq, None).cached or spoken(groq, None).cached)
    assert len(server.seen) == 2


def test_a_stored_answer_that_cannot_be_read_is_asked_for_again(
    groq: GroqSpeaker, store: Store
) -> None:
    request = groq.accept(SpeechRequest(TEXT, voice="troy", language="en"))
    store.put(key("speech", "groq ", groq.address, request), "speech", b"not a sound")
    assert not spoken(groq, store).cached
    assert spoken(groq, store).cached
