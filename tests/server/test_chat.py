"""Chat through the gateway, by OpenAI's own client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest
from support.answers import Answer, error
from support.gateway import Gateway
from support.server import Server

MODEL = "openai/gpt-oss-20b"
ASKED: list[Any] = [{"role": "user", "content": "What is the weather in Rome?"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CALL = {"name": "weather", "arguments": {"city": "Rome"}}


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_tools_are_passed_on_and_their_results_come_back(
    client: openai.OpenAI, upstream: Server
) -> None:
    upstream.replies.extend([CALL, "It rains."])
    made = client.chat.completions.create(
        model=MODEL,
        messages=ASKED,
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "weather"}},
    )
    (choice,) = made.choices
    assert choice.finish_reason == "tool_calls" and choice.message.content is None
    calls: Any = choice.message.tool_calls
    (call,) = calls
    assert call.type == "function" and call.function.name == "weather"
    assert json.loads(call.function.arguments) == CALL["arguments"]
    assert upstream.seen[-1].json["tools"] == [WEATHER]
    assert upstream.seen[-1].json["tool_choice"]["function"]["name"] == "weather"

    result = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
    answer = choice.message.to_dict(mode="json", exclude_none=True)
    told: list[Any] = [*ASKED, answer, result]
    then = client.chat.completions.create(model=MODEL, messages=told, tools=[WEATHER])
    assert then.choices[0].message.content == "It rains."
    sent = upstream.seen[-1].json["messages"]
    assert [each["role"] for each in sent] == ["user", "assistant", "tool"]
    assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] == call.id


@pytest.mark.parametrize("reply", [CALL, "It rains."])
def test_calls_of_tools_are_streamed(client: openai.OpenAI, upstream: Server, reply: Any) -> None:
    upstream.replies.append(reply)
    with client.chat.completions.stream(model=MODEL, messages=ASKED, tools=[WEATHER]) as stream:
        *_, last = stream
        choice = stream.get_final_completion().choices[0]
    assert last is not None
    if reply is not CALL:
        assert choice.message.content == reply and choice.finish_reason == "stop"
        return
    calls: Any = choice.message.tool_calls
    (call,) = calls
    told = {"name": call.function.name, "arguments": json.loads(call.function.arguments)}
    assert told == CALL
    assert choice.finish_reason == "tool_calls"


def test_a_slow_answer_is_kept_alive_and_whole(upstream: Server, gateway: Gateway) -> None:
    def late(body: dict[str, Any]) -> str:
        time.sleep(5.4)  # more than --hold
        return "Late."

    def asked(streams: bool) -> bytes:
        body = {"model": MODEL, "messages": ASKED, "stream": streams}
        url = f"{gateway.url}/v1/chat/completions"
        with httpx.stream("POST", url, json=body, timeout=30) as reply:
            assert reply.status_code == 200
            return b"".join(reply.iter_raw())

    upstream.replies.extend([late, late])
    with ThreadPoolExecutor(2) as pool:
        whole, streamed = pool.map(asked, (False, True))
    assert whole.startswith(b" ") and streamed.startswith(b": wait\n\n")
    assert b"Late." in whole and b"Late." in streamed


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (error(400, "top_p must be at most 1", code="invalid_value"), 400),
        (Answer(422, b'{"detail": [{"loc": ["body", "messages"], "msg": "no role"}]}'), 400),
        (error(400, "maximum context length is 9 tokens", code="context_length_exceeded"), 413),
        (error(413, "Limit 8, requested 9 tokens per minute", code="rate_limit_exceeded"), 413),
        (error(401, "Invalid API Key", code="invalid_api_key"), 502),
        (error(404, "Unknown request URL", code="unknown_url"), 502),
    ],
)
def test_what_the_provider_says_of_the_request_is_the_clients(
    client: openai.OpenAI, upstream: Server, fault: Answer, status: int
) -> None:
    upstream.faults.append(fault)
    with pytest.raises(openai.APIStatusError) as told:
        client.chat.completions.create(model=MODEL, messages=ASKED)
    assert told.value.status_code == status


def test_what_never_fits_the_allowance_is_told_as_too_large(gateway: Gateway) -> None:
    long = {"messages": [{"role": "user", "content": "word " * 100_000}]}
    reply = gateway.post("/v1/chat/completions", json={"model": MODEL, **long})
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "request_too_large")
    assert reply.json()["error"]["type"] == "invalid_request_error"


def test_a_model_that_nobody_has_is_the_clients_fault(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.chat.completions.create(model="no-such-model", messages=ASKED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tools": "all"},
        {"tools": [{"type": "function"}]},
        {"tools": [WEATHER], "tool_choice": 7},
        {"tools": [WEATHER], "response_format": {"type": "json_object"}},
        {"messages": [{"role": "tool", "content": None}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]},
    ],
)
def test_what_is_no_call_is_refused(gateway: Gateway, wrong: dict[str, Any]) -> None:
    told = gateway.post("/v1/chat/completions", json={"model": MODEL, "messages": ASKED, **wrong})
    assert told.status_code == 400
    assert told.json()["error"]["type"] == "invalid_request_error"
