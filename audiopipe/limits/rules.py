"""The provider's limits as arithmetic: who fits when. No clock, no file, no network.

Each limit is a bucket that refills continuously: of an allowance of `limit` units in `window`
seconds, `limit / window` come back each second, and a request is taken while
`used + requested <= limit`. This fits the refusals and headers of Groq to the millisecond: "Limit
7200, Used 7170, Requested 230" an hour comes with a wait of (7170 + 230 - 7200) * 3600 / 7200 s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Literal

from audiopipe.errors import RequestTooLarge, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Quantity = Literal["requests", "tokens", "audio_s"]

MARGIN = 0.01
"""Share of each allowance that is left alone, for servers that count in whole units or whose clock
runs a little slower. It shortens the first burst; the refill is used to the full."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request takes of the allowances: requests, tokens, seconds of audio."""

    requests: float = 1.0
    tokens: float = 0.0
    audio_s: float = 0.0

    def of(self, quantity: Quantity) -> float:
        """Its share of one kind of allowance."""
        return {"requests": self.requests, "tokens": self.tokens, "audio_s": self.audio_s}[quantity]


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of limit: what is counted, in how many seconds it comes back, how it is called."""

    name: str
    quantity: Quantity
    window_s: float
    words: str


RULES = (
    Rule("rpm", "requests", 60, "requests a minute"),
    Rule("rpd", "requests", 86_400, "requests a day"),
    Rule("tpm", "tokens", 60, "tokens a minute"),
    Rule("tpd", "tokens", 86_400, "tokens a day"),
    Rule("ash", "audio_s", 3600, "audio seconds an hour"),
    Rule("asd", "audio_s", 86_400, "audio seconds a day"),
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """A rule with its number of units per window."""

    rule: Rule
    units: float

    @property
    def per_s(self) -> float:
        """Units that come back each second."""
        return self.units / self.rule.window_s

    def wait_s(self, level: float, amount: float) -> float:
        """Seconds until `amount` more units fit on top of `level`; at most 0 if they fit now."""
        room = max(0.0, self.units * (1 - MARGIN) - amount)
        return (level - room) / self.per_s

    def __str__(self) -> str:
        return f"{self.units:.10g} {self.rule.words}"


@dataclass(frozen=True, slots=True)
class Limits:
    """Units that one account may use; None where there is no limit.

    Attributes:
        rpm: requests a minute.
        rpd: requests a day.
        tpm: tokens a minute.
        tpd: tokens a day.
        ash: seconds of audio an hour.
        asd: seconds of audio a day.
    """

    rpm: float | None = None
    rpd: float | None = None
    tpm: float | None = None
    tpd: float | None = None
    ash: float | None = None
    asd: float | None = None

    def __post_init__(self) -> None:
        for allowance in self.allowances():
            if not 0 < allowance.units < math.inf:
                raise ValueError(f"not a limit: {allowance}")

    def allowances(self) -> tuple[Allowance, ...]:
        """The limits that exist."""
        units = {field.name: getattr(self, field.name) for field in fields(self)}
        return tuple(
            Allowance(rule, units[rule.name]) for rule in RULES if units[rule.name] is not None
        )

    def changed(self, settings: Iterable[str]) -> Limits:
        """These limits with some set anew.

        Args:
            settings: each like `rpm=20`, or `rpm=none` for no limit.

        Raises:
            UsageError: a setting that names no limit or no positive number.
        """
        changes = dict(_setting(text) for text in settings)
        try:
            return replace(self, **changes)
        except ValueError as error:
            raise UsageError(f"{error}: give a number above 0, or none") from error

    def within(self, others: Limits) -> Limits:
        """The lower of each limit here and in `others`; one that stands in either holds."""
        lowest: dict[str, float] = {}
        for each in (*self.allowances(), *others.allowances()):
            lowest[each.rule.name] = min(each.units, lowest.get(each.rule.name, math.inf))
        return Limits(**lowest)

    def most(self, quantity: Quantity) -> float:
        """The most of it that one request may ever take, in units; infinite without a limit."""
        units = [each.units for each in self.allowances() if each.rule.quantity == quantity]
        return min(units, default=math.inf) * (1 - MARGIN)

    def check(self, cost: Cost) -> None:
        """Raise if no wait is long enough.

        Raises:
            RequestTooLarge: it names the most that fits.
        """
        for allowance in self.allowances():
            amount = cost.of(allowance.rule.quantity)
            if amount > allowance.units:
                what = allowance.rule.quantity.replace("audio_s", "s of audio")
                raise RequestTooLarge(
                    f"a request of {amount:.10g} {what} never fits the limit of {allowance}: "
                    f"make it at most {allowance.units:.10g}"
                )


@dataclass(frozen=True, slots=True)
class Observed:
    """What an answer's headers say about one allowance.

    Attributes:
        quantity: what is counted.
        limit: units of the allowance.
        remaining: units left when the server answered.
        reset_s: seconds until all of it is back.
    """

    quantity: Quantity
    limit: float
    remaining: float
    reset_s: float

    def rule(self) -> Rule | None:
        """The limit it speaks of; None if the figures fit none.

        The headers do not name the window, and servers differ in it; the pace of the refill tells
        it: `window = reset * limit / (limit - remaining)`.
        """
        if self.reset_s <= 0 or not 0 <= self.remaining < self.limit:
            return None
        window_s = self.reset_s * self.limit / (self.limit - self.remaining)
        for rule in RULES:
            if rule.quantity == self.quantity and 0.5 < window_s / rule.window_s < 2:
                return rule
        return None


@dataclass(frozen=True, slots=True)
class Slot:
    """When a request fits: `wait_s` from now (0 is now), and the allowance that it waits for."""

    wait_s: float
    cause: Allowance | None


def drained(level: float, allowance: Allowance, elapsed_s: float, in_flight: float = 0.0) -> float:
    """What is used of an allowance after some time, in units.

    A request is charged by the server at an unknown moment between sending and answer. While only
    requests in flight fill the bucket, nothing may be taken to have come back: the server's bucket
    may still be empty. With that, this level is never below the server's, however slow uploads are.

    Args:
        level: units used before.
        allowance: the limit.
        elapsed_s: seconds since then; a clock that was set back counts as 0.
        in_flight: units of the requests that were in flight all the time.
    """
    return max(level - allowance.per_s * max(0.0, elapsed_s), in_flight, 0.0)


def schedule(
    levels: Mapping[str, float], limits: Limits, costs: Iterable[Cost], wait_s: float = 0.0
) -> Iterator[Slot]:
    """When each of a queue of requests fits; none overtakes another, and all limits hold at once.

    Args:
        levels: units used now, by the rule's name; missing is 0.
        limits: the limits.
        costs: the requests, first in the queue first.
        wait_s: seconds before which nothing may go.
    """
    allowances = limits.allowances()
    used = [drained(levels.get(each.rule.name, 0.0), each, wait_s) for each in allowances]
    cause = None
    for cost in costs:
        amounts = [cost.of(each.rule.quantity) for each in allowances]
        waits = [each.wait_s(*pair) for each, *pair in zip(allowances, used, amounts, strict=True)]
        more_s = max(waits, default=0.0)
        if more_s > 0:
            cause = allowances[waits.index(more_s)]
            wait_s += more_s
            used = [drained(*pair, more_s) for pair in zip(used, allowances, strict=True)]
        used = [level + amount for level, amount in zip(used, amounts, strict=True)]
        yield Slot(wait_s, cause)


def _setting(text: str) -> tuple[str, float | None]:
    name, _, number = text.lower().partition("=")
    if name not in {rule.name for rule in RULES}:
        names = ", ".join(rule.name for rule in RULES)
        raise UsageError(f"unknown limit in {text!r}: write NAME=NUMBER with one of {names}")
    try:
        return name, None if number == "none" else float(number)
    except ValueError as error:
        raise UsageError(f"no number in the limit {text!r}: write it like {name}=20") from error
