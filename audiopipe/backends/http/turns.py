"""A request's turn under the limits of its model, in the budget that all processes share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from audiopipe.backends.http.errors import dictated_wait_s
from audiopipe.backends.http.quota import observed, refusal, spent_tokens
from audiopipe.backends.http.reply import Reply
from audiopipe.concurrency import PerProcess
from audiopipe.errors import RateLimited
from audiopipe.limits.ledger import Turn
from audiopipe.limits.opened import open_budget
from audiopipe.limits.rules import Cost, Limits
from audiopipe.values.events import Pause, Waiting


class Turns:
    """Turns for the requests of one key to one server; the ledger is opened with the first.

    Args:
        ledger: the budget's file or address; None keeps it in memory.
        address: the server's base URL.
        key: the API key; only a salted hash of it is kept.
        limits_of: the limits of a model, by its id.
        max_wait_s: the longest time in which a limit may let nothing through.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        ledger: Path | str | None,
        address: str,
        key: str,
        limits_of: Callable[[str], Limits],
        max_wait_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._limits_of = limits_of
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._owner = (address, key)
        self._accounts: dict[str, str] = {}
        self._limiter = PerProcess(lambda: open_budget(ledger, clock))

    def close(self) -> None:
        """Close the ledger. Closing twice is harmless."""
        if limiter := self._limiter.take():
            limiter.close()

    def limits(self, model: str) -> Limits:
        """The limits that hold for a model, those that the server told included."""
        return self._limits_of(model).within(self._limiter.get().told(self._account(model)))

    def facts(self, model: str) -> dict[str, str]:
        """What the server cannot do with a model, as was learnt of late."""
        return self._limiter.get().facts(self._owner[0], model)

    def learn(self, model: str, what: str, value: str) -> None:
        """Note such a fact, for all processes."""
        self._limiter.get().learn(self._owner[0], model, what, value)

    def take(self, model: str, cost: Cost, pause: Pause) -> Turn:
        """Wait for a turn; the request must be sent now, and one of the others called after it.

        Raises:
            RequestTooLarge: no wait is long enough.
            RateLimited: the limit lets nothing through for longer than is allowed.
        """

        def wait(turn: Turn, seconds: float) -> None:
            if turn.next_s > self._max_wait_s:
                raise RateLimited(
                    f"the next request may go in {turn.next_s:.0f} s: {turn.cause}", turn.next_s
                )
            pause(seconds, Waiting(turn.wait_s, turn.cause))

        return self._limiter.get().acquire(self._account(model), self._limits_of(model), cost, wait)

    def replied(self, turn: Turn, reply: Reply) -> None:
        """Learn from a reply, good or bad."""
        told = refusal(reply)
        if reply.status == 429 or (reply.status == 413 and told.rule):
            wait_s = dictated_wait_s(reply, self._clock()) or 0.0
            self._limiter.get().refused(
                turn, rule=told.rule, used=told.used, limit=told.limit, wait_s=wait_s
            )
        else:
            counts = turn.cost.tokens and reply.status == 200
            tokens = spent_tokens(reply, turn.cost.tokens) if counts else None
            self._limiter.get().answered(turn, observed(reply, self._clock()), tokens)

    def cut(self, turn: Turn) -> None:
        """No reply came, but the server may have worked."""
        self._limiter.get().answered(turn)

    def unsent(self, turn: Turn) -> None:
        """The request never reached the server."""
        self._limiter.get().unsent(turn)

    def _account(self, model: str) -> str:
        if model not in self._accounts:
            self._accounts[model] = self._limiter.get().account(*self._owner, model)
        return self._accounts[model]
