"""Messages as users write them: in the API's form, or as ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from audiopipe.errors import UsageError
from audiopipe.values.requests import Message, ToolCall

_KEYS = {"role", "content", "tool_calls", "tool_call_id"}
_ROLES = ("system", "user", "assistant", "tool")


def message_of(given: Message | Mapping[str, Any]) -> Message:
    """A message of a dict with `role` and `content`, and of a tool what belongs to it.

    Raises:
        UsageError: it is none, or has what no server takes.
    """
    if isinstance(given, Message):
        return given
    if more := given.keys() - _KEYS:
        raise UsageError(
            f"messages[].{min(more)} is not supported: Groq refuses it; a message has role and "
            "content"
        )
    calls = tuple(_calls(given.get("tool_calls") or ()))
    role, content = given.get("role"), given.get("content")
    if content is None and calls:
        content = ""
    if role not in _ROLES or not isinstance(content, str):
        raise UsageError(
            f"not a message: {dict(given)!r}; its role is system, user or assistant, and its "
            "content is text"
        )
    return Message(role, content, calls, str(given.get("tool_call_id") or ""))


def _calls(given: Any) -> Iterator[ToolCall]:
    for call in given:
        if isinstance(call, ToolCall):
            yield call
            continue
        try:
            function = call["function"]
            arguments = function["arguments"]
            text = arguments if isinstance(arguments, str) else json.dumps(arguments)
            yield ToolCall(str(call["id"]), str(function["name"]), text)
        except (LookupError, TypeError) as error:
            raise UsageError(f"not a call of a tool: {call!r}") from error
