"""Tools: functions that a model may have called before it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from audiopipe.conversation.answer import Desk, chat
from audiopipe.conversation.schema.types import adapter
from audiopipe.errors import InvalidAnswer, UsageError
from audiopipe.values.requests import ChatRequest, Message, Reply, ToolCall, Usage

Tool: TypeAlias = Callable[..., Any] | Mapping[str, Any]
"""A function, of which name, docstring and annotations tell what it does; or a definition."""

_MOST_ROUNDS = 10
"""Answers that only call tools, before the model is given up."""

Toolbox = Mapping[str, Tool]


def toolbox(tools: Iterable[Tool]) -> Toolbox:
    """The tools by their names.

    Raises:
        UsageError: one has no name, or two have the same.
    """
    named: dict[str, Tool] = {}
    for tool in tools:
        name = _definition(tool)["function"]["name"]
        if name in named:
            raise UsageError(f"two tools are called {name}")
        named[name] = tool
    return named


def with_tools(request: ChatRequest, desk: Desk, tools: Toolbox) -> Reply:
    """The answer of a model that may call tools.

    Functions are called, one after another, and their results go back until the model answers.
    Arguments that a function does not take are told to the model; what a function raises is raised.
    Calls of tools that are no functions are the caller's: the reply has them.

    Raises:
        InvalidAnswer: the model calls tools without end.
        UsageError, BackendError, LimitReached: as `chat`.
    """
    definitions = [_definition(tool) for tool in tools.values()]
    asked = replace(request, tools=json.dumps(definitions))
    usage = Usage()
    turns: tuple[Message, ...] = ()
    for _ in range(_MOST_ROUNDS):
        reply = chat(asked, desk)
        usage += reply.usage
        if not reply.tool_calls or not all(map(callable, _called(reply, tools))):
            return replace(reply, usage=usage, turns=turns)
        results = [_result(call, tools.get(call.name)) for call in reply.tool_calls]
        turns += (Message("assistant", reply.text, reply.tool_calls), *results)
        # a tool that must be called has been: else no answer could ever come
        asked = replace(asked, messages=request.messages + turns, tool_choice="")
    raise InvalidAnswer(f"{reply.model} called tools {_MOST_ROUNDS} times and gave no answer", "")


def _called(reply: Reply, tools: Toolbox) -> list[Any]:
    return [tools.get(call.name, _unknown) for call in reply.tool_calls]


def _unknown() -> None:
    """Stands for a tool that there is not: the model is told so."""


def _result(call: ToolCall, tool: Any) -> Message:
    return Message("tool", _told(call, tool), tool_call_id=call.id)


def _told(call: ToolCall, tool: Any) -> str:
    if tool is None:
        return f"error: there is no tool {call.name}"
    try:
        value = json.loads(call.arguments or "{}")
        arguments = adapter(tool).validate_python  # calls the function once they are valid
    except ValueError as error:
        return f"error: the arguments are no JSON: {error}"
    from pydantic import ValidationError

    try:
        result = arguments(value)
    except ValidationError as error:
        return f"error: {error}"
    return result if isinstance(result, str) else json.dumps(result, default=str)


def _definition(tool: Tool) -> Mapping[str, Any]:
    """A tool in the API's form."""
    if isinstance(tool, Mapping):
        whole = tool if "function" in tool else {"type": "function", "function": tool}
        if not isinstance(whole["function"], Mapping) or not whole["function"].get("name"):
            raise UsageError(f"not a tool: {dict(tool)!r}; it needs a function with a name")
        return whole
    told = {
        "name": tool.__name__,
        "description": " ".join((tool.__doc__ or tool.__name__).split()),
        "parameters": adapter(tool).json_schema(),
    }
    return {"type": "function", "function": told}
