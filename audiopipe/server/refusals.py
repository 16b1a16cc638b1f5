"""What a client is told when it does not get what it asked for, in OpenAI's shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audiopipe.errors import (
    AudiopipeError,
    BackendError,
    EngineMissing,
    InputError,
    LimitReached,
    ModelUnavailable,
    OutputError,
    RateLimited,
    RejectedRequest,
    RequestTooLarge,
    Stopped,
    UsageError,
)


class QuotaReached(LimitReached):
    """A client has taken what it may today."""


_STATUSES: tuple[tuple[type[AudiopipeError], int], ...] = (
    (QuotaReached, 403),
    (UsageError, 400),
    (InputError, 400),
    (RateLimited, 503),
    (LimitReached, 503),
    (EngineMissing, 503),
    (Stopped, 503),
    (ModelUnavailable, 404),
    (RequestTooLarge, 413),
    (BackendError, 502),
    (OutputError, 507),
)
"""The first that fits. A 429 is told of the queue alone: clients take it as a wish to ask again."""

_PASSED_ON = (400, 415, 422)
"""What a provider says of the request, which came from our client as it is."""


@dataclass(slots=True)
class Refusal(Exception):
    """A request ends with an error.

    Attributes:
        status: of HTTP.
        message: one line for the user.
        code: for programs.
        param: the field that is wrong; "" for none.
        headers: of the reply.
    """

    status: int
    message: str
    code: str = "invalid_request"
    param: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The reply, as OpenAI gives it."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        kind = {401: "authentication_error", 403: "permission_error"}.get(self.status, kind)
        return {
            "error": {
                "message": self.message,
                "type": kind,
                "param": self.param or None,
                "code": self.code,
            }
        }

    def all_headers(self) -> dict[str, str]:
        """Its headers, and that SDKs need not ask again by themselves: what can be tried again was
        tried here, and what waits for room says so."""
        return {"x-should-retry": "false", **self.headers}


def refusal_of(error: AudiopipeError) -> Refusal:
    """What a client is told of an error of the library."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 502)
    if isinstance(error, RejectedRequest) and error.status in _PASSED_ON:
        status = 400
    code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
    code = "insufficient_quota" if isinstance(error, QuotaReached) else code
    message = str(error) or "the server is stopping; ask again"
    wait_s = getattr(error, "wait_s", None)
    headers = {"retry-after": str(int(wait_s) + 1)} if wait_s else {}
    return Refusal(status, message, code, headers=headers)
