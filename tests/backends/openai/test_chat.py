"""Chat against servers that answer with less, more, or something else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from support.answers import Answer, error, ok, plain
from support.server import KEY, Server

from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.chat import OpenAIChatter
from audiopipe.errors import BadReply, RejectedRequest, ServerFault
from audiopipe.values.requests import ChatRequest, Message

MODEL = "openai/gpt-oss-20b"
ASK = ChatRequest((Message("user", "one two three"),), MODEL, temperature=0.0)
SAID = "You said: one two three"


@pytest.fixture
def chatter(server: Server) -> Iterator[OpenAIChatter]:
    retry = Retry(attempts=3, sleep=lambda _: None)
    with closing(OpenAIChatter(api_key=KEY, base_url=server.url, retry=retry)) as chatter:
        yield chatter


def silent(seconds: float, waiting: object) -> None:
    """No wait."""


def whole(chatter: OpenAIChatter, request: ChatRequest = ASK) -> str:
    return chatter.read(chatter.ask(request, silent)).text


def streamed(chatter: OpenAIChatter, request: ChatRequest = ASK) -> str:
    return "".join(chatter.stream(request, silent))


def completion(message: Any, finish_reason: str = "stop", **more: Any) -> Answer:
    choices = [{"index": 0, "message": message, "finish_reason": finish_reason}]
    return ok({"model": MODEL, "choices": choices, **more})


def events(text: str) -> Answer:
    return Answer(200, text.encode(), "text/event-stream")


def test_a_server_of_llama_cpp_tells_how_much_its_model_reads(
    chatter: OpenAIChatter, server: Server
) -> None:
    listed = {"data": [{"id": "gemma.gguf", "meta": {"n_ctx": 4096, "n_ctx_train": 32768}}]}
    server.faults.append(ok(listed))
    accepted = chatter.accept(ChatRequest((Message("user", "Hi."),), ""))
    assert (accepted.model, chatter.window("gemma.gguf")) == ("gemma.gguf", 4096)


@pytest.mark.parametrize(
    ("message", "finish_reason", "says"),
    [
        ({"content": None}, "stop", "gave no text"),
        ({"content": "  \n"}, "stop", "gave no text"),
        ({"content": "\u200b\ufeff"}, "stop", "gave no text"),
        ({"content": None, "tool_calls": [{"id": "1"}]}, "tool_calls", "called a tool"),
        ({"content": []}, "stop", "gave no text"),
        ({"content": ""}, "length", "raise --max-tokens"),
        ({"content": "", "reasoning_content": "hm"}, "content_filter", "content_filter"),
        ({"content": None, "refusal": "I will not"}, "stop", "refuses to answer: I will not"),
    ],
)
def test_an_empty_answer_is_an_error_and_asked_for_once(
    chatter: OpenAIChatter, server: Server, message: Any, finish_reason: str, says: str
) -> None:
    server.faults.append(completion(message, finish_reason))
    with pytest.raises(RejectedRequest, match=says):
        whole(chatter)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "answer",
    [
        ok({"error": {"message": "no GPU"}}),
        ok({"error": "no GPU", "choices": []}),
        ok({"success": False, "message": "no GPU"}),
    ],
)
def test_an_error_in_a_200_is_told_and_asked_for_once(
    chatter: OpenAIChatter, server: Server, answer: Answer
) -> None:
    server.faults.append(answer)
    with pytest.raises(RejectedRequest, match="no GPU"):
        whole(chatter)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "answer",
    [plain("<html>hi</html>", "text/html"), ok([]), ok({"choices": "x"}), ok({"choices": [7]})],
)
def test_what_is_no_completion_is_a_bad_reply(
    chatter: OpenAIChatter, server: Server, answer: Answer
) -> None:
    server.faults.extend([answer] * 3)
    with pytest.raises(BadReply):
        whole(chatter)


@pytest.mark.parametrize(
    "answer",
    [
        completion({"content": [{"type": "text", "text": "good"}, {"type": "text", "text": "!"}]}),
        completion({"content": "good!"}, usage=None),
        completion({"content": "good!"}, usage={"prompt_tokens": None, "completion_tokens": 1e30}),
        completion({"content": "good\x1b[2J!"}, usage="many"),
        completion({"content": "<think>\nbad?\n</think>\n\ngood!"}),
        completion({"content": "bad?\n</think>\n\ngood!", "reasoning_content": "bad?"}),
    ],
)
def test_contents_and_counts_of_other_servers_are_read(
    chatter: OpenAIChatter, server: Server, answer: Answer
) -> None:
    server.faults.append(answer)
    assert whole(chatter) == "good!"
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("field", "request_"),
    [
        ("temperature", ASK),
        ("max_tokens", ChatRequest(ASK.messages, MODEL, max_completion_tokens=50)),
        ("response_format", ChatRequest(ASK.messages, MODEL, json=True)),
        ("seed", ChatRequest(ASK.messages, MODEL, seed=3)),
    ],
)
@pytest.mark.parametrize("ask", [whole, streamed])
def test_a_field_that_is_refused_is_left_out_from_then_on(
    chatter: OpenAIChatter,
    server: Server,
    field: str,
    request_: ChatRequest,
    ask: Callable[[OpenAIChatter, ChatRequest], str],
) -> None:
    if ask is streamed and field == "response_format":
        pytest.skip("JSON is not streamed")
    server.replies.extend(['{"a": 1}'] * 3 if field == "response_format" else [])
    server.faults.append(error(400, f"Unsupported parameter: '{field}' is not supported."))
    first, second = ask(chatter, request_), ask(chatter, request_)
    assert first == second
    assert [seen.status for seen in server.seen] == [400, 200, 200]
    assert field not in server.seen[2].json
    if field == "max_tokens":
        assert server.seen[2].json["max_completion_tokens"] == 50


def test_a_call_of_a_tool_that_nobody_offered_is_asked_again(
    chatter: OpenAIChatter, server: Server
) -> None:
    server.faults.append(error(400, "Tool choice is none, but ...", code="tool_use_failed"))
    assert whole(chatter) == SAID
    assert len(server.seen) == 2


@pytest.mark.parametrize("cut", [1, 9, len(KEY) - 1])
def test_a_key_that_is_cut_over_two_events_is_hidden(
    chatter: OpenAIChatter, server: Server, cut: int
) -> None:
    pieces = (f"<think>{KEY}</think>", " Yes: ", KEY[:cut], KEY[cut:], " it is", ".")
    deltas = (f"data: {DELTA % (each, 'null')}\n\n" for each in pieces)
    server.faults.append(events("".join(deltas) + END))
    stream = chatter.stream(ASK, silent)
    shown = []
    try:
        while True:
            shown.append(next(stream))
    except StopIteration as end:
        assert chatter.read(end.value).text == "".join(shown) == "Yes: *** it is."


def test_a_server_without_streams_is_asked_for_the_whole(
    chatter: OpenAIChatter, server: Server
) -> None:
    server.faults.append(error(400, "`stream` is not supported"))
    assert streamed(chatter) == SAID == streamed(chatter)
    assert [seen.json.get("stream") for seen in server.seen] == [True, None, None]


DELTA = '{"choices": [{"delta": {"content": "%s"}, "finish_reason": %s}]}'
END = "data: [DONE]\n\n"


@pytest.mark.parametrize(
    "text",
    [
        f"data: {DELTA % ('one ', 'null')}\n\ndata: {DELTA % ('two', json.dumps('stop'))}\n\n{END}",
        f"\ufeffdata:{DELTA % ('one two', 'null')}\n\n{END}",
        f": ping\n\ndata:\n\nevent: x\ndata: {DELTA % ('one two', 'null')}\n\n{END}",
        'data: {"choices": [{"delta":\ndata: {"content": "one two"}}]}\n\n' + END,
        f"data: {DELTA % ('one two', 'null')}\r\rdata: [DONE]\r\r",
        f"data: {DELTA % ('one two', 'null')}\r\n\r\nid: 7\r\nretry: 10\r\n{END}",
        f"data: {DELTA % ('one two', json.dumps('stop'))}",
        'data: {"choices": []}\n\ndata: {"choices": [{"delta": {"role": "assistant"}}]}\n\n'
        f'data: {DELTA % ("one two", "null")}\n\ndata: {{"usage": null, "choices": []}}\n\n{END}',
    ],
)
def test_streams_are_read_as_the_standard_says(
    chatter: OpenAIChatter, server: Server, text: str
) -> None:
    server.faults.append(events(text))
    assert streamed(chatter) == "one two"


def test_a_whole_answer_in_place_of_a_stream_is_taken(
    chatter: OpenAIChatter, server: Server
) -> None:
    server.faults.append(completion({"content": "one two"}))
    assert streamed(chatter) == "one two"


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        (f"data: {DELTA % ('a', 'null')}\n\n", ServerFault, "broke off"),
        ('data: {"choices": [{"delta": "a"}]}\n\n', BadReply, "not an event"),
        ("event: error\ndata: overloaded\n\n", ServerFault, "overloaded"),
        ('data: {"error": {"message": "overloaded"}}\n\n', ServerFault, "overloaded"),
        ('data: {"choices": [{"delta": {"refusal": "no"}}]}\n\n' + END, RejectedRequest, "no"),
        (END, RejectedRequest, "gave no text"),
    ],
)
def test_a_stream_that_is_no_answer_is_an_error(
    chatter: OpenAIChatter, server: Server, text: str, kind: type[Exception], says: str
) -> None:
    server.faults.extend([events(text)] * 3)
    with pytest.raises(kind, match=says):
        streamed(chatter)
