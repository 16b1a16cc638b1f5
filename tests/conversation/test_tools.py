from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.answers import error
from support.server import KEY, Server

from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.chat import GroqChatter, OpenAIChatter
from audiopipe.conversation import ChatSession, Conversation
from audiopipe.errors import InvalidAnswer, RejectedRequest, UsageError
from audiopipe.limits.rules import Limits

SMALL = "openai/gpt-oss-20b"
CALL = {"name": "weather", "arguments": {"town": "Lima", "days": 2}}


def weather(town: str, days: int = 1) -> dict[str, Any]:
    """The weather of a town."""
    return {"town": town, "days": days, "sun": True}


@pytest.fixture
def talk(server: Server) -> Iterator[ChatSession]:
    retry = Retry(attempts=2, sleep=lambda _: None)
    with (
        GroqChatter(api_key=KEY, base_url=server.url, limits=Limits(), retry=retry) as backend,
        ChatSession(backend=backend) as talk,
    ):
        yield talk


def test_a_function_is_called_and_its_result_goes_back(talk: ChatSession, server: Server) -> None:
    server.replies += [CALL, "Sunny in Lima."]
    reply = talk.ask("How is Lima?", tools=[weather], tool_choice="weather", temperature=0)
    assert (reply.text, reply.tool_calls) == ("Sunny in Lima.", ())
    first, second = (seen.json for seen in server.seen)
    assert first["tools"][0]["function"]["name"] == "weather"
    assert first["tools"][0]["function"]["parameters"]["required"] == ["town"]
    assert first["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert "tool_choice" not in second
    question, called, result = second["messages"]
    assert called["content"] is None
    assert called["tool_calls"][0]["id"] == result["tool_call_id"]
    assert json.loads(result["content"]) == {"town": "Lima", "days": 2, "sun": True}
    assert reply.usage.requests == 2 and len(reply.turns) == 2
    assert question["role"] == "user"
    # kept answers hold the calls too
    assert talk.ask("How is Lima?", tools=[weather], tool_choice="weather", temperature=0).text
    assert len(server.seen) == 2


def test_faults_of_a_call_are_told_to_the_model(talk: ChatSession, server: Server) -> None:
    wrong = {"name": "weather", "arguments": {"village": "Lima"}}
    server.replies += [wrong, {"name": "traffic", "arguments": {}}, "I cannot tell."]
    assert talk.ask("How is Lima?", tools=[weather]).text == "I cannot tell."
    told = [turn["content"] for turn in server.seen[-1].json["messages"] if turn["role"] == "tool"]
    assert "town" in told[0] and told[1] == "error: there is no tool traffic"


def test_a_defined_tool_is_the_callers_and_its_result_can_be_fed_back(
    talk: ChatSession, server: Server
) -> None:
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    server.replies += [CALL, "Sunny."]
    reply = talk.ask("How is Lima?", tools=[tool], tool_choice="auto")
    (call,) = reply.tool_calls
    assert (call.name, json.loads(call.arguments)) == ("weather", CALL["arguments"])
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "How is Lima?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "sun", "tool_call_id": call.id},
    ]
    assert talk.ask(messages, tools=[tool]).text == "Sunny."


def test_a_conversation_remembers_calls_and_results(talk: ChatSession, server: Server) -> None:
    server.replies += [CALL, "Sunny."]
    conversation = Conversation(chat_session=talk)
    conversation.say("How is Lima?", tools=[weather])
    conversation.say("Sure?")
    roles = [turn["role"] for turn in server.seen[-1].json["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


def test_calls_without_end_are_given_up(talk: ChatSession, server: Server) -> None:
    server.replies += [CALL] * 20
    with pytest.raises(InvalidAnswer, match="gave no answer"):
        talk.ask("How is Lima?", tools=[weather])
    assert len(server.seen) == 10


def test_a_tool_that_nobody_offered_is_no_answer(talk: ChatSession, server: Server) -> None:
    server.replies.append(CALL)
    with pytest.raises(RejectedRequest):
        talk.ask("How is Lima?")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tools": [weather, weather]}, "two tools are called weather"),
        ({"tools": [{"type": "function"}]}, "not a tool"),
        ({"tools": [weather], "json": True}, "tools cannot be used with JSON"),
    ],
)
def test_tools_that_cannot_work_are_refused_before_anything_is_sent(
    talk: ChatSession, server: Server, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        talk.ask("?", **options)
    assert not server.seen


@pytest.mark.parametrize("has_tools", [True, False])
def test_a_server_without_json_mode_is_asked_by_a_tool(server: Server, has_tools: bool) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    server.faults.append(error(400, "'response_format.type' must be 'text'"))
    if not has_tools:
        server.faults.append(error(400, "property 'tools' is unsupported"))
    answer = {"name": "answer", "arguments": {"a": 1}} if has_tools else '{"a": 1}'
    server.replies += [answer] * 2
    with (
        OpenAIChatter(api_key=KEY, base_url=server.url) as backend,
        ChatSession(SMALL, backend=backend) as talk,
    ):
        assert talk.ask("One.", schema=schema, temperature=0).value == {"a": 1}
        tried = 2 if has_tools else 3
        assert len(server.seen) == tried
        body = server.seen[-1].json
        assert ("tools" in body) == has_tools and "response_format" not in body
        if has_tools:
            assert body["tool_choice"]["function"]["name"] == "answer"
            assert body["tools"][0]["function"]["parameters"] == schema
        talk.ask("Two.", schema=schema)  # what was learnt holds
        assert len(server.seen) == tried + 1


def test_effort_and_tier_go_out_by_their_names(talk: ChatSession, server: Server) -> None:
    talk.ask("Think.", reasoning_effort="high", service_tier="flex")
    assert server.seen[0].json["reasoning_effort"] == "high"
    assert server.seen[0].json["service_tier"] == "flex"
