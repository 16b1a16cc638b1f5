"""What replies tell of limits: headers of an answer, figures of a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from audiopipe.backends.http.errors import MOST_PROBED
from audiopipe.backends.http.figures import units, wait_s
from audiopipe.backends.http.reply import Reply
from audiopipe.errors import BadReply
from audiopipe.limits.rules import RULES, Observed, Quantity, Rule

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
_LEAST: Mapping[Quantity, float] = {"requests": 1.0, "tokens": 100.0, "audio_s": 10.0}
"""Of an allowance: one that lets not even one small request through is a mistake."""

_WINDOWS_S = {"minute": 60.0, "hour": 3600.0, "day": 86_400.0}


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


def observed(reply: Reply, now_s: float) -> tuple[Observed, ...]:
    """The allowances that the headers of a reply speak of; figures that cannot be are dropped."""
    return tuple(_observed(reply.headers, now_s))


def _observed(headers: Mapping[str, str], now_s: float) -> Iterator[Observed]:
    for name, quantity in _HEADERS.items():
        told = [headers.get(f"x-ratelimit-{w}-{name}", "") for w in ("limit", "remaining", "reset")]
        limit, remaining = units(told[0], _LEAST[quantity]), units(told[1])
        reset_s = wait_s(told[2], now_s)
        if limit and remaining is not None and remaining <= limit and reset_s is not None:
            yield Observed(quantity, limit, remaining, reset_s)


def spent_tokens(reply: Reply, expected: float) -> float | None:
    """Tokens that a chat's answer, or the last event of its stream, says it took.

    A number a thousand times above what was expected is not believed.
    """
    try:
        body = reply.json()
    except BadReply:
        return None
    for part in (body, body.get("x_groq")) if isinstance(body, dict) else ():
        usage = part.get("usage") if isinstance(part, dict) else None
        tokens = usage.get("total_tokens") if isinstance(usage, dict) else None
        if type(tokens) is int and 0 <= tokens <= 1000 * max(expected, 100):
            return float(tokens)
    return None


def refusal(reply: Reply) -> Refusal:
    """What the words of a refusal tell.

    They go like "... on seconds of audio per hour (ASPH): Limit 7200, Used 7170, Requested 230."
    One request that is larger than its whole allowance is told without what was used. More cannot
    have been used than there is: that would ask for a wait of more than the whole window.
    """
    text = reply.text[:MOST_PROBED]
    rule = _rule(text)
    limit = _after("Limit", text, _LEAST[rule.quantity] if rule else 1.0)
    if limit is None:
        return Refusal()
    return Refusal(rule.name if rule else None, limit, min(_after("Used", text) or 0.0, limit))


def _after(name: str, text: str, least: float = 0.0) -> float | None:
    found = re.search(rf"\b{name} ([\d.,]+)", text)
    return units(found[1].rstrip(".,"), least) if found else None


def _rule(text: str) -> Rule | None:
    found = re.search(r"on ([\w ]{1,60}?) per (minute|hour|day)", text)
    if not found:
        return None
    for rule in RULES:
        words = next((q for pattern, q in _WORDS if re.search(pattern, found[1])), None)
        if rule.quantity == words and rule.window_s == _WINDOWS_S[found[2]]:
            return rule
    return None
