"""The endpoint that chats: passed on, under the one budget."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from audiopipe.conversation.answer import Stream
from audiopipe.errors import AudiopipeError
from audiopipe.server.refusals import Refusal, refusal_of
from audiopipe.server.state import client_of, state_of
from audiopipe.server.waiting import DONE, Cut
from audiopipe.values.requests import Reply, Usage

_NUMBERS = {"temperature": 2.0, "top_p": 1.0, "max_completion_tokens": 1e9, "seed": 2.0**63}
_SILENT = frozenset(
    "model messages stream stream_options user metadata store service_tier parallel_tool_calls "
    "prompt_cache_key safety_identifier max_tokens stop response_format".split()
)
"""Fields that are read elsewhere, or change nothing of the answer."""

_NEUTRAL: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "n": (1,),
        "presence_penalty": (0,),
        "frequency_penalty": (0,),
        "logprobs": (False,),
        "tools": ([],),
        "functions": ([],),
        "logit_bias": ({},),
        "tool_choice": ("none", "auto"),
    }
)
"""Values with which a field that is not passed on says nothing."""


async def chat(request: Request) -> Response:
    """A chat model's answer, whole or as it is written."""
    state = state_of(request)
    client = client_of(request, "chat")
    state.gateway.check_quota(client)
    body = await state.intake.json(request)
    messages, options = _messages(body), _options(body)
    stop = state.session.stop.part()
    session = state.session.derive(stop=stop)
    model = str(body.get("model") or "")

    def streamed() -> tuple[Stream, str | None]:
        stream = session.chat_session(model).stream(messages, **options)
        return stream, next(stream, None)

    def asked() -> Reply:
        return session.chat_session(model).ask(messages, **_shape(body), **options)

    async with state.place():
        try:
            if not body.get("stream"):
                answer = await asyncio.to_thread(asked)
                stop.set()
                await state.pay(client, answer.usage if not answer.cached else Usage())
                return JSONResponse(_completion(answer))
            stream, first = await asyncio.to_thread(streamed)
        except BaseException as error:
            stop.set()
            if isinstance(error, AudiopipeError):
                raise refusal_of(error) from error
            raise

    async def written() -> AsyncIterator[str]:
        try:
            async for chunk in _chunks(stream, first, model):
                yield chunk
            if stream.reply and not stream.reply.cached:
                await state.pay(client, stream.reply.usage)
        finally:
            stop.set()

    return StreamingResponse(written(), media_type="text/event-stream")


def _messages(body: Mapping[str, Any]) -> list[dict[str, str]]:
    """The messages, as text: what OpenAI's clients send beside it is turned down."""
    told = body.get("messages")
    if not isinstance(told, list) or not told:
        raise Refusal(400, "messages is not a list of messages", "invalid_value", "messages")
    return [_message(each) for each in told]


def _message(told: Any) -> dict[str, str]:
    if not isinstance(told, dict):
        raise Refusal(400, "a message is an object", "invalid_value", "messages")
    role, content = told.get("role"), told.get("content")
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        content = "".join(texts) if len(texts) == len(parts) else None
    if role == "developer":
        role = "system"
    if role not in ("system", "user", "assistant") or not isinstance(content, str):
        message = "a message has role system, user or assistant, and content that is text"
        raise Refusal(400, message, "unsupported_value", "messages")
    return {"role": role, "content": content}


def _options(body: Mapping[str, Any]) -> dict[str, Any]:
    """What else is asked; of that which cannot be passed on, the first is named."""
    given = {name: value for name, value in body.items() if value is not None}
    if "max_tokens" in given:
        given.setdefault("max_completion_tokens", given["max_tokens"])
    for name in given.keys() - _SILENT - _NUMBERS.keys():
        if given[name] not in _NEUTRAL.get(name, ()):
            message = f"{name[:60]!a} is not passed on by this server"
            raise Refusal(400, message, "unsupported_parameter", name[:60])
    options: dict[str, Any] = {}
    for name, most in _NUMBERS.items():
        if name in given:
            options[name] = _number(name, given[name], most)
    stop = given.get("stop", [])
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or not all(isinstance(each, str) for each in stops):
        raise Refusal(400, "stop is a text, or a list of texts", "invalid_value", "stop")
    return {**options, "stop": tuple(stops)}


def _number(name: str, value: Any, most: float) -> float:
    is_whole = name in ("seed", "max_completion_tokens")
    right = (int,) if is_whole else (int, float)
    if not isinstance(value, right) or isinstance(value, bool) or not abs(value) <= most:
        raise Refusal(400, f"{name} is no number in its bounds", "invalid_value", name)
    return value


def _shape(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the answer must be."""
    told = body.get("response_format") or {}
    kind = told.get("type") if isinstance(told, dict) else None
    match kind if told else "text":
        case "text":
            return {}
        case "json_object":
            return {"json": True}
        case "json_schema":
            schema = told.get("json_schema")
            if isinstance(schema, dict) and isinstance(schema.get("schema"), dict):
                return {"schema": schema["schema"]}
    raise Refusal(400, "response_format is of no known type", "invalid_value", "response_format")


def _completion(reply: Reply) -> dict[str, Any]:
    usage = reply.usage
    message = {"role": "assistant", "content": reply.text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    return {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": reply.model,
        "choices": [{**choice, "logprobs": None}],
        "usage": _tokens(usage),
    }


def _tokens(usage: Usage) -> dict[str, int]:
    read, written = usage.prompt_tokens, usage.completion_tokens
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


async def _chunks(stream: Stream, first: str | None, model: str) -> AsyncIterator[str]:
    head = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }

    def chunk(delta: dict[str, str], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return f"data: {json.dumps({**head, 'choices': [choice], **more})}\n\n"

    yield chunk({"role": "assistant", "content": first or ""})
    try:
        async for piece in iterate_in_threadpool(stream):
            yield chunk({"content": piece})
    except AudiopipeError as error:
        yield f"data: {json.dumps(refusal_of(error).body())}\n\n"
        raise Cut from error
    reply = stream.reply
    yield chunk({}, reply.finish_reason if reply else "stop")
    if reply:
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': _tokens(reply.usage)})}\n\n"
    yield DONE
