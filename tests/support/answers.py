"""What the server says when all is not well: Groq's bodies, and those of the proxies before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
        at_s: when it had arrived, on the server's clock.
        fields: text fields of the form, each with all its values.
        json: the body, where it is JSON.
        file_name: empty without an upload.
        audio: the uploaded or fetched bytes.
        status: what it was answered, 0 before.
        accepted: whether its audio was recognised and the answer went out whole.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    at_s: float = 0.0
    fields: dict[str, list[str]] = field(default_factory=dict)
    json: dict[str, Any] = field(default_factory=dict)
    file_name: str = ""
    audio: bytes = field(default=b"", repr=False)
    audio_s: float = 0.0
    status: int = 0
    accepted: bool = False

    @property
    def model(self) -> str:
        """The model that was asked for, empty if none was."""
        return str(self.json.get("model", "")) or self.fields.get("model", [""])[0]


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


def limited(
    limit: str = "seconds of audio per hour (ASPH)",
    wait: str = "1m39.738s",
    units: float = 7200,
    used: float = 7170,
    requested: float = 230,
    model: str = "whisper-large-v3-turbo",
) -> Answer:
    """429 without a retry-after header, as Groq sends it for audio seconds."""
    return error(
        429,
        f"Rate limit reached for model `{model}` in organization {ORGANISATION} on {limit}: Limit "
        f"{units:.10g}, Used {used:.10g}, Requested {requested:.10g}. Please try again in {wait}. "
        "Need more tokens? Upgrade to Dev Tier today at "
        "https://console.groq.com/settings/billing",
        _kind(limit),
        "rate_limit_exceeded",
    )


def over_allowance(
    limit: str = "seconds of audio per day (ASPD)",
    units: float = 28_800,
    requested: float = 42_762,
    model: str = "whisper-large-v3",
) -> Answer:
    """413 to one request that asks for more than the whole allowance."""
    return error(
        413,
        f"Request too large for model `{model}` in organization {ORGANISATION} on {limit}: Limit "
        f"{units:.10g}, Requested {requested:.10g}, please reduce your message size and try again. "
        "Need more tokens? Upgrade to Dev Tier today at "
        "https://console.groq.com/settings/billing",
        _kind(limit),
        "rate_limit_exceeded",
    )


def _kind(limit: str) -> str:
    return limit.split()[0]


def go_duration(seconds: float) -> str:
    """A duration as Go writes it, to the millisecond: 500ms, 1m39.738s, 5h40m0s."""
    milliseconds = round(seconds * 1000)
    if 0 < milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{milliseconds / 1000:g}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def with_headers(answer: Answer, **headers: str) -> Answer:
    """The same answer with more headers; underscores stand for hyphens."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(answer, headers={**answer.headers, **more})


_HTML = (
    b"<!DOCTYPE html><html><head><title>502</title><style>a{}</style></head>"
    b"<body><h1>502 Bad Gateway</h1><p>cloudflare</p></body></html>"
)
_REPLY = json.dumps({"text": " A reply of some length.", "segments": [], "language": "English"})

FAULTS: Mapping[str, Answer] = {
    "limited": limited(),
    "limited-retry-after": with_headers(
        limited("requests per minute (RPM)", "2s", 30, 30, 1), retry_after="2"
    ),
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
    "too-long": over_allowance(),
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


Fault = Answer | Callable[[Answer], Answer]
"""An answer in place of the right one, or what is made of that."""

BUSY = with_headers(FAULTS["over-capacity"], retry_after="0.05")
_A_MOMENT = limited("requests per minute (RPM)", "50ms", 1200, 1200, 1)
_CONSTANT = (
    *("internal", "bad-gateway", "flex-capacity", "cut-headers"),
    *("wrong-shape", "no-text", "empty"),
)

PASSING: Mapping[str, Fault] = {
    **{name: FAULTS[name] for name in _CONSTANT},
    "limited": _A_MOMENT,
    "limited-retry-after": with_headers(_A_MOMENT, retry_after="0.05"),
    "over-capacity": BUSY,
    "cut-body": lambda answer: replace(answer, cut_after=len(answer.body) // 2),
    "truncated": lambda answer: replace(answer, body=answer.body[: len(answer.body) // 2]),
    "slow": lambda answer: replace(answer, slow_s=0.2),
}
"""Faults that the same request may not meet again, by name, with short waits. A slow answer is the
right one; the others must not be taken for one."""
