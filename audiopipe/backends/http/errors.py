"""Replies that are refusals, mapped to errors by a table; and the waits that servers dictate."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from audiopipe.backends.catalog import find
from audiopipe.backends.http.figures import wait_s
from audiopipe.backends.http.reply import Reply
from audiopipe.backends.wire.complaint import Complaint, complaint, said
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
from audiopipe.text.clean import one_line

MOST_PROBED = 4000
"""Characters of a body that are searched for words: patterns on more could take minutes."""


class Unsupported(RejectedRequest):
    """A field of the request is what the server does not know; without it, it may be taken.

    Args:
        message: one line for the user.
        field: the name of the field; "" where the server does not say which.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TooManyBytes(RequestTooLarge):
    """An upload of more bytes than the server takes.

    Args:
        message: one line for the user.
        limit_bytes: what it says it takes; 0 where it does not say.
    """

    def __init__(self, message: str, limit_bytes: int = 0) -> None:
        super().__init__(message)
        self.limit_bytes = limit_bytes


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
    # the model has called a tool that nobody offered, which it seldom does twice
    _Row((400,), r"tool_use_failed", ServerFault, "try again later"),
    _Row(
        (400, 413),
        r"context_length_exceeded|exceed_context_size|tokens per (minute|day)"
        r"|(maximum|available|exceeds?|greater than) ([\w']+ ){0,4}context (length|size|window)",
        RequestTooLarge,
        "send less text, or ask for fewer tokens with --max-tokens",
    ),
    _Row(
        (413,),
        r"rate_limit_exceeded|limit \d+, requested \d+|per (hour|day|minute)",
        RequestTooLarge,
        "one request asks for more than the whole allowance: take a shorter --chunk-length",
    ),
    _Row((413,), "", TooManyBytes, "too many bytes: take a shorter --chunk-length"),
    _Row((400,), r"too large|size limit", TooManyBytes, "take a shorter --chunk-length"),
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


def fault(
    reply: Reply,
    what: str,
    now_s: float,
    *,
    hidden: Callable[[str], str] = str,
    optional: Collection[str] = (),
) -> BackendError:
    """The error that a refusal means, in one line: what was sent, the answer, what to do.

    Args:
        reply: with a status that is not a success, or a body that tells of an error all the same.
        what: what was sent, and to whom.
        now_s: seconds since the epoch, for waits that are given as a date.
        hidden: strikes secrets from what the server says.
        optional: fields of the request that it may do without.
    """
    told = _told(reply, hidden)
    status = told.status or reply.status if reply.is_good else reply.status
    probe = f"{told.code} {told.message} {reply.text[:2000]}"[:MOST_PROBED]
    row = next(
        row
        for row in _ROWS
        if (not row.statuses or status in row.statuses)
        and re.search(row.pattern, probe, re.IGNORECASE)
    )
    message = one_line(told.message)
    name = one_line(told.code, 60) or _phrase(reply.status)
    line = f"{what}: {' '.join(filter(None, [str(reply.status), name]))}"
    line += f": {message}" if message else ""
    advice = _successor(message) or row.advice
    line += f"; {advice}" if advice else ""
    kind = _overruled(row.error, reply.headers.get("x-should-retry", ""))
    if kind in (RejectedRequest, BadReply) or status in (500, 501):
        field = _unsupported(told, status, optional)
        if field is not None:
            return Unsupported(line, field)
    if issubclass(kind, RateLimited | ServerFault):
        return kind(line, dictated_wait_s(reply, now_s))
    if kind is InvalidAnswer:
        return InvalidAnswer(line, _failed_generation(reply))
    if kind is TooManyBytes:
        return TooManyBytes(line, _limit_bytes(message))
    error = kind(line)
    if isinstance(error, RejectedRequest):
        error.status = status
    return error


def told_in(reply: Reply) -> bool:
    """Whether an answer with a good status tells of an error all the same."""
    if reply.content.lstrip()[:1] != b"{":
        return False
    try:
        return complaint(reply.json()) is not None
    except BadReply:
        return False


