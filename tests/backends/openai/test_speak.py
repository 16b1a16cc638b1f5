from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from support import speechlike
from support.answers import Answer, ok
from support.audio import plain_file
from support.server import KEY, Server
from support.speaking import INFO, RATE_HZ, UNKNOWN, streamed_wav

from audiopipe.backends.catalog import MODELS
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.speak import GroqSpeaker, OpenAISpeaker
from audiopipe.backends.protocols import Speaker
from audiopipe.errors import AuthError, BadReply, ModelUnavailable, RejectedRequest, UsageError
from audiopipe.values.audio import Audio
from audiopipe.values.requests import SpeechRequest, Usage

NO_WAIT = Retry(attempts=3, sleep=lambda _: None)
TEXT = speechlike.text(range(10))


@pytest.fixture
def groq(server: Server) -> Iterator[GroqSpeaker]:
    with GroqSpeaker(api_key=KEY, base_url=server.url, retry=NO_WAIT) as groq:
        yield groq


@pytest.fixture
def other(server: Server) -> Iterator[OpenAISpeaker]:
    with OpenAISpeaker(api_key=KEY, base_url=server.url, retry=NO_WAIT) as other:
        yield other


def spoken(backend: OpenAISpeaker, text: str = TEXT, **asked: Any) -> Audio:
    request = backend.accept(SpeechRequest(text, **{"language": "en", **asked}))
    answer = backend.ask(request, lambda seconds, waiting: time.sleep(seconds))
    return backend.read(answer, request)


def words(audio: Audio) -> str:
    return " ".join(heard.text for heard in speechlike.hear(audio.samples, audio.rate_hz))


# what is sent and what comes back


def test_a_text_is_spoken_with_the_documented_fields(groq: GroqSpeaker, server: Server) -> None:
    audio = spoken(groq, voice="troy")
    assert words(audio) == TEXT and audio.rate_hz == RATE_HZ
    (seen,) = server.seen
    assert (seen.path, seen.json) == (
        "/openai/v1/audio/speech",
        {
            "model": "canopylabs/orpheus-v1-english",
            "input": TEXT,
            "voice": "troy",
            "response_format": "wav",
        },
    )


def test_the_silence_around_the_speech_is_left_out(groq: GroqSpeaker, server: Server) -> None:
    silence = np.zeros(RATE_HZ, np.float32)
    sound = np.concatenate([silence, speechlike.speak(TEXT, RATE_HZ), silence])
    server.faults.append(Answer(200, streamed_wav(sound), "audio/wav"))
    audio = spoken(groq)
    assert words(audio) == TEXT
    assert len(audio.samples) / RATE_HZ == pytest.approx(10 * speechlike.WORD_S - 0.1, abs=0.02)


TAGS = b"LIST" + struct.pack("<I", len(INFO)) + INFO


@pytest.mark.parametrize("between", [b"", TAGS])
@pytest.mark.parametrize(
    ("riff_bytes", "data_bytes"),
    [
        (UNKNOWN, UNKNOWN),
        (0, 0),
        (0x7FFF_FFFF, 0x7FFF_FFFF),
        (2_000_000_036, 2_000_000_000),
        (UNKNOWN, UNKNOWN - 36),
        (0, 2 * RATE_HZ * 5),
    ],
)
def test_false_lengths_in_a_wav_lose_no_sample(
    other: OpenAISpeaker, server: Server, riff_bytes: int, data_bytes: int, between: bytes
) -> None:
    sound = speechlike.speak(TEXT, RATE_HZ)
    body = streamed_wav(sound, riff_bytes=riff_bytes, data_bytes=data_bytes, between=between)
    server.faults.append(Answer(200, body, "audio/wav"))
    audio = spoken(other)
    assert words(audio) == TEXT
    assert np.abs(audio.samples).max() == pytest.approx(np.abs(sound).max(), abs=1e-3)


@pytest.mark.parametrize("data_bytes", [UNKNOWN, 0, None])
@pytest.mark.parametrize("pieces", [2, 3])
def test_wavs_one_behind_another_are_joined(
    other: OpenAISpeaker, server: Server, pieces: int, data_bytes: int | None
) -> None:
    sounds = [speechlike.speak(part, RATE_HZ) for part in _cut(TEXT, pieces)]
    body = b"".join(
        streamed_wav(each, data_bytes=2 * len(each) if data_bytes is None else data_bytes)
        for each in sounds
    )
    server.faults.append(Answer(200, body, "audio/wav"))
    assert words(spoken(other)) == TEXT


