from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import soundfile as sf
from support import speechlike
from support.answers import decommissioned, ok, plain
from support.ears import recognised
from support.server import KEY, Server

from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.transcribe import Groq, OpenAI
from audiopipe.backends.protocols import Transcriber
from audiopipe.errors import (
    AuthError,
    BadReply,
    ModelUnavailable,
    RejectedRequest,
    RequestTooLarge,
    UsageError,
)
from audiopipe.values.audio import AudioFormat, Chunk, RemoteAudio, Span, Window
from audiopipe.values.requests import Request, Usage

NO_WAIT = Retry(attempts=3, sleep=lambda _: None)


@pytest.fixture
def groq(server: Server) -> Iterator[Groq]:
    with Groq(api_key=KEY, base_url=server.url, retry=NO_WAIT) as groq:
        yield groq


@pytest.fixture
def other(server: Server) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=server.url, retry=NO_WAIT) as other:
        yield other


def ask(backend: OpenAI, **asked: Any) -> Request:
    return backend.accept(Request(**{"task": "transcribe", "model": "", **asked}))


def encoded(n_words: int, first: int = 0, kind: str = "FLAC", subtype: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    samples = speechlike.make_recording(n_words, first=first)
    sf.write(file, samples, 16_000, format=kind, subtype=subtype)
    return file.getvalue()


def chunk_of(
    data: bytes, length_s: float, at_s: float = 0.0, audio_format: AudioFormat = "flac"
) -> Chunk:
    span = Span(at_s, at_s + length_s)
    return Chunk(Window(0, (span,), span), data, audio_format, "00")


# what is sent and what comes back


def test_a_chunk_is_heard_with_words_and_measures_in_file_time(groq: Groq) -> None:
    heard = recognised(groq, chunk_of(encoded(24, first=7), 12.0, at_s=600), ask(groq))
    assert "".join(segment.text for segment in heard.segments) == " " + speechlike.text(
        range(7, 31)
    )
    words = [word for segment in heard.segments for word in segment.words]
    assert [word.text.strip() for word in words] == [speechlike.word(n) for n in range(7, 31)]
    assert [word.span.start_s for word in words] == [round(600.1 + n / 2, 3) for n in range(24)]
    assert heard.segments[0].avg_logprob == -0.1 and heard.language == "en"


def test_the_request_has_the_documented_fields_and_a_named_file(groq: Groq, server: Server) -> None:
    request = ask(groq, model="turbo", language="German", prompt=" Namen ", temperature=0.5)
    recognised(groq, chunk_of(encoded(2), 1.0), request)
    (seen,) = server.seen
    assert seen.path == "/openai/v1/audio/transcriptions" and seen.file_name == "audio.flac"
    assert seen.fields == {
        "model": ["whisper-large-v3-turbo"],
        "response_format": ["verbose_json"],
        "temperature": ["0.5"],
        "prompt": ["Namen"],
        "language": ["de"],
        "timestamp_granularities[]": ["word", "segment"],
        "file": [""],
    }


def test_a_translation_goes_to_its_own_endpoint_and_model_without_language(
    groq: Groq, server: Server
) -> None:
    request = ask(groq, task="translate", language="fr")
    heard = recognised(groq, chunk_of(encoded(2), 1.0), request)
    (seen,) = server.seen
    assert seen.path == "/openai/v1/audio/translations"
    assert seen.fields["model"] == ["whisper-large-v3"] and "language" not in seen.fields
    assert heard.segments[0].text and heard.segments[0].words == ()


@pytest.mark.parametrize(
    ("audio_format", "kind", "subtype", "name"),
    [
        ("flac", "FLAC", "PCM_16", "audio.flac"),
        ("wav", "WAV", "PCM_16", "audio.wav"),
        ("opus", "OGG", "OPUS", "audio.ogg"),
    ],
)
def test_every_upload_format_is_understood(
    groq: Groq, server: Server, audio_format: AudioFormat, kind: str, subtype: str, name: str
) -> None:
    assert audio_format in groq.upload(ask(groq)).formats
    chunk = chunk_of(encoded(4, kind=kind, subtype=subtype), 2.0, audio_format=audio_format)
    (segment,) = recognised(groq, chunk, ask(groq)).segments
    assert segment.text.strip() == speechlike.text(range(4))
    assert server.seen[0].file_name == name


def test_usage_has_the_ten_seconds_that_are_billed_and_their_price(groq: Groq) -> None:
    short = recognised(groq, chunk_of(encoded(2), 1.0), ask(groq))
    assert short.usage == Usage(1, 1.0, 10.0, 0.04 * 10 / 3600)
    long = recognised(groq, chunk_of(encoded(40), 20.0), ask(groq, model="large-v3"))
    assert long.usage == Usage(1, 20.0, 20.0, 0.111 * 20 / 3600)


def test_the_price_of_an_unknown_server_is_unknown(other: OpenAI) -> None:
    heard = recognised(other, chunk_of(encoded(2), 1.0), ask(other, model="whisper-large-v3"))
    assert heard.usage == Usage(1, 1.0, 1.0, None)


def test_audio_that_groq_fetches_is_sent_by_its_address(groq: Groq, server: Server) -> None:
    server.files["talk.flac"] = encoded(24)
    heard = recognised(groq, RemoteAudio(server.url_of("talk.flac")), ask(groq))
    assert heard.window.span == Span(0, 12)
    assert "".join(s.text for s in heard.segments).strip() == speechlike.text(range(24))
    (seen,) = server.seen
    assert seen.file_name == "" and seen.fields["url"] == [server.url_of("talk.flac")]
    assert heard.usage.billed_s == 12


def test_an_address_that_groq_cannot_follow_is_told(groq: Groq, server: Server) -> None:
    server.files["talk.flac"] = encoded(2)
    with pytest.raises(RejectedRequest, match=r"failed to retrieve media.*302"):
        recognised(groq, RemoteAudio(server.url_of("talk.flac", "moved")), ask(groq))


def test_other_servers_do_not_fetch(other: OpenAI, server: Server) -> None:
    with pytest.raises(UsageError, match="--by-url"):
        recognised(other, RemoteAudio("https://host/a.mp3"), ask(other))
    assert server.seen == []


def test_javanese_has_the_code_that_groq_knows(groq: Groq, server: Server) -> None:
    recognised(groq, chunk_of(encoded(2), 1.0), ask(groq, language="Javanese"))
    assert server.seen[0].fields["language"] == ["jv"]


# other dialects


@pytest.mark.parametrize(
    "answer",
    [
        ok({"text": "Hello there."}),
        ok({"text": "Hello there.", "usage": {"type": "duration", "seconds": 1}}),
        ok({"text": "Hello there.", "duration": "1.0", "language": "en", "segments": None}),
        plain(" Hello there.\n"),
        plain('{"text": " Hello there.\\n"}', "text/html"),
    ],
)
def test_replies_of_other_servers_are_understood(
    other: OpenAI, server: Server, answer: Any
) -> None:
    server.faults.append(answer)
    heard = recognised(other, chunk_of(encoded(2), 1.0), ask(other))
    assert [segment.text for segment in heard.segments] == [" Hello there."]


@pytest.mark.parametrize("fault", ["wrong-shape", "no-text", "bad-gateway", "truncated"])
def test_a_wrong_reply_is_asked_for_again(groq: Groq, server: Server, fault: str) -> None:
    server.faults.append(fault)
    assert recognised(groq, chunk_of(encoded(2), 1.0), ask(groq)).segments
    assert len(server.seen) == 2


def test_a_web_page_in_place_of_a_transcript_is_a_bad_reply(groq: Groq, server: Server) -> None:
    server.faults.extend([plain("<html>Sign in to this network</html>", "text/html")] * 3)
    with pytest.raises(BadReply, match=r"chunk 1 \(0-1 s\).*web page"):
        recognised(groq, chunk_of(encoded(2), 1.0), ask(groq))


def test_a_server_that_only_knows_text_is_asked_for_text(server: Server) -> None:
    with OpenAI(api_key=KEY, base_url=server.url, reply_format="text") as other:
        request = ask(other, model="whisper-large-v3")
        heard = recognised(other, chunk_of(encoded(3), 1.5), request)
    assert request.word_timestamps is False
    assert server.seen[0].fields["response_format"] == ["text"]
    assert [segment.text.strip() for segment in heard.segments] == [speechlike.text(range(3))]


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        ("gpt-4o-transcribe", "json"),
        ("gpt-4o-mini-transcribe-2025-12-15", "json"),
        ("gpt-4o-transcribe-diarize", "diarized_json"),
        ("whisper-1", "verbose_json"),
        ("Systran/faster-whisper-small", "verbose_json"),
    ],
)
def test_each_model_is_asked_for_the_richest_answer_it_has(
    other: OpenAI, server: Server, model: str, shape: str
) -> None:
    server.faults.append(ok({"text": "Hi"}))
    request = ask(other, model=model)
    recognised(other, chunk_of(encoded(2), 1.0), request)
    assert server.seen[0].fields["response_format"] == [shape]
    assert ("timestamp_granularities[]" in server.seen[0].fields) == (shape == "verbose_json")
    assert request.word_timestamps == (shape == "verbose_json")


