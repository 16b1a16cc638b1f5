"""The audio endpoints, as official clients and recorded forms of others ask them."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import groq
import httpx
import openai
import pytest
import srt
import webvtt
from support import speechlike
from support.gateway import Gateway, flac
from support.server import Server

TEXT = speechlike.text(range(120))


@pytest.fixture(scope="module")
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_openais_sdk_gets_text_and_what_is_not_to_be_trusted(
    client: openai.OpenAI, recording: Path
) -> None:
    heard = client.audio.transcriptions.create(model="whisper-1", file=recording)
    assert heard.text == TEXT
    assert heard.model_extra is not None
    told = heard.model_extra["x_audiopipe"]
    assert (told["flags"], told["failures"], told["backend"]) == ([], [], "groq")


def test_openais_sdk_gets_segments_and_words(client: openai.OpenAI, recording: Path) -> None:
    heard = client.audio.transcriptions.create(
        model="gpt-4o-transcribe",
        file=recording,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert heard.segments and heard.words
    assert [word.word for word in heard.words] == TEXT.split()
    assert "".join(segment.text for segment in heard.segments).strip() == TEXT


def test_words_are_listed_only_where_they_are_asked_for(
    client: openai.OpenAI, recording: Path
) -> None:
    heard = client.audio.transcriptions.create(
        model="whisper-1", file=recording, response_format="verbose_json"
    )
    assert heard.words is None


def test_subtitles_are_what_other_parsers_read(gateway: Gateway, recording: Path) -> None:
    file = {"file": ("My talk.flac", recording.read_bytes())}
    path = "/v1/audio/transcriptions"
    as_srt = gateway.post(path, data={"response_format": "srt"}, files=file)
    as_vtt = gateway.post(path, data={"response_format": "vtt"}, files=file)
    assert as_srt.headers["content-type"] == "application/x-subrip; charset=utf-8"
    assert as_vtt.headers["content-type"] == "text/vtt; charset=utf-8"
    assert 'filename="My talk.srt"' in as_srt.headers["content-disposition"]
    lines = [cue.content for cue in srt.parse(as_srt.text)]
    assert " ".join(" ".join(lines).split()) == TEXT
    lines = [cue.text for cue in webvtt.from_string(as_vtt.text).captions]
    assert " ".join(" ".join(lines).split()) == TEXT


def test_text_is_text(gateway: Gateway, recording: Path) -> None:
    reply = gateway.post(
        "/v1/audio/transcriptions",
        data={"response_format": "text"},
        files={"file": recording.read_bytes()},
    )
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.text == TEXT + "\n"
    assert reply.headers["x-audiopipe-flags"] == ""


def test_deltas_joined_equal_done(client: openai.OpenAI, recording: Path) -> None:
    events = list(
        client.audio.transcriptions.create(model="whisper-1", file=recording, stream=True)
    )
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    done = events[-1]
    assert done.type == "transcript.text.done"
    assert "".join(deltas) == done.text == TEXT
    assert len(deltas) > 2  # one a seam
    assert done.model_extra and len(done.model_extra["segments"]) >= 12


def test_events_have_names_and_an_end(gateway: Gateway, recording: Path) -> None:
    reply = gateway.post(
        "/v1/audio/transcriptions", data={"stream": "true"}, files={"file": recording.read_bytes()}
    )
    assert reply.headers["content-type"].startswith("text/event-stream")
    blocks = reply.text.strip().split("\n\n")
    assert blocks[-1] == "data: [DONE]"
    for block in blocks[:-1]:
        name, data = block.split("\n")
        assert json.loads(data.removeprefix("data: "))["type"] == name.removeprefix("event: ")


def test_groqs_sdk_finds_its_paths(gateway: Gateway, upstream: Server, recording: Path) -> None:
    client = groq.Groq(base_url=gateway.url, api_key="none", max_retries=0)
    upstream.files["talk.flac"] = recording.read_bytes()
    by_url = client.audio.transcriptions.create(
        model="whisper-large-v3", url=upstream.url_of("talk.flac", "moved")
    )
    file = ("talk.flac", recording.read_bytes())
    english = client.audio.translations.create(model="whisper-large-v3", file=file)
    assert (by_url.text, english.text) == (TEXT, TEXT)
    client.close()


def test_a_recording_may_come_as_base64(gateway: Gateway, recording: Path) -> None:
    data = base64.b64encode(recording.read_bytes()).decode()
    body = {"model": "whisper-1", "input_audio": {"data": data, "format": "flac"}}
    assert gateway.post("/v1/audio/transcriptions", json=body).json()["text"] == TEXT
    form = {"url": f"data:audio/flac;base64,{data[: 1 << 18]}", "model": "whisper-1"}
    heard = gateway.post("/v1/audio/transcriptions", json=form).json()["text"]
    assert heard and TEXT.startswith(heard[:100])


FORMS: dict[str, tuple[list[tuple[str, Any]], str]] = {
    "Open WebUI": (
        [("file", ("a.flac", b"@")), ("model", "whisper-1"), ("language", "en")],
        "application/json",
    ),
    "Home Assistant": (
        [("file", ("audio.wav", b"@")), ("model", "whisper-1"), ("response_format", "json")],
        "application/json",
    ),
    "n8n": ([("file", ("data", b"@")), ("model", "whisper-1")], "application/json"),
    "LibreChat": (
        [("file", ("audio.webm", b"@", "audio/webm")), ("model", "whisper-1")],
        "application/json",
    ),
    "SubtitleEdit": (
        [
            ("model", "whisper-1"),
            ("response_format", "verbose_json"),
            ("timestamp_granularities[]", "word"),
            ("timestamp_granularities[]", "segment"),
            ("temperature", "0"),
            ("language", "auto"),
            ("file", ("a.mp3", b"@", "application/octet-stream")),
        ],
        "application/json",
    ),
    "wyoming": (
        [("model", "m"), ("vad_filter", "true"), ("file", ("x.wav", b"@")), ("stream", "false")],
        "application/json",
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_other_clients(name: str, gateway: Gateway, recording: Path) -> None:
    parts, kind = FORMS[name]
    boundary = "----6f0c2"
    body = b""
    for field, value in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"'
        if isinstance(value, tuple):
            head += f'; filename="{value[0]}"'
            head += f"\r\nContent-Type: {value[2]}" if len(value) > 2 else ""
            value = recording.read_bytes()
        body += head.encode() + b"\r\n\r\n" + (value.encode() if isinstance(value, str) else value)
        body += b"\r\n"
    body += f"--{boundary}--\r\n".encode()

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(body), 50_001):
            yield body[at : at + 50_001]

    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    headers["authorization"] = "Bearer"
    reply = gateway.post("/v1/audio/transcriptions", content=pieces(), headers=headers)
    assert reply.headers["content-type"] == kind
    assert reply.json()["text"] == TEXT
    assert gateway.uploads == []


@pytest.mark.parametrize(
    ("request_", "status", "code", "param"),
    [
        ({"files": {"file": ("a.mp3", b"this is no sound")}}, 400, "unreadable_input", None),
        ({"files": {"file": ("a.mp3", b"")}}, 400, "empty_audio", "file"),
        ({"files": {"other": ("a.mp3", b"x")}}, 400, "missing_file", "file"),
        ({"files": {"url": (None, "gopher://x/a.mp3")}}, 400, "unreadable_input", None),
        ({"data": {"model": "whisper-1"}}, 415, "invalid_request", None),
        ({"json": ["x"]}, 400, "invalid_request", None),
        ({"json": {"input_audio": {"data": "%%%"}}}, 400, "invalid_base64", None),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, None, None),
    ],
)
def test_errors_are_of_openais_shape(
    request_: dict[str, Any], status: int, code: str | None, param: str | None, gateway: Gateway
) -> None:
    reply = gateway.post("/v1/audio/transcriptions", **request_)
    assert reply.status_code == status
    error = reply.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert code in (None, error["code"])
    assert error["param"] == param
    assert str(gateway.folder) not in reply.text
    assert gateway.uploads == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("response_format", "pdf"),
        ("language", "klingon"),
        ("temperature", "1.5"),
        ("temperature", "nan"),
        ("timestamp_granularities[]", "letter"),
        ("stream", "perhaps"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: str, gateway: Gateway) -> None:
    file = {"file": ("a.flac", flac(4))}
    reply = gateway.post("/v1/audio/transcriptions", data={field: value}, files=file)
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == field.removesuffix("[]")
    assert gateway.uploads == []


def test_sdks_raise_their_own_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="not a recording"):
        client.audio.transcriptions.create(model="whisper-1", file=("a.mp3", b"nothing"))
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")
    assert client.models.retrieve("whisper-1").id == "whisper-1"
    assert "whisper-large-v3" in [model.id for model in client.models.list()]


def test_an_unknown_path_and_a_wrong_method_are_told(gateway: Gateway) -> None:
    assert gateway.get("/v1/nothing").json()["error"]["code"] == "unknown_url"
    reply = gateway.get("/v1/audio/transcriptions")
    assert (reply.status_code, reply.json()["error"]["code"]) == (405, "method_not_allowed")


def test_a_client_that_is_killed_and_asks_again_costs_nothing(
    gateway: Gateway, upstream: Server
) -> None:
    data = flac(100, first=500)
    before = len(upstream.seen)
    form = httpx.Request("POST", f"{gateway.url}/v1/audio/transcriptions", files={"file": data})
    body = form.read()
    head = "".join(f"{name}: {value}\r\n" for name, value in form.headers.items())
    with socket.create_connection((form.url.host, form.url.port or 0)) as line:
        line.sendall(f"POST {form.url.path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        while len(upstream.seen) == before:
            time.sleep(0.01)
    replies: list[str] = []

    def ask() -> None:
        reply = gateway.post("/v1/audio/transcriptions", files={"file": data})
        replies.append(reply.json()["text"])

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [speechlike.text(range(500, 600))] * 5
    sent = [seen.audio for seen in upstream.seen[before:]]
    assert len(sent) == len(set(sent))


def test_chat_is_passed_on_under_the_budget(client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "hi there"}]}]
    reply = client.chat.completions.create(model="openai/gpt-oss-20b", messages=messages)
    assert reply.choices[0].message.content == "You said: hi there"
    assert reply.usage and reply.usage.total_tokens > 0
    stream = client.chat.completions.create(
        model="openai/gpt-oss-20b", messages=messages, stream=True, temperature=0.5
    )
    pieces = [each.choices[0].delta.content or "" for each in stream if each.choices]
    assert "".join(pieces) == "You said: hi there"
    with pytest.raises(openai.BadRequestError, match="logprobs"):
        client.chat.completions.create(model="openai/gpt-oss-20b", messages=messages, logprobs=True)


@pytest.mark.parametrize("kind", ["wav", "mp3", "opus", "flac"])
def test_a_text_is_spoken(kind: Any, client: openai.OpenAI) -> None:
    text = speechlike.text(range(6))
    spoken = client.audio.speech.create(
        model="tts-1", voice="alloy", input=text, response_format=kind
    )
    magic = {"wav": b"RIFF", "mp3": b"ID3", "opus": b"OggS", "flac": b"fLaC"}
    assert spoken.content.startswith(magic[kind])
    heard = client.audio.transcriptions.create(
        model="whisper-1", file=(f"a.{kind}", spoken.content)
    )
    assert heard.text or kind != "wav"


def test_a_text_is_spoken_as_fast_as_is_asked(client: openai.OpenAI) -> None:
    def samples(speed: float) -> int:
        asked: dict[str, Any] = {"model": "tts-1", "voice": "alloy", "response_format": "pcm"}
        text = speechlike.text(range(6))
        return len(client.audio.speech.create(input=text, speed=speed, **asked).content) // 2

    plain = samples(1)
    assert abs(samples(2) / plain - 0.5) < 0.1 and samples(0.25) > 2.5 * plain
    with pytest.raises(openai.BadRequestError, match="speed"):
        samples(5)


def test_open_webui_finds_models_and_voices(gateway: Gateway) -> None:
    assert {"id": "whisper-1", "name": "whisper-1"} in gateway.get("/v1/audio/models").json()[
        "models"
    ]
    assert gateway.get("/v1/audio/voices").json()["voices"][0].keys() == {"id", "name"}


def test_no_name_of_a_file_is_logged(gateway: Gateway, recording: Path) -> None:
    gateway.post("/v1/audio/transcriptions", files={"file": ("secret-talk.flac", b"x")})
    gateway.wait_for("POST /v1/audio/transcriptions 400")
    assert not any("secret-talk" in line for line in gateway.lines)