def _cut(text: str, pieces: int) -> list[str]:
    each = text.split()
    size = -(-len(each) // pieces)
    return [" ".join(each[at : at + size]) for at in range(0, len(each), size)]


@pytest.mark.parametrize(("text", "seconds"), [("Yes.", 60), ("Is it 5?", 30), ("好的。", 20)])
def test_sound_without_end_for_a_short_text_is_refused(
    other: OpenAISpeaker, server: Server, text: str, seconds: int
) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, seconds * RATE_HZ).astype(np.float32)
    server.faults += [Answer(200, streamed_wav(noise), "audio/wav")] * 3
    with pytest.raises(BadReply, match="too long for"):
        spoken(other, text, language=None)


def test_chunks_behind_the_samples_are_no_sound(other: OpenAISpeaker, server: Server) -> None:
    sound = speechlike.speak(TEXT, RATE_HZ)
    body = streamed_wav(sound, data_bytes=2 * len(sound), behind=TAGS)
    server.faults.append(Answer(200, body, "audio/wav"))
    assert np.abs(spoken(other).samples[-100:]).max() < 1e-3


@pytest.mark.parametrize(
    ("kind", "subtype"), [("MP3", None), ("FLAC", None), ("OGG", "OPUS"), ("WAV", "FLOAT")]
)
def test_a_server_may_answer_in_another_format(
    other: OpenAISpeaker, server: Server, kind: str, subtype: str | None
) -> None:
    sound = plain_file(speechlike.speak(TEXT, RATE_HZ), RATE_HZ, kind, subtype)
    server.faults.append(Answer(200, sound, "audio/mpeg"))
    assert words(spoken(other)) == TEXT


def test_the_price_is_by_characters_and_unknown_elsewhere(
    groq: GroqSpeaker, other: OpenAISpeaker
) -> None:
    asked = SpeechRequest("x" * 500, language="en")
    assert groq.price(groq.accept(asked)) == Usage(requests=1, cost_usd=0.011)
    assert other.price(other.accept(asked)).cost_usd is None


