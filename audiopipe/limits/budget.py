"""A budget that many share: what every ledger can do, wherever it is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from audiopipe.errors import AudiopipeError
from audiopipe.limits.ledger import Turn
from audiopipe.limits.rules import Cost, Limits

if TYPE_CHECKING:
    from audiopipe.limits.knowledge import Known
    from audiopipe.limits.rules import Observed

POLL_S = 10.0
"""The longest sleep between two questions for a turn."""


class Budget(ABC):
    """Who may send now, who waits, and for how long; for many threads. A context that closes it."""

    @abstractmethod
    def account(self, address: str, key: str, model: str) -> str:
        """The name of a budget: a hash, salted by the ledger, of server, API key and model.

        Server and model are noted with it for people, the key is not.
        """

    @abstractmethod
    def told(self, account: str) -> Limits:
        """The limits that the server told within a day; the caller may ask by higher ones."""

    @abstractmethod
    def learn(self, address: str, model: str, what: str, value: str) -> None:
        """Note what a server cannot do, for a week; see `facts`."""

    @abstractmethod
    def facts(self, address: str, model: str) -> dict[str, str]:
        """What a server cannot do with a model, as far as it was learnt within a week."""

    @abstractmethod
    def known(self) -> list[Known]:
        """All that is believed of all servers."""

    @abstractmethod
    def forget(self, server: str = "") -> int:
        """Forget all of a server, named by its address or a part of it, or of all.

        Returns:
            Of how many accounts and facts.
        """

    @abstractmethod
    def again(self, turn: Turn, check: Callable[[], object] = lambda: None) -> Turn:
        """Ask again for a turn that has to wait; at least every `POLL_S`, lest the place be lost.

        Args:
            turn: as it was given.
            check: called every second while the ledger cannot be had; what it raises ends the wait.

        Raises:
            RequestTooLarge: the server has told a limit under which no wait is long enough.
        """

    @abstractmethod
    def leave(self, turn: Turn) -> None:
        """Give up the place of a turn that has to wait."""

    @abstractmethod
    def answered(
        self, turn: Turn, observed: tuple[Observed, ...] = (), tokens: float | None = None
    ) -> None:
        """Note that a request got its answer, good or bad.

        It never waits, as the answer is not kept yet: while the ledger cannot be had, the note is
        written with the next turn.

        Args:
            turn: the request.
            observed: what the answer's headers say.
            tokens: what it took in place of the estimate; None if nobody says.
        """

    @abstractmethod
    def refused(
        self,
        turn: Turn,
        *,
        rule: str | None = None,
        used: float | None = None,
        limit: float | None = None,
        wait_s: float = 0.0,
    ) -> None:
        """Note that the server refused a request for a limit; ask for a new turn to send it again.

        The request stays charged as a request, its audio and tokens are given back: servers count
        attempts, but not what they did not work on.

        Args:
            turn: the request.
            rule: name of the limit, such as `ash`, where the server told it.
            used: units that the server has counted.
            limit: units of the allowance.
            wait_s: seconds the server asked to wait; the whole account waits.
        """

    @abstractmethod
    def unsent(self, turn: Turn) -> None:
        """Give back the whole charge of a request that never reached the server."""

    @abstractmethod
    def spend(
        self, run: str, cost_usd: float, requests: int, most_usd: float, most_requests: float
    ) -> tuple[float, bool]:
        """Add to what a run has spent on all its nodes, unless that goes beyond a bound.

        Args:
            run: its name.
            cost_usd, requests: to be added; negative to give back.
            most_usd, most_requests: the bounds; infinite for none.

        Returns:
            What is spent now, in US dollars, and whether it was added.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the ledger. Closing twice is harmless."""

    def ask(self, account: str, limits: Limits, cost: Cost) -> Turn:
        """Ask for a turn: now, or a place at the end of the account's queue.

        Args:
            account: whose budget, see `account`.
            limits: the limits to hold; figures of the server that are lower hold too.
            cost: what the request takes.

        Raises:
            RequestTooLarge: no wait is long enough; it names the most that fits.
        """
        return self.again(Turn(0, account, limits, cost, 0.0, ""))

    def acquire(
        self,
        account: str,
        limits: Limits,
        cost: Cost,
        wait: Callable[[Turn, float], object],
    ) -> Turn:
        """Wait for a turn; the place is given up if `wait` raises.

        Args:
            account: whose budget, see `account`.
            limits: the limits to hold.
            cost: what the request takes.
            wait: sleeps for the seconds it is called with, at most `POLL_S`; the turn knows the
                whole wait and its cause.

        Raises:
            RequestTooLarge: no wait is long enough; it names the most that fits.
        """
        unasked = Turn(0, account, limits, cost, 0.0, "")
        turn = self.again(unasked, lambda: wait(unasked, 0.0))
        try:
            while turn.wait_s > 0:
                wait(turn, min(turn.wait_s, POLL_S))
                turn = self.again(turn, lambda: wait(unasked, 0.0))
        finally:
            if turn.wait_s > 0:
                with suppress(AudiopipeError):  # a place that nobody asks for is given up anyway
                    self.leave(turn)
        return turn

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
