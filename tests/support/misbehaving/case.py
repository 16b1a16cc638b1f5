"""A reply, and what is right to make of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

KEY = "sk-Canary/0123456789+abcdefghijKLMNOP"
TEXT = "All is well that ends well."

GOOD = {
    "task": "transcribe",
    "language": "english",
    "duration": 4.0,
    "text": TEXT,
    "segments": [
        {"id": 0, "start": 0.5, "end": 3.5, "text": f" {TEXT}", "avg_logprob": -0.1, "tokens": [1]}
    ],
}
"""What a good server answers."""


@dataclass(frozen=True, slots=True)
class Right:
    """What is right.

    Attributes:
        code: of the run.
        says: stands in what the run says, as a pattern.
        text: stands in the transcript; "" where there is none.
        most: requests that may have been sent.
        flag: whether the transcript has a `reply-anomaly`.
    """

    code: int = 1
    says: str = ""
    text: str = ""
    most: int = 5
    flag: bool = False


OK = Right(code=0, text=TEXT, most=1)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: its text fields, and how many requests came before it."""

    fields: Mapping[str, str]
    number: int
    size: int = 0


Act = Callable[["Request"], "Case"]


@dataclass(frozen=True, slots=True)
class Case:
    """A reply.

    Attributes:
        right: what is right to make of it.
        body, kind, status, headers: of the reply.
        raw: the whole reply in bytes, in place of those.
        slowly: pieces that are sent after it, one by one, with the pause in seconds before each.
        act: what answers instead, by the request.
        more: arguments of the command line.
    """

    right: Right
    body: bytes = b""
    kind: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    slowly: tuple[bytes, float, int] | None = None
    act: Act | None = None
    more: tuple[str, ...] = ()

    def wire(self) -> bytes:
        """The reply as it goes over the line."""
        if self.raw is not None:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(self.body)}"]
        lines += [f"Content-Type: {self.kind}"] if self.kind else []
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + self.body


def told(body: object, right: Right, **more: object) -> Case:
    """A body of JSON."""
    return Case(right, json.dumps(body).encode(), **more)  # type: ignore[arg-type]


def bad(says: str, most: int = 3) -> Right:
    """A failure that says so, after so many requests at most."""
    return Right(1, says, most=most)


def good(text: str = TEXT, *, flag: bool = False, most: int = 1) -> Right:
    """A transcript with such a text."""
    return Right(0, "", text, most, flag)


WELL = told(GOOD, OK)
"""What a good server answers, whatever it is asked for: `Misbehaving` knows what that is."""