# what is refused before anything is sent


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"language": "Klingon"}, "no language 'Klingon'"),
        ({"temperature": 1.5}, "--temperature 1.5 is not between 0 and 1"),
        ({"temperature": float("nan")}, "--temperature nan"),
        ({"prompt": "x" * 897}, "897 characters and may have 896"),
        ({"prompt": "名" * 300}, "about 225 tokens"),
        ({"task": "translate", "model": "turbo"}, "take -m whisper-large-v3$"),
        ({"model": "openai/gpt-oss-20b"}, "does not hear: take -m whisper-large-v3-turbo"),
    ],
)
def test_what_groq_would_refuse_is_refused_before_sending(
    groq: Groq, server: Server, asked: Any, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        ask(groq, **asked)
    assert server.seen == []


def test_what_the_server_takes_is_accepted(groq: Groq) -> None:
    request = ask(groq, prompt="x" * 896, language="EN", temperature=1)
    assert (request.model, request.language) == ("whisper-large-v3-turbo", "en")
    assert request.word_timestamps
    assert ask(groq, model="whisper-large-v9").model == "whisper-large-v9"
    assert ask(groq, task="translate").model == "whisper-large-v3"


def test_a_retired_model_is_warned_about_and_its_refusal_names_the_successor(
    groq: Groq, caplog: pytest.LogCaptureFixture
) -> None:
    request = ask(groq, model="distil-whisper-large-v3-en")
    assert "whisper-large-v3-turbo" in caplog.text
    with pytest.raises(ModelUnavailable, match=r"decommissioned.*take -m whisper-large-v3-turbo"):
        recognised(groq, chunk_of(encoded(2), 1.0), request)


# faults of the API itself


def test_audio_that_is_none_is_rejected(groq: Groq) -> None:
    with pytest.raises(RejectedRequest, match=r"chunk 1 .*could not process file"):
        recognised(groq, chunk_of(b"not audio", 1.0), ask(groq))


def test_too_many_bytes_are_told_apart_from_too_many_seconds(groq: Groq, server: Server) -> None:
    noise = b"\0" * 26_300_000
    with pytest.raises(RequestTooLarge, match="too many bytes"):
        recognised(groq, chunk_of(noise, 1.0), ask(groq))
    server.faults.append("too-long")
    with pytest.raises(RequestTooLarge, match="whole allowance"):
        recognised(groq, chunk_of(encoded(2), 1.0), ask(groq))


def test_a_model_that_is_gone_is_unavailable(groq: Groq, server: Server) -> None:
    server.faults.append(decommissioned("whisper-large-v3-turbo"))
    with pytest.raises(ModelUnavailable, match="another with -m"):
        recognised(groq, chunk_of(encoded(2), 1.0), ask(groq))


def test_a_wrong_key_is_refused_and_never_shown(server: Server) -> None:
    with Groq(api_key="gsk_wrong", base_url=server.url) as groq:
        with pytest.raises(AuthError, match="check the API key") as caught:
            recognised(groq, chunk_of(encoded(2), 1.0), ask(groq))
        assert "gsk_wrong" not in f"{caught.value} {groq!r} {vars(groq)}"
    assert len(server.seen) == 1


# construction


def test_both_are_transcribers() -> None:
    assert isinstance(Groq(api_key="k"), Transcriber)
    assert isinstance(OpenAI(api_key="k"), Transcriber)


def test_a_key_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(AuthError, match=r"set GROQ_API_KEY.*--backend local"):
        Groq()
    with pytest.raises(AuthError, match="set OPENAI_API_KEY"):
        OpenAI()
    assert repr(OpenAI(base_url="http://localhost:8000")) == (
        "OpenAI(base_url='http://localhost:8000/v1')"
    )
    monkeypatch.setenv("GROQ_API_KEY", "gsk_secret")
    assert repr(Groq()) == "Groq(base_url='https://api.groq.com/openai/v1')"


def test_a_tier_that_nobody_has_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="free, dev"):
        Groq(api_key="k", tier="gold")  # type: ignore[arg-type]


def test_the_key_is_in_no_log(groq: Groq, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    recognised(groq, chunk_of(encoded(2), 1.0), ask(groq))
    assert KEY not in caplog.text