def dictated_wait_s(reply: Reply, now_s: float) -> float | None:
    """Seconds that the server asks to wait, as `figures.wait_s` reads them; None if none is told.

    The first of: `retry-after-ms`, `retry-after`, and "try again in 1m39.738s" in the body. Groq
    leaves the header out for some limits. Dates are taken by the server's own clock if it tells it.
    """
    now_s = _servers_now_s(reply.headers.get("date", ""), now_s)
    milliseconds = reply.headers.get("retry-after-ms", "").strip()
    said_in = re.search(
        r"(?:try again|retry|wait)(?: in| after| for)? ([\d.]+ ?[a-zµ]+(?:[\d.]+[a-zµ]+)*)",
        reply.text[:MOST_PROBED],
        re.IGNORECASE,
    )
    texts = (
        f"{milliseconds}ms" if milliseconds else "",
        reply.headers.get("retry-after", ""),
        said_in[1] if said_in else "",
    )
    waits = (wait_s(text, now_s) for text in texts)
    return next((wait for wait in waits if wait is not None), None)


def _servers_now_s(date: str, now_s: float) -> float:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError, OSError):
        return now_s


def _unsupported(told: Complaint, status: int, optional: Collection[str]) -> str | None:
    """The optional field that the server objects to; "" if it objects to it knows what."""
    if not optional or status in (404, 405, 408, 409, 425):
        return None
    words = f"{told.code} {told.message}".lower()
    for field in optional:
        if re.search(_MENTIONS.get(field, rf"\b{re.escape(field)}\b"), words):
            return field
    return "" if status in (400, 415, 422, 501) and not told.message.strip() else None


_MENTIONS: Mapping[str, str] = {
    "timestamp_granularities[]": r"granularit|word.?timestamps?",
    "response_format": r"response.?format|verbose.?json|json.?object|json.?schema|json mode",
    "max_completion_tokens": r"max_completion_tokens",
    "max_tokens": r"max_tokens",
    "stream_options": r"stream.?options|include_usage",
    "reasoning_format": r"reasoning.?format",
    "reasoning_effort": r"reasoning.?effort",
    "service_tier": r"service.?tier",
    "tools": r"\btools?\b(?!_choice)|functions?",
    "prompt": r"\bprompts?\b(?!.*(length|characters|too long|tokens))",
    "language": r"(param|field|argument|extra|unexpected|unrecogni|permitted|propert).*\blanguage\b"
    r"|\blanguage\b.*(param|field|argument|extra|unexpected|unrecogni|permitted|propert)",
}
"""How servers name a field that they do not know. Of prompts they also say that they are too long,
and of languages that they do not know this one."""


def _overruled(kind: type[BackendError], wish: str) -> type[BackendError]:
    """The kind of error after the server's own word on whether the same request may be repeated."""
    temporary = issubclass(kind, RateLimited | ServerFault | BadReply)
    if wish == "true" and not temporary:
        return ServerFault
    return RejectedRequest if wish == "false" and temporary else kind


def _told(reply: Reply, hidden: Callable[[str], str]) -> Complaint:
    """Code and message of an error body: JSON, a text, HTML, or nothing at all."""
    try:
        found = said(reply.json())
    except BadReply:
        text = hidden(reply.text[: 4 * MOST_PROBED])
        text = re.sub(r"<(style|script|head)\b.*?</\1>|<[^<>]*>", " ", text, flags=re.S)
        return Complaint(message=text)
    return Complaint(hidden(found.code), hidden(found.message), found.status)


def _failed_generation(reply: Reply) -> str:
    """The answer that was no JSON, which Groq gives back; "" where it ran out of tokens."""
    try:
        return str(reply.json()["error"]["failed_generation"] or "")
    except (BadReply, LookupError, TypeError):
        return ""


def _limit_bytes(message: str) -> int:
    """The size that a refusal names: bytes, or MB; 0 for none."""
    found = re.search(r"(?:limit|max\w*)\D{0,30}?(\d{1,12}) ?(MB|MiB|M\b)?", message, re.IGNORECASE)
    if not found:
        return 0
    return int(found[1]) << 20 if found[2] else int(found[1])


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
