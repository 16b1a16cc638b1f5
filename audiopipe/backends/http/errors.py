"""Replies that are refusals, mapped to errors by a table; and the waits that servers dictate."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from audiopipe.backends.catalog import find
from audiopipe.errors import (
    AuthError,
    BackendError,
    BadReply,
    InvalidAnswer,
    ModelUnavailable,
    RateLimited,
    RejectedRequest,
    RequestTooLarge,
    ServerFault,
)

_MOST_CHARACTERS = 300  # of a server's own words in one line


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered.

    Attributes:
        status: HTTP status code.
        headers: by lower-case name.
        content: the body as it came.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body decoded.

        Raises:
            BadReply: it is not JSON, or only the beginning of it.
        """
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise BadReply(f"the reply is not JSON: {_line(self.text)[:60]!r}") from error


@dataclass(frozen=True, slots=True)
class _Row:
    """Statuses (empty: any) and a pattern in the code and message, the error, and what to do."""

    statuses: Collection[int]
    pattern: str
    error: type[BackendError]
    advice: str


_ROWS = (
    _Row((), r"model_decommissioned|decommissioned", ModelUnavailable, "take another with -m"),
    _Row((), r"model_terms_required|terms acceptance", ModelUnavailable, ""),
    _Row((400, 404), r"model_not_found|model .* does not exist", ModelUnavailable, "check -m"),
    _Row(
        (),
        r"blocked_api_access|spend_limit|spend alert|insufficient_quota|billing_hard_limit",
        AuthError,
        "raise the spend limit in the account's billing settings",
    ),
    _Row((402,), "", AuthError, "check the account's billing"),
    _Row((401,), "", AuthError, "check the API key"),
    _Row(
        (403,),
        r"network|access denied|1010|cloudflare|<html",
        AuthError,
        "this network is refused, whatever the key: leave the VPN or proxy, or use another one",
    ),
    _Row((403,), "", AuthError, "the key may not do this: check its permissions"),
    _Row((400,), r"json_validate_failed", InvalidAnswer, ""),
    _Row(
        (400, 413),
        r"context_length_exceeded|maximum context length|tokens per (minute|day)",
        RequestTooLarge,
        "send less text, or ask for fewer tokens with --max-tokens",
    ),
    _Row(
        (413,),
        r"rate_limit_exceeded|limit \d+, requested \d+|per (hour|day|minute)",
        RequestTooLarge,
        "one request asks for more than the whole allowance: take a shorter --chunk-length",
    ),
    _Row((413,), "", RequestTooLarge, "too many bytes: take a shorter --chunk-length"),
    _Row((400,), r"too large|size limit", RequestTooLarge, "take a shorter --chunk-length"),
    _Row((429,), "", RateLimited, "wait, or send less at once with --workers"),
    _Row((*range(300, 400), 404, 405), "", RejectedRequest, "check the base URL"),
    _Row((422,), r"\"detail\"", RejectedRequest, ""),
    _Row((422,), "", BadReply, ""),
    _Row((408, 409, 425, 498), "", ServerFault, "try again later"),
    _Row(range(500, 600), "", ServerFault, "try again later"),
    _Row((), "", RejectedRequest, ""),
)
"""From the special to the general; the first row that fits decides. A status says too little: 400
and 413 each stand for several things, told apart by code and message only."""


def fault(reply: Reply, what: str, now_s: float) -> BackendError:
    """The error that a refusal means, in one line: what was sent, the answer, what to do.

    Args:
        reply: with a status that is not a success.
        what: what was sent, and to whom.
        now_s: seconds since the epoch, for waits that are given as a date.
    """
    code, message = _said(reply)
    probe = f"{code} {message} {reply.text[:2000]}"
    row = next(
        row
        for row in _ROWS
        if (not row.statuses or reply.status in row.statuses)
        and re.search(row.pattern, probe, re.IGNORECASE)
    )
    name = code or _phrase(reply.status)
    line = f"{what}: {' '.join(filter(None, [str(reply.status), name]))}"
    line += f": {message}" if message else ""
    advice = _successor(message) or row.advice
    line += f"; {advice}" if advice else ""
    kind = _overruled(row.error, reply.headers.get("x-should-retry", ""))
    if issubclass(kind, RateLimited | ServerFault):
        return kind(line, dictated_wait_s(reply, now_s))
    if kind is InvalidAnswer:
        return InvalidAnswer(line, _failed_generation(reply))
    return kind(line)


def dictated_wait_s(reply: Reply, now_s: float) -> float | None:
    """Seconds that the server asks to wait, at least 0; None if it does not say.

    The first of: `retry-after-ms`, `retry-after` (seconds, a duration, or an HTTP date), and "try
    again in 1m39.738s" in the body. Groq leaves the header out for some limits.
    """
    milliseconds = reply.headers.get("retry-after-ms", "")
    if re.fullmatch(r"\d+(\.\d+)?", milliseconds):
        return float(milliseconds) / 1000
    header = reply.headers.get("retry-after", "")
    if (wait_s := duration_s(header)) is not None:
        return wait_s
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now_s)
    except ValueError:
        said = re.search(r"try again in ([\d.hmsuµn]*[hmsun])", reply.text)
        return duration_s(said[1]) if said else None


_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def duration_s(text: str) -> float | None:
    """Seconds of a duration as Go writes it, such as 2m59.56s or 500ms; a bare number is seconds.

    None if the text is no duration. Groq's waits and `x-ratelimit-reset-*` headers look like this.
    """
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def _overruled(kind: type[BackendError], wish: str) -> type[BackendError]:
    """The kind of error after the server's own word on whether the same request may be repeated."""
    temporary = issubclass(kind, RateLimited | ServerFault | BadReply)
    if wish == "true" and not temporary:
        return ServerFault
    return RejectedRequest if wish == "false" and temporary else kind


def _said(reply: Reply) -> tuple[str, str]:
    """Code and message of an error body: an object, a text, `detail`, HTML, or nothing at all."""
    try:
        body = reply.json()
    except BadReply:
        text = re.sub(r"<(style|script|head).*?</\1>|<[^>]*>", " ", reply.text, flags=re.S)
        return "", _line(text)
    error = body.get("error", body.get("detail", body)) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return "", _line(error if isinstance(error, str) else json.dumps(error))
    code = error.get("code") or error.get("type") or ""
    return str(code), _line(str(error.get("message") or error.get("detail") or ""))


def _failed_generation(reply: Reply) -> str:
    """The answer that was no JSON, which Groq gives back; "" where it ran out of tokens."""
    try:
        return str(reply.json()["error"]["failed_generation"] or "")
    except (BadReply, LookupError, TypeError):
        return ""


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}..."


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _successor(message: str) -> str:
    """What to take in place of a retired model that the message names."""
    named = re.search(r"model `([^`]+)`", message)
    model = find(named[1]) if named else None
    return f"take -m {model.replacement}" if model and model.replacement else ""
