from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from audiopipe.backends.local.speak import LocalSpeaker
from audiopipe.backends.protocols import Speaker
from audiopipe.errors import BadReply, ModelUnavailable, UsageError
from audiopipe.values.audio import Audio
from audiopipe.values.requests import SpeechRequest, Usage

SENTENCES = [
    "It was the best of times.",
    "It was the worst of times.",
    "Quetzalcoatl, zwijndrecht!",
]
GERMAN = (
    "Es war einmal ein kleines Mädchen, das in einem Dorf am Rande des Waldes wohnte, und jeder "
    "hatte es lieb, der es nur ansah. Am liebsten aber hatte es seine Großmutter, die wusste gar "
    "nicht, was sie alles dem Kinde geben sollte."
)


@pytest.fixture(scope="module")
def local() -> Iterator[LocalSpeaker]:
    with LocalSpeaker() as local:
        yield local


def spoken(local: LocalSpeaker, text: str) -> Audio:
    request = local.accept(SpeechRequest(text))
    return local.read(local.ask(request, lambda seconds, waiting: None), request)


def test_a_sentence_is_spoken_without_key_and_network(local: LocalSpeaker) -> None:
    assert isinstance(local, Speaker)
    audio = spoken(local, SENTENCES[0])
    assert audio.rate_hz == 24_000 and 1.0 < len(audio.samples) / audio.rate_hz < 3.0
    assert 0.05 < np.abs(audio.samples).max() < 1.0


def test_the_same_text_gives_the_same_samples_in_many_threads(local: LocalSpeaker) -> None:
    one_by_one = [spoken(local, text).samples for text in SENTENCES]
    with ThreadPoolExecutor(3) as pool:
        together = pool.map(lambda text: spoken(local, text).samples, SENTENCES * 2)
        for alone, beside in zip(one_by_one * 2, together, strict=True):
            assert np.array_equal(alone, beside)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (SpeechRequest("Hello", voice="tom"), "choose from heart, emma, fable, fenrir, kore"),
        (SpeechRequest("Hello", model="orpheus"), "no embedded voice 'orpheus'"),
        (SpeechRequest("Hallo", language="de"), "hibari speaks English, not German"),
        (SpeechRequest("Say 你好 to her"), "cannot read '你好'"),
        (SpeechRequest(GERMAN), "does not look like it.*-l en"),
    ],
)
def test_what_it_cannot_speak_is_refused(
    local: LocalSpeaker, asked: SpeechRequest, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        local.accept(asked)


def test_a_text_that_only_looks_foreign_is_spoken_where_the_user_says_so(
    local: LocalSpeaker,
) -> None:
    assert local.accept(SpeechRequest(GERMAN, language="en")).voice == "heart"
    assert local.accept(SpeechRequest("Café Zürich, naïve")).language == "en"


def test_a_voice_that_cannot_be_downloaded_names_the_one_that_need_not_be(
    local: LocalSpeaker, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIBARI_HOME", f"{tmp_path}")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    request = local.accept(SpeechRequest("Hello", voice="emma"))
    with pytest.raises(ModelUnavailable, match=r"voice emma.*heart needs no download"):
        local.ask(request, lambda seconds, waiting: None)


def test_a_text_without_sound_is_a_bad_reply(local: LocalSpeaker) -> None:
    request = replace(local.accept(SpeechRequest("Hello")), text="㊗")
    with pytest.raises(BadReply, match="the sound is empty"):
        local.ask(request, lambda seconds, waiting: None)


def test_it_costs_nothing(local: LocalSpeaker) -> None:
    assert local.price(local.accept(SpeechRequest("Hello"))) == Usage(requests=1)


def test_a_word_told_in_ipa_sounds_like_one_that_is_spelled_so(local: LocalSpeaker) -> None:
    request = local.accept(SpeechRequest("GIF"))
    marked = local.phonetic("GIF", "keɪk", request)
    assert marked == "[GIF](/kAk/)"
    assert local.phonetic("o", "ˈəʊdʒɑː", replace(request, voice="emma")) == "[o](/ˈQʤɑː/)"
    told, spelled = (spoken(local, f"This is a {word}.").samples for word in (marked, "cake"))
    assert not np.array_equal(told, spoken(local, "This is a GIF.").samples)
    assert abs(len(told) - len(spelled)) < 0.15 * len(spelled)
    with pytest.raises(UsageError, match="no sound 'ʘ'"):
        local.phonetic("GIF", "ʘa", request)
