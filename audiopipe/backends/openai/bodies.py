"""Parts of a chat request's body, and what becomes of them where a server knows less."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from audiopipe.backends.wire.chat import Said, calls_of
from audiopipe.values.requests import ChatRequest, Message

_RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}


def shape_asked(request: ChatRequest) -> dict[str, Any] | None:
    """The field `response_format`; None for text."""
    if request.schema:
        shape = {"name": "answer", "strict": True, "schema": json.loads(request.schema)}
        return {"type": "json_schema", "json_schema": shape}
    return {"type": "json_object"} if request.json else None


ANSWER = "answer"
"""The tool by which a model answers in JSON where its server has no JSON mode."""


def is_by_tool(request: ChatRequest, facts: Mapping[str, str]) -> bool:
    """Whether the answer is asked for as the arguments of a tool."""
    return bool(request.form) and facts.get("response_format") == _BY_TOOL


_BY_TOOL = "tools"


def answering_tool(request: ChatRequest) -> dict[str, Any]:
    """The tool whose arguments are the answer."""
    told = {
        "name": ANSWER,
        "description": "Give the answer.",
        "parameters": json.loads(request.form),
    }
    return {"type": "function", "function": told}


def as_text(said: Said) -> Said:
    """What the model gave to the tool, as its answer."""
    return replace(said, text=said.calls[0].arguments, calls=(), finish_reason="stop")


def turn(message: Message) -> dict[str, Any]:
    """A message in the API's form."""
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        turn |= {"content": message.content or None, "tool_calls": calls_of(message.tool_calls)}
    if message.tool_call_id:
        turn["tool_call_id"] = message.tool_call_id
    return turn


def choice(tool: str) -> Any:
    """One of the API's words, or a tool that must be called."""
    if tool in ("", "auto", "none", "required"):
        return tool or None
    return {"type": "function", "function": {"name": tool}}


def spoken(body: dict[str, Any], facts: Mapping[str, str]) -> dict[str, Any]:
    """The body without what the server has refused, and with the names that it knows."""
    words = {name: "" if to == _BY_TOOL else to for name, to in facts.items()}
    names = {name: words.get(name, name) for name in body}
    return {names[name]: value for name, value in body.items() if names[name]}


def lesser(field: str, facts: Mapping[str, str]) -> Mapping[str, str] | None:
    """What to do without a field: most tokens have two names, the others are left out."""
    if not field:
        return None
    if field in ("tools", "tool_choice"):
        return {"response_format": ""}
    if field == "response_format" and field not in facts:
        return {field: _BY_TOOL}
    other = _RENAMED.get(field)
    if other and facts.get(other) != field:
        return {field: other}
    if other:
        return {field: "", other: ""}
    return {field: ""}
