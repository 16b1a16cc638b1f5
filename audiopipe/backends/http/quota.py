"""What replies tell of limits: headers of an answer, figures of a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from audiopipe.backends.http.errors import Reply, duration_s
from audiopipe.errors import BadReply
from audiopipe.limits.rules import RULES, Observed, Quantity

_HEADERS: Mapping[str, Quantity] = {
    "requests": "requests",
    "tokens": "tokens",
    "audio-seconds": "audio_s",
}
"""How the headers of Groq call what is counted."""

_WORDS: tuple[tuple[str, Quantity], ...] = (
    (r"seconds of audio", "audio_s"),
    (r"tokens", "tokens"),
    (r"requests", "requests"),
)
_WINDOWS_S = {"minute": 60.0, "hour": 3600.0, "day": 86_400.0}
_NUMBER = r"([\d,]+(?:\.\d+)?)"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The figures of a refusal for a limit; None where the server does not tell.

    Attributes:
        rule: name of the limit, such as `ash`.
        limit: units of the allowance.
        used: units that the server has counted.
    """

    rule: str | None = None
    limit: float | None = None
    used: float | None = None


def observed(reply: Reply) -> tuple[Observed, ...]:
    """The allowances that the headers of a reply speak of."""
    return tuple(_observed(reply.headers))


def _observed(headers: Mapping[str, str]) -> Iterator[Observed]:
    for name, quantity in _HEADERS.items():
        limit, remaining, reset_s = (
            duration_s(headers.get(f"x-ratelimit-{what}-{name}", ""))
            for what in ("limit", "remaining", "reset")
        )
        if limit and remaining is not None and reset_s is not None:
            yield Observed(quantity, limit, remaining, reset_s)


def spent_tokens(reply: Reply) -> float | None:
    """Tokens that a chat's answer, or the last event of its stream, says it took."""
    try:
        body = reply.json()
    except BadReply:
        return None
    for part in (body, body.get("x_groq")) if isinstance(body, dict) else ():
        usage = part.get("usage") if isinstance(part, dict) else None
        if isinstance(usage, dict) and isinstance(usage.get("total_tokens"), int):
            return float(usage["total_tokens"])
    return None


def refusal(reply: Reply) -> Refusal:
    """What the words of a refusal tell.

    They go like "... on seconds of audio per hour (ASPH): Limit 7200, Used 7170, Requested 230."
    One request that is larger than its whole allowance is told without what was used.
    """
    text = reply.text
    limit, used = (re.search(rf"{name} {_NUMBER}", text) for name in ("Limit", "Used"))
    if not limit:
        return Refusal()
    number = float(limit[1].replace(",", ""))
    return Refusal(_rule(text), number, float(used[1].replace(",", "")) if used else 0.0)


def _rule(text: str) -> str | None:
    found = re.search(r"on ([\w ]+?) per (minute|hour|day)", text)
    if not found:
        return None
    for rule in RULES:
        words = next((q for pattern, q in _WORDS if re.search(pattern, found[1])), None)
        if rule.quantity == words and rule.window_s == _WINDOWS_S[found[2]]:
            return rule.name
    return None
