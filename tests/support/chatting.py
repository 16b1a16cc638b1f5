"""Chat completions: what Groq checks, in its own words, and answers from a script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jsonschema

from audiopipe.backends.catalog import find
from support.answers import Answer, Refused, Seen, decommissioned, error, ok, unknown_model

if TYPE_CHECKING:
    from support.server import Server

Scripted = str | Mapping[str, Any] | Callable[[dict[str, Any]], str | Mapping[str, Any]]
"""An answer, a call of a tool by name and arguments, or what makes one of the request's body."""

FIELDS = set(
    "messages model temperature top_p n stop max_completion_tokens max_tokens stream "
    "stream_options seed user response_format reasoning_effort reasoning_format include_reasoning "
    "service_tier tools tool_choice parallel_tool_calls".split()
)
UNSUPPORTED = ("logprobs", "logit_bias", "top_logprobs")
STRICT = ("openai/gpt-oss-120b", "openai/gpt-oss-20b")
STRICT_KEYWORDS = set(
    "type properties required additionalProperties items enum const anyOf $ref $defs definitions "
    "description".split()
)


def converse(server: Server, seen: Seen) -> Answer:
    """The endpoint."""
    body = seen.json
    _check(body)
    whole = _scripted(server, body)
    if isinstance(whole, Mapping):
        return _calling(server, seen, whole)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    prompt = _prompt(body)
    pieces = _tokens(_stopped(whole, body.get("stop")))
    finish_reason = "length" if limit and len(pieces) > limit else "stop"
    pieces = pieces[:limit]
    server.work(seen, tokens=prompt + (limit or len(pieces)))
    for name, bucket in server.quota(seen.model).buckets.items():
        if name in ("tpm", "tpd"):
            bucket.use(len(pieces) - (limit or len(pieces)))  # what was kept free and not used
    _check_json(body, "".join(pieces), cut=finish_reason == "length")
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": len(pieces),
        "total_tokens": prompt + len(pieces),
    }
    if body.get("stream"):
        events = _events(body, pieces, finish_reason, usage)
        lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        return Answer(200, f"{lines}data: [DONE]\n\n".encode(), "text/event-stream")
    message = {"role": "assistant", "content": "".join(pieces)}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
    named = {"id": "chatcmpl-test", "object": "chat.completion", "created": 1}
    x_groq = {"id": "req_01test"}
    named |= {"model": body["model"], "system_fingerprint": "fp_test"}
    return ok({**named, "choices": [choice], "usage": usage, "x_groq": x_groq})


def _prompt(body: Mapping[str, Any]) -> int:
    return sum(4 + len(_tokens(message["content"] or "")) for message in body["messages"])


def _calling(server: Server, seen: Seen, call: Mapping[str, Any]) -> Answer:
    """The call of a tool: `name`, `arguments`."""
    body = seen.json
    known = [tool["function"]["name"] for tool in body.get("tools", ())]
    _refuse(not known, "Tool choice is none, but model called a tool")
    function = {"name": call["name"], "arguments": json.dumps(call["arguments"])}
    calls = [{"id": f"call_{len(body['messages'])}", "type": "function", "function": function}]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls"}
    usage = {"prompt_tokens": _prompt(body), "completion_tokens": 9}
    server.work(seen, tokens=usage["prompt_tokens"] + 9)
    return ok({"id": "chatcmpl-test", "model": body["model"], "choices": [choice], "usage": usage})


def _refuse(condition: object, message: str) -> None:
    if condition:
        raise Refused(error(400, message))


def _check(body: Mapping[str, Any]) -> None:
    for name in UNSUPPORTED:
        _refuse(name in body, f"`{name}` is not supported with this model")
    for name in body:
        _refuse(name not in FIELDS, f"property '{name}' is unsupported")
    model = body.get("model", "")
    known = find(model)
    if known and known.retired_on:
        raise Refused(decommissioned(model))
    if known is None or "chat" not in known.tasks:
        raise Refused(unknown_model(model))
    _refuse(body.get("n", 1) > 1, "'n' : number must be at most 1")
    _refuse(body.get("temperature", 1) > 2, "'temperature' : number must be at most 2")
    _refuse(body.get("temperature", 1) < 0, "'temperature' : number must be at least 0")
    stop = body.get("stop") or []
    _refuse(isinstance(stop, list) and len(stop) > 4, "'stop' : maximum number of items is 4")
    messages = body.get("messages") or []
    _refuse(not messages, "'messages' : minimum number of items is 1")
    for number, message in enumerate(messages):
        place = f"messages.{number}"
        said = f"'{place}' : for 'role:{message.get('role')}' the following must be satisfied"
        for name in message.keys() - {"role", "content", "tool_calls", "tool_call_id"}:
            _refuse(True, f"{said}[('{place}' : property '{name}' is unsupported)]")
    _check_format(body)


