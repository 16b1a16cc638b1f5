"""What the server says when all is not well: Groq's bodies, and those of the proxies before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ORGANISATION = "`org_01test` service tier `on_demand`"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, and how it is to go wrong on the way.

    Attributes:
        cut_after: bytes of the body after which the connection is cut; None sends all.
        slow_s: seconds to wait before the body's last half.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    slow_s: float = 0.0


@dataclass(slots=True)
class Seen:
    """A request as it arrived; `audio_s` is 0 until its audio has been decoded.

    Attributes:
        fields: text fields of the form, each with all its values.
        file_name: empty without an upload.
        audio: the uploaded or fetched bytes.
        status: what it was answered, 0 before.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    fields: dict[str, list[str]] = field(default_factory=dict)
    file_name: str = ""
    audio: bytes = b""
    audio_s: float = 0.0
    status: int = 0


class Refused(Exception):
    """The answer to a request that is not taken."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def ok(body: Any) -> Answer:
    """200 with a body of JSON."""
    return Answer(200, json.dumps(body).encode())


def plain(text: str, content_type: str = "text/plain; charset=utf-8") -> Answer:
    """200 with a body of text."""
    return Answer(200, text.encode(), content_type)


def error(
    status: int, message: str, kind: str = "invalid_request_error", code: str | None = None
) -> Answer:
    """An error in the envelope of OpenAI's API."""
    body = {"message": message, "type": kind} | ({"code": code} if code else {})
    return Answer(status, json.dumps({"error": body}).encode())


def decommissioned(model: str) -> Answer:
    return error(
        400,
        f"The model `{model}` has been decommissioned and is no longer supported. Please refer to "
        "https://console.groq.com/docs/deprecations for a recommendation on which model to use "
        "instead.",
        code="model_decommissioned",
    )


def unknown_model(model: str) -> Answer:
    return error(
        404,
        f"The model `{model}` does not exist or you do not have access to it.",
        code="model_not_found",
    )


def limited(limit: str = "seconds of audio per hour (ASPH)", wait: str = "1m39.738s") -> Answer:
    """429 without a retry-after header, as Groq sends it for audio seconds."""
    return error(
        429,
        f"Rate limit reached for model `whisper-large-v3-turbo` in organization {ORGANISATION} on "
        f"{limit}: Limit 7200, Used 7170, Requested 230. Please try again in {wait}. Need more "
        "tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing",
        "seconds",
        "rate_limit_exceeded",
    )


def with_headers(answer: Answer, **headers: str) -> Answer:
    """The same answer with more headers; underscores stand for hyphens."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(answer.status, answer.body, answer.content_type, {**answer.headers, **more})


_HTML = (
    b"<!DOCTYPE html><html><head><title>502</title><style>a{}</style></head>"
    b"<body><h1>502 Bad Gateway</h1><p>cloudflare</p></body></html>"
)
_REPLY = json.dumps({"text": " A reply of some length.", "segments": [], "language": "English"})

FAULTS: Mapping[str, Answer] = {
    "limited": limited(),
    "limited-retry-after": with_headers(limited("requests per minute (RPM)"), retry_after="2"),
    "internal": error(500, "Internal Server Error", "internal_server_error"),
    "bad-gateway": Answer(502, _HTML, "text/html; charset=UTF-8"),
    "over-capacity": with_headers(
        error(
            503,
            "whisper-large-v3 is currently over capacity. Please try again and back off "
            "exponentially. Visit https://groqstatus.com to see if there is an active incident.",
            "internal_server_error",
        ),
        retry_after="1",
    ),
    "flex-capacity": error(498, "Flex tier capacity exceeded", code="capacity_exceeded"),
    "too-large": error(413, "Request Entity Too Large", code="request_too_large"),
    "too-long": error(
        413,
        f"Request too large for model `whisper-large-v3` in organization {ORGANISATION} on seconds "
        "of audio per day (ASPD): Limit 28800, Requested 42762, please reduce your message size "
        "and try again. Need more tokens? Upgrade to Dev Tier today",
        "seconds",
        "rate_limit_exceeded",
    ),
    "cut-headers": Answer(200, cut_after=-1),
    "cut-body": Answer(200, _REPLY.encode(), cut_after=20),
    "slow": Answer(200, _REPLY.encode(), slow_s=2.0),
    "truncated": Answer(200, _REPLY[:30].encode()),
    "wrong-shape": Answer(200, b'["text"]'),
    "no-text": Answer(200, b'{"result": "ok"}'),
    "empty": Answer(200, b""),
    "network": Answer(
        403, b'{"error":{"message":"Access denied. Please check your network settings."}}'
    ),
    "terms": error(
        400,
        "The model `canopylabs/orpheus-v1-english` requires terms acceptance. Please have the org "
        "admin accept the terms at "
        "https://console.groq.com/playground?model=canopylabs%2Forpheus-v1-english",
        code="model_terms_required",
    ),
    "spend": error(
        400,
        "Your organization has blocked API access because a spend alert threshold was met. Please "
        "visit https://console.groq.com/settings/billing to manage your spend alerts.",
        code="blocked_api_access",
    ),
}
"""Faults by name, to be queued in `Server.faults`."""