# what is refused before anything is sent


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"voice": "tom"}, "no voice 'tom': choose from autumn, diana, hannah, austin, daniel"),
        ({"voice": "troy", "model": "playai-tts"}, "choose from Arista-PlayAI, Atlas-PlayAI"),
        ({"model": "whisper-large-v3"}, "does not speak: take -m canopylabs/orpheus-v1-english"),
        ({"model": "their/own"}, "voices of their/own are not known: name one with --voice"),
        ({"language": "de"}, "speaks English, not German"),
        ({"language": "Klingon"}, "no language 'Klingon'"),
        ({"text": "Tell me: что это?"}, "cannot read 'что'"),
        ({"text": "Hello there", "model": "orpheus-arabic"}, "speaks Arabic and cannot read"),
    ],
)
def test_what_groq_cannot_speak_is_refused_before_sending(
    groq: GroqSpeaker, server: Server, asked: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        groq.accept(SpeechRequest(**{"text": TEXT, **asked}))
    assert server.seen == []


def test_a_voice_may_be_cut_short_and_the_first_is_the_default(groq: GroqSpeaker) -> None:
    assert groq.accept(SpeechRequest("Hello")).voice == "autumn"
    asked = SpeechRequest("Hello", model="playai-tts", voice="fritz")
    assert groq.accept(asked).voice == "Fritz-PlayAI"
    arabic = groq.accept(SpeechRequest("مرحبا Tom", model="orpheus-arabic", voice="noura"))
    assert (arabic.model, arabic.language) == ("canopylabs/orpheus-arabic-saudi", "ar")


def test_every_voice_of_the_provider_is_in_the_table() -> None:
    voices = {model.id: len(model.voices) for model in MODELS if "speak" in model.tasks}
    assert voices == {
        "canopylabs/orpheus-v1-english": 6,
        "canopylabs/orpheus-arabic-saudi": 6,
        "playai-tts": 19,
        "playai-tts-arabic": 4,
        "hibari": 5,
    }


def test_another_server_takes_any_model_and_voice(other: OpenAISpeaker) -> None:
    plain = other.accept(SpeechRequest("Hi"))
    assert (plain.model, plain.voice) == ("tts-1", "alloy")
    asked = SpeechRequest("Привет", "kokoro", "af_heart", "Russian")
    assert other.accept(asked) == SpeechRequest("Привет", "kokoro", "af_heart", "ru")


def test_a_server_of_kokoro_reads_ipa_and_no_other_does(
    groq: GroqSpeaker, other: OpenAISpeaker
) -> None:
    kokoro = other.accept(SpeechRequest("Hi", "hexgrad/Kokoro-82M", "bf_emma"))
    assert other.phonetic("Hi", "həʊ", kokoro) == "[Hi](/hQ/)"
    assert other.phonetic("Hi", "həʊ", other.accept(SpeechRequest("Hi"))) is None
    assert groq.phonetic("Hi", "həʊ", groq.accept(SpeechRequest("Hi"))) is None


def test_limits_are_those_of_the_table(groq: GroqSpeaker, other: OpenAISpeaker) -> None:
    def most(**asked: str) -> int:
        return groq.most_characters(groq.accept(SpeechRequest("Hello", **asked)))

    assert (most(), most(model="playai-tts")) == (200, 10_000)
    assert most(model="their/own", voice="x") == 200
    assert other.most_characters(other.accept(SpeechRequest("Hello"))) == 4096


# what goes wrong


@pytest.mark.parametrize(
    "fault",
    [
        *("internal", "over-capacity", "bad-gateway", "cut-headers", "empty"),
        ok({"text": "not a sound"}),
        Answer(200, streamed_wav(np.zeros(RATE_HZ, np.float32)), "audio/wav"),
        Answer(200, streamed_wav(speechlike.speak(TEXT, RATE_HZ))[:40_000], "audio/wav"),
        Answer(200, streamed_wav(speechlike.speak(TEXT, RATE_HZ), data_bytes=960_000), "audio/wav"),
    ],
    ids=str,
)
def test_an_answer_that_is_not_all_of_the_speech_is_asked_for_again(
    groq: GroqSpeaker, server: Server, fault: Answer | str
) -> None:
    server.faults.append(fault)
    assert words(spoken(groq)) == TEXT
    assert len(server.seen) == 2


def test_a_reply_that_is_never_speech_is_a_bad_reply(groq: GroqSpeaker, server: Server) -> None:
    server.faults.extend([ok({"sound": "soon"})] * 3)
    with pytest.raises(BadReply, match=r"speak 'Bababa.*begins with '\{\"sound"):
        spoken(groq)


def test_an_error_in_an_answer_is_told_once(groq: GroqSpeaker, server: Server) -> None:
    server.faults.append(ok({"error": "soon"}))
    with pytest.raises(RejectedRequest, match=r"speak 'Bababa.*: 200 OK: soon"):
        spoken(groq)
    assert len(server.seen) == 1


def test_terms_that_nobody_accepted_are_told_at_once(groq: GroqSpeaker, server: Server) -> None:
    server.faults.append("terms")
    with pytest.raises(ModelUnavailable, match="accept the terms at https://console"):
        spoken(groq)
    assert len(server.seen) == 1


def test_a_retired_model_names_its_successor(groq: GroqSpeaker, server: Server) -> None:
    with pytest.raises(ModelUnavailable, match="take -m canopylabs/orpheus-v1-english"):
        spoken(groq, model="playai-tts")


def test_the_servers_own_refusal_is_shown(other: OpenAISpeaker) -> None:
    with pytest.raises(RejectedRequest, match=r"voice must be one of \[autumn"):
        spoken(other, model="canopylabs/orpheus-v1-english")


# construction


def test_both_are_speakers(groq: GroqSpeaker, other: OpenAISpeaker) -> None:
    assert isinstance(groq, Speaker) and isinstance(other, Speaker)


def test_a_key_is_needed_where_the_server_is_the_providers_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    with pytest.raises(AuthError, match=r"set GROQ_API_KEY.*--backend local"):
        GroqSpeaker()
    monkeypatch.setenv("GROQ_API_KEY", "gsk_secret")
    assert repr(GroqSpeaker()) == "GroqSpeaker(base_url='https://api.groq.com/openai/v1')"
