"""Errors as servers put them into bodies of JSON, whatever the status says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_WORDS = ("message", "msg", "detail", "details", "error_message", "error_description", "reason")
_FAILED = ("error", "fail", "failed", "failure")
_CONTENT = ("text", "segments", "words", "choices", "data", "utterances", "results")
"""Fields of answers: without any of them, words alone are a complaint."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a server says is wrong; "" and None where it does not say."""

    code: str = ""
    message: str = ""
    status: int | None = None


def complaint(body: Any) -> Complaint | None:
    """The error that a body tells of; None if it is an answer, or may be one."""
    if not isinstance(body, Mapping):
        return None
    if body.get("error"):
        return said(body)
    failed = body.get("success") is False or body.get("ok") is False
    failed |= str(body.get("status", "")).lower() in _FAILED or body.get("object") == "error"
    failed |= bool(body.get("errors")) and not any(body.get(name) for name in _CONTENT)
    worded = any(isinstance(body.get(name), str | list) and body[name] for name in _WORDS)
    if failed or (worded and not any(name in body for name in _CONTENT)):
        return said(body)
    return None


def said(body: Any) -> Complaint:
    """Code and message of a body that is known to be a refusal: an object, a list, a text."""
    if not isinstance(body, Mapping):
        return Complaint(message=body if isinstance(body, str) else _shown(body))
    inner = next((body[n] for n in ("error", "errors", "detail") if body.get(n)), body)
    if isinstance(inner, list) and len(inner) == 1:
        inner = inner[0]
    if not isinstance(inner, Mapping):
        words = next((body[name] for name in _WORDS if isinstance(body.get(name), str)), "")
        shown = inner if isinstance(inner, str) else _shown(inner)
        return Complaint(message=shown if shown.strip() else words, status=_status(body))
    code = inner.get("code") or inner.get("type") or ""
    words = next((str(inner[name]) for name in _WORDS if inner.get(name)), "")
    place = inner.get("param") or inner.get("loc")  # OpenAI's, and FastAPI's
    if isinstance(place, list):
        place = ".".join(map(str, place))
    if isinstance(place, str) and place not in words:
        words = f"{words} ({place})" if words else place
    if not (words or code):
        words = _shown(inner) if inner else ""
    return Complaint(str(code)[:100], words, _status(inner) or _status(body))


def _status(part: Mapping[str, Any]) -> int | None:
    """The HTTP status that a body names in place of the true one."""
    for name in ("status", "status_code", "code", "statusCode"):
        value = part.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
            value = int(value)
        if type(value) is int and 400 <= value <= 599:
            return value
    return None


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
