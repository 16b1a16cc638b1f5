"""The endpoint that chats: passed on, under the one budget."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeVar

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from audiopipe.backends.wire.chat import calls_of
from audiopipe.errors import AudiopipeError
from audiopipe.server.refusals import Refusal, refusal_of
from audiopipe.server.state import client_of, state_of
from audiopipe.server.waiting import BEAT_S, DONE, WAIT, Cut, kept_alive, soon
from audiopipe.session import Session
from audiopipe.values.requests import Reply, Usage

T = TypeVar("T")

_NUMBERS = {"temperature": 2.0, "top_p": 1.0, "max_completion_tokens": 1e9, "seed": 2.0**63}
_SILENT = frozenset(
    "model messages stream stream_options user metadata store service_tier parallel_tool_calls "
    "prompt_cache_key safety_identifier max_tokens stop response_format tools tool_choice".split()
)
"""Fields that are read elsewhere, or change nothing of the answer."""

_NEUTRAL: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "n": (1,),
        "presence_penalty": (0,),
        "frequency_penalty": (0,),
        "logprobs": (False,),
        "functions": ([],),
        "logit_bias": ({},),
    }
)
"""Values with which a field that is not passed on says nothing."""


Begun = tuple[Iterator[str], Callable[[], Reply | None]]
"""The pieces of an answer, and what tells it whole once they have ended."""


async def chat(request: Request) -> Response:
    """A chat model's answer, whole or as it is written."""
    state = state_of(request)
    client = client_of(request, "chat")
    state.gateway.check_quota(client)
    question = _Question.of(await state.intake.json(request))
    stop = state.session.stop.part()
    purse = state.gateway.allowance(client.name)
    session = state.session.derive(stop=stop, spending=purse)

    async def done(work: Callable[[Session], T]) -> T:
        try:
            async with state.place():
                return await asyncio.to_thread(work, session)
        except BaseException as error:
            stop.set()
            if isinstance(error, AudiopipeError):
                raise refusal_of(error) from error
            raise

    hold_s = state.settings.hold_s
    if not question.streams:
        answer = asyncio.ensure_future(done(question.ask))
        answer.add_done_callback(lambda _: stop.set())
        return await kept_alive(answer, hold_s, lambda reply: JSONResponse(_completion(reply)))
    beginning = asyncio.ensure_future(done(question.begin))
    await soon(beginning, hold_s)

    async def written() -> AsyncIterator[str]:
        try:
            async for chunk in _chunks(beginning, question.model):
                yield chunk
        finally:
            beginning.cancel()
            stop.set()

    return StreamingResponse(written(), media_type="text/event-stream")


@dataclass(frozen=True, slots=True)
class _Question:
    """What a body asks."""

    messages: list[dict[str, Any]]
    model: str
    streams: bool
    tools: list[dict[str, Any]]
    shape: dict[str, Any]
    options: dict[str, Any]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> _Question:
        messages, options, tools = _messages(body), _options(body), _tools(body)
        shape = _shape(body)
        if tools and shape:
            raise Refusal(400, "tools and response_format exclude each other", "unsupported_value")
        model = str(body.get("model") or "")
        return cls(messages, model, bool(body.get("stream")), tools, shape, options)

    def ask(self, session: Session) -> Reply:
        """The whole answer."""
        more = {**self.shape, **self.options}
        return session.chat_session(self.model).ask(self.messages, tools=self.tools, **more)

    def begin(self, session: Session) -> Begun:
        """The answer as it is written, once its first piece is there."""
        if self.tools:  # whose calls come whole
            reply = self.ask(session)
            return iter([reply.text]), lambda: reply
        stream = session.chat_session(self.model).stream(self.messages, **self.options)
        return chain((next(stream, ""),), stream), lambda: stream.reply


def _messages(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages, as text: what OpenAI's clients send beside it is turned down."""
    told = body.get("messages")
    if not isinstance(told, list) or not told:
        raise Refusal(400, "messages is not a list of messages", "invalid_value", "messages")
    return [_message(each) for each in told]


def _message(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise Refusal(400, "a message is an object", "invalid_value", "messages")
    role, content = told.get("role"), told.get("content")
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        content = "".join(texts) if len(texts) == len(parts) else None
    if role == "developer":
        role = "system"
    calls = told.get("tool_calls") if role == "assistant" else None
    if calls and content is None:
        content = ""
    if role not in ("system", "user", "assistant", "tool") or not isinstance(content, str):
        message = "a message has role system, user, assistant or tool, and content that is text"
        raise Refusal(400, message, "unsupported_value", "messages")
    if role == "tool":
        return {"role": role, "content": content, "tool_call_id": str(told.get("tool_call_id"))}
    return {"role": role, "content": content, **({"tool_calls": calls} if calls else {})}


def _tools(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the model may call: functions alone."""
    told = body.get("tools") or []
    functions = [each.get("function") if isinstance(each, dict) else None for each in told]
    if not isinstance(told, list) or not all(
        isinstance(each, dict) and isinstance(each.get("name"), str) for each in functions
    ):
        raise Refusal(400, "tools is no list of functions", "invalid_value", "tools")
    return told


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
    return {**options, "stop": tuple(stops), "tool_choice": _choice(given)}


def _choice(given: Mapping[str, Any]) -> str | None:
    """Which tool is to be called; None where there are none."""
    told = given.get("tool_choice")
    if isinstance(told, dict):
        function = told.get("function")
        told = function.get("name") if isinstance(function, dict) else told
    if told is not None and not isinstance(told, str):
        raise Refusal(400, "tool_choice names no function", "invalid_value", "tool_choice")
    return told if given.get("tools") else None


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
    content = reply.text or None
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if reply.tool_calls:
        message |= {"tool_calls": calls_of(reply.tool_calls)}
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


async def _chunks(beginning: asyncio.Future[Begun], model: str) -> AsyncIterator[str]:
    head = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return f"data: {json.dumps({**head, 'choices': [choice], **more})}\n\n"

    try:
        while not beginning.done():
            yield WAIT
            await soon(beginning, BEAT_S)
        pieces, replied = beginning.result()
        yield chunk({"role": "assistant", "content": ""})
        written = iterate_in_threadpool(pieces)
        while True:
            following = asyncio.ensure_future(anext(written, None))
            while not await soon(following, BEAT_S):
                yield WAIT
            if (piece := following.result()) is None:
                break
            if piece:
                yield chunk({"content": piece})
    except (Refusal, AudiopipeError) as error:
        refusal = error if isinstance(error, Refusal) else refusal_of(error)
        yield f"data: {json.dumps(refusal.body())}\n\n"
        raise Cut from error
    reply = replied()
    for index, call in enumerate(calls_of(reply.tool_calls) if reply else ()):
        yield chunk({"tool_calls": [{"index": index, **call}]})
    yield chunk({}, reply.finish_reason if reply else "stop")
    if reply:
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': _tokens(reply.usage)})}\n\n"
    yield DONE
