"""The official SDKs and this package get the same from the test server: it is no private dialect.

Where the SDKs refuse an answer, or miss a field, the server is wrong.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, Literal

import groq
import openai
import pytest
import soundfile as sf
from support import speechlike
from support.answers import Answer
from support.server import KEY, ROOT, Server

import audiopipe
from audiopipe.backends.openai.chat import GroqChatter
from audiopipe.backends.openai.transcribe import Groq
from audiopipe.conversation import ChatSession

CHAT, TURBO = "openai/gpt-oss-20b", "whisper-large-v3-turbo"
QUESTION: Any = [{"role": "user", "content": "one two three"}]

Client = openai.OpenAI | groq.Groq


@pytest.fixture(params=["openai", "groq"])
def client(request: pytest.FixtureRequest, server: Server) -> Iterator[Client]:
    if request.param == "openai":
        client: Client = openai.OpenAI(api_key=KEY, base_url=server.url, max_retries=0)
    else:  # its paths carry /openai/v1
        address = server.url.removesuffix(ROOT)
        client = groq.Groq(api_key=KEY, base_url=address, max_retries=0)
    with client:
        yield client


@pytest.fixture
def talk(server: Server) -> Iterator[ChatSession]:
    with (
        GroqChatter(api_key=KEY, base_url=server.url) as backend,
        ChatSession(CHAT, backend=backend) as talk,
    ):
        yield talk


def test_a_question_gets_the_same_answer(client: Client, talk: ChatSession) -> None:
    theirs = client.chat.completions.create(model=CHAT, messages=QUESTION, max_completion_tokens=4)
    ours = talk.ask("one two three", max_completion_tokens=4)
    (choice,) = theirs.choices
    assert (choice.message.content, choice.finish_reason) == (ours.text, ours.finish_reason)
    assert theirs.usage is not None
    assert theirs.usage.prompt_tokens == ours.usage.prompt_tokens
    assert theirs.usage.completion_tokens == ours.usage.completion_tokens
    assert theirs.model == ours.model


def test_a_stream_has_the_same_pieces(client: Client, talk: ChatSession) -> None:
    events: Any = client.chat.completions.create(model=CHAT, messages=QUESTION, stream=True)
    pieces = [event.choices[0].delta.content for event in events]
    assert [piece for piece in pieces if piece] == list(talk.stream("one two three"))


_DELTA = '{"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": %s}'
_ONE = _DELTA % '[{"index": 0, "delta": {"content": "one "}, "finish_reason": null}]'
_TWO = _DELTA % '[{"index": 0, "delta": {"content": "two"}, "finish_reason": "stop"}]'


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "lines",
    [
        f"data: {_ONE}||data: {_TWO}||data: [DONE]||",
        f": ping||data:{_ONE}||:||id: 7|retry: 9|data: {_TWO}||data: [DONE]||",
        f"data: {_ONE.replace(', ', ',|data: ')}||data: {_TWO}||data: [DONE]||",
    ],
)
def test_a_stream_of_any_shape_has_the_same_text(
    client: Client, talk: ChatSession, server: Server, lines: str, end: str
) -> None:
    body = Answer(200, lines.replace("|", end).encode(), "text/event-stream")
    server.faults.extend([body, body])
    events: Any = client.chat.completions.create(model=CHAT, messages=QUESTION, stream=True)
    theirs = "".join(event.choices[0].delta.content for event in events)
    assert theirs == "one two" == "".join(talk.stream("one two three"))


def test_json_by_a_schema_is_the_same(client: Client, talk: ChatSession, server: Server) -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    server.replies.extend(['{"n": 3}'] * 2)
    asked: Any = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    theirs = client.chat.completions.create(model=CHAT, messages=QUESTION, response_format=asked)
    text = theirs.choices[0].message.content
    assert text is not None
    assert json.loads(text) == talk.ask("one two three", schema=schema).value


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 2}, "'n' : number must be at most 1"),
        ({"logprobs": True}, "`logprobs` is not supported"),
        ({"response_format": {"type": "json_object"}}, "must contain the word 'json'"),
        ({"stop": list("abcde")}, "maximum number of items is 4"),
    ],
)
def test_what_the_server_refuses_is_a_bad_request_to_them(
    client: Client, options: dict[str, Any], words: str
) -> None:
    with pytest.raises((openai.BadRequestError, groq.BadRequestError), match=words):
        client.chat.completions.create(model=CHAT, messages=QUESTION, **options)


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # OpenAI gives translation up
@pytest.mark.parametrize("task", ["transcribe", "translate"])
def test_a_recording_gets_the_same_text_and_times(
    client: Client, server: Server, task: Literal["transcribe", "translate"]
) -> None:
    file = io.BytesIO()
    sf.write(file, speechlike.make_recording(20), 16_000, format="FLAC")
    sound = ("audio.flac", file.getvalue())
    if task == "transcribe":
        theirs: Any = client.audio.transcriptions.create(
            model=TURBO,
            file=sound,
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
    else:
        theirs = client.audio.translations.create(
            model="whisper-large-v3", file=sound, response_format="verbose_json"
        )
    with Groq(api_key=KEY, base_url=server.url) as backend:
        ours = audiopipe.transcribe(file.getvalue(), backend=backend, task=task)
    assert theirs.text.strip() == ours.text == speechlike.text(range(20))
    theirs = json.loads(theirs.model_dump_json())
    for segment, row in zip(ours.segments, theirs["segments"], strict=True):
        assert (segment.span.start_s, segment.span.end_s) == (row["start"], row["end"])
    if task == "transcribe":
        for word, row in zip(ours.words, theirs["words"], strict=True):
            assert (word.span.start_s, word.span.end_s) == (row["start"], row["end"])
            assert word.text.strip(" .,?!") == row["word"]


def test_the_models_are_the_same(client: Client) -> None:
    assert CHAT in [model.id for model in client.models.list().data]


def test_a_wrong_key_is_refused_in_a_way_that_they_know(server: Server) -> None:
    with (
        groq.Groq(api_key="gsk_wrong", base_url=server.url.removesuffix(ROOT)) as client,
        pytest.raises(groq.AuthenticationError, match="Invalid API Key"),
    ):
        client.models.list()