def _check_format(body: Mapping[str, Any]) -> None:
    shape = body.get("response_format", {"type": "text"})
    if shape["type"] == "text":
        return
    _refuse(body.get("stream"), "response_format` does not support streaming")
    _refuse(body.get("stop"), "response_format` does not support stop sequences")
    raw = body["model"].startswith("qwen/") and body.get("reasoning_format") == "raw"
    _refuse(raw, "reasoning_format `raw` is not supported with JSON mode")
    if shape["type"] == "json_object":
        said = json.dumps(body["messages"]).lower()
        _refuse(
            "json" not in said,
            "'messages' must contain the word 'json' in some form, to use 'response_format' of "
            "type 'json_object'.",
        )
        return
    _refuse(
        body["model"] not in STRICT,
        "This model does not support response format `json_schema`. See supported models at "
        "https://console.groq.com/docs/structured-outputs#supported-models",
    )
    asked = shape["json_schema"]
    _refuse(not re.fullmatch(r"[\w-]{1,64}", asked["name"]), "invalid response format name")
    if asked.get("strict"):
        _check_strict(asked["name"], asked["schema"], "")


def _check_strict(name: str, schema: Mapping[str, Any], place: str) -> None:
    said = f"invalid JSON schema for response_format: '{name}': {place}: "
    for keyword in schema.keys() - STRICT_KEYWORDS:
        _refuse(True, f"invalid schema for response format: {place}: {keyword} is not supported")
    _refuse(not place and "$ref" in schema, said + "`$ref` is not supported at the root")
    if schema.get("type") == "object":
        closed = schema.get("additionalProperties") is False
        _refuse(not closed, said + "`additionalProperties:false` must be set on every object")
        complete = set(schema.get("required", ())) == set(schema.get("properties", ()))
        _refuse(not complete, said + "`required` must list every property")
    for keyword in ("properties", "$defs", "definitions"):
        for key, part in schema.get(keyword, {}).items():
            _check_strict(name, part, f"{place}/{keyword}/{key}")
    for number, part in enumerate(schema.get("anyOf", ())):
        _check_strict(name, part, f"{place}/anyOf/{number}")
    if "items" in schema:
        _check_strict(name, schema["items"], f"{place}/items")


def _check_json(body: Mapping[str, Any], text: str, *, cut: bool) -> None:
    shape = body.get("response_format", {"type": "text"})
    if shape["type"] == "text":
        return
    try:
        value = json.loads(text)
        if shape["type"] == "json_schema":
            jsonschema.validate(value, shape["json_schema"]["schema"])
    except jsonschema.ValidationError as fault:
        message = (
            "Generated JSON does not match the expected schema. Please adjust your prompt. See "
            f"'failed_generation' for more details. Error: jsonschema: {fault.message}"
        )
    except ValueError:
        message = (
            "Failed to validate JSON. Please adjust your prompt. See 'failed_generation' for more "
            "details."
        )
    else:
        return
    told = {"message": message, "type": "invalid_request_error", "code": "json_validate_failed"}
    failed = {**told, "failed_generation": "" if cut else text}
    raise Refused(Answer(400, json.dumps({"error": failed}).encode()))


def _scripted(server: Server, body: dict[str, Any]) -> str | Mapping[str, Any]:
    with server.lock:
        reply: Scripted = server.replies.popleft() if server.replies else _echo
    return reply(body) if callable(reply) else reply


def _echo(body: Mapping[str, Any]) -> str:
    said = body["messages"][-1]["content"]
    if body.get("response_format", {"type": "text"})["type"] == "text":
        return f"You said: {said}"
    return json.dumps({"said": said})


def _stopped(text: str, stop: str | Sequence[str] | None) -> str:
    for each in [stop] if isinstance(stop, str) else stop or ():
        text = text.partition(each)[0]
    return text


def _tokens(text: str) -> list[str]:
    """Words with the space before them."""
    return re.findall(r"\s*\S+|\s+$", text)


def _events(
    body: Mapping[str, Any], pieces: Sequence[str], finish_reason: str, usage: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    named = {"id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 1}
    named |= {"model": body["model"]}

    def choices(delta: Mapping[str, str], ended: str | None = None) -> list[dict[str, Any]]:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": ended}]

    begun = {"role": "assistant", "content": ""}
    yield {**named, "choices": choices(begun), "x_groq": {"id": "req_01test"}}
    for piece in pieces:
        yield {**named, "choices": choices({"content": piece})}
    x_groq = {"id": "req_01test", "usage": usage}
    yield {**named, "choices": choices({}, finish_reason), "x_groq": x_groq}
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {**named, "choices": [], "usage": usage}
