"""Chat completions and their events to values: what a model said, or why it said nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from audiopipe.backends.wire.complaint import complaint
from audiopipe.backends.wire.decode import json_of
from audiopipe.errors import BadReply, RejectedRequest, ServerFault
from audiopipe.text.clean import one_line, printable
from audiopipe.text.thoughts import without_thoughts
from audiopipe.values.requests import ToolCall

_MOST_TOKENS = 100_000_000
"""Of one answer: more is no count."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one completion says, or one event of it.

    Attributes:
        text: the answer, or a piece of it.
        model: who answered; "" where nobody says.
        finish_reason: why it ends; "" where it does not yet.
        refusal: why the model does not answer; "" where it does.
        prompt_tokens, completion_tokens: 0 where nobody counts.
        calls: tools that the model calls.
    """

    text: str = ""
    model: str = ""
    finish_reason: str = ""
    refusal: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: tuple[ToolCall, ...] = ()


def completion(answer: bytes | str, *, has_tools: bool = False) -> Said:
    """A whole completion.

    Args:
        answer: the body.
        has_tools: whether the model was given any, and may call them in place of an answer.

    Raises:
        BadReply: it is none.
        RejectedRequest: the model gave no text, and why.
    """
    body = json_of(answer)
    if told := complaint(body):
        raise BadReply(f"the reply is an error: {one_line(told.message or told.code)}")
    said = _said(body, "message")
    if said is None:
        shown = answer if isinstance(answer, str) else answer[:100].decode("utf-8", "replace")
        raise BadReply(f"the reply is no chat completion: {one_line(shown, 60)!r}")
    said = replace(said, text=without_thoughts(said.text))
    return said if has_tools and said.calls else checked(said)


def event(data: str) -> Said:
    """An event of a stream, or a whole completion where the server knows no streams.

    Raises:
        ServerFault: it tells that the server goes no further.
        BadReply: it is none.
    """
    if data.strip() == "[DONE]":
        return Said(finish_reason="stop")
    body = json_of(data)
    if isinstance(body, Mapping):
        inner = body.get("x_groq")
        told = complaint(body) or (complaint(inner) if isinstance(inner, Mapping) else None)
        if told:
            what = one_line(told.message or told.code)
            raise ServerFault(f"the server stopped early: {what}; try again later")
    said = _said(body, "delta") or _said(body, "message")
    if said is None:
        raise BadReply(f"not an event of a chat: {one_line(data, 60)!r}")
    return said


def checked(said: Said) -> Said:
    """The same, if it is an answer.

    Raises:
        RejectedRequest: it is empty, or a refusal.
    """
    if said.refusal:
        raise RejectedRequest(f"{said.model} refuses to answer: {one_line(said.refusal)}")
    # a zero-width space or a byte order mark says nothing
    if any(char.isprintable() and not char.isspace() for char in said.text):
        return said
    why = "it called a tool" if said.calls else f"it ended with {said.finish_reason or 'nothing'!r}"
    advice = "; raise --max-tokens" if said.finish_reason == "length" else ""
    raise RejectedRequest(f"{said.model or 'the model'} gave no text: {why}{advice}")


def calls_of(calls: Iterable[ToolCall]) -> list[dict[str, Any]]:
    """Calls in the API's form."""
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in calls
    ]


def body_of(said: Said) -> bytes:
    """A completion that says so, for `completion`."""
    message: dict[str, Any] = {"role": "assistant", "content": said.text}
    if said.calls:
        message["tool_calls"] = calls_of(said.calls)
    choices = [{"index": 0, "message": message, "finish_reason": said.finish_reason}]
    usage = {"prompt_tokens": said.prompt_tokens, "completion_tokens": said.completion_tokens}
    return json.dumps({"model": said.model, "choices": choices, "usage": usage}).encode()


def _said(body: Any, part: str) -> Said | None:
    """What the first choice says in its message or delta; None if that is no completion."""
    choice = _choice(body, part)
    if choice is None:
        return None
    message = choice.get(part) or {}
    text = _text(message.get("content")) if isinstance(message, Mapping) else None
    if text is None:
        return None
    refusal = message.get("refusal")
    prompt, completed = _counts(body)
    return Said(
        printable(text),
        one_line(str(body.get("model") or ""), 100),
        one_line(str(choice.get("finish_reason") or ""), 40),
        printable(refusal) if isinstance(refusal, str) else "",
        prompt,
        completed,
        tuple(_calls(message.get("tool_calls"))),
    )


def _calls(told: Any) -> Iterator[ToolCall]:
    """The tools that a message calls."""
    for call in told if isinstance(told, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        function = function if isinstance(function, Mapping) else {}
        arguments = function.get("arguments")
        text = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
        call_id = call.get("id") if isinstance(call, Mapping) else ""
        yield ToolCall(str(call_id or ""), one_line(str(function.get("name") or ""), 100), text)


def _choice(body: Any, part: str) -> Mapping[str, Any] | None:
    """The first choice with a message or delta; an empty one of an event that only counts."""
    if not isinstance(body, Mapping):
        return None
    choices = body.get("choices")
    if not choices:
        return {} if part == "delta" and ("usage" in body or "choices" in body) else None
    first = choices[0] if isinstance(choices, list) else None
    if not isinstance(first, Mapping):
        return None
    ends = part == "delta" and "message" not in first and first.get("finish_reason")
    return first if part in first or ends else None


def _text(content: Any) -> str | None:
    """A content: text, parts of it, or nothing at all; None if it is something else."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        return None
    parts: Iterable[Any] = (p.get("text") if isinstance(p, Mapping) else p for p in content)
    return "".join(part for part in parts if isinstance(part, str))


def _counts(body: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens read and written, as Groq, OpenAI and others tell them."""
    inner = body.get("x_groq")
    usage = body.get("usage") or (inner.get("usage") if isinstance(inner, Mapping) else None)
    counts = usage if isinstance(usage, Mapping) else {}
    return _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))


def _count(value: Any) -> int:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if good and 0 <= value <= _MOST_TOKENS else 0
