"""What a run may spend."""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from audiopipe.errors import LimitReached, UsageError
from audiopipe.values.events import Pause, Waiting
from audiopipe.values.requests import Usage

if TYPE_CHECKING:
    from audiopipe.limits.budget import Budget


class Purse(Protocol):
    """What is spent, by one process or by all of a run."""

    def spend(
        self, cost_usd: float, requests: int, most_usd: float, most_requests: float
    ) -> tuple[float, bool]:
        """See `Budget.spend`."""


class OwnPurse:
    """What this process spends; for many threads."""

    def __init__(self) -> None:
        self._cost_usd, self._requests = 0.0, 0
        self._lock = Lock()

    def spend(
        self, cost_usd: float, requests: int, most_usd: float, most_requests: float
    ) -> tuple[float, bool]:
        with self._lock:
            cost, count = self._cost_usd + cost_usd, self._requests + requests
            if (cost_usd > 0 and cost > most_usd) or (requests > 0 and count > most_requests):
                return self._cost_usd, False
            self._cost_usd, self._requests = cost, count
            return cost, True


class SharedPurse:
    """What all processes of a run spend, as its budget knows.

    Args:
        run: its name.
        budget: gives this process's ledger.
    """

    def __init__(self, run: str, budget: Callable[[], Budget]) -> None:
        self._run, self._budget = run, budget

    def spend(
        self, cost_usd: float, requests: int, most_usd: float, most_requests: float
    ) -> tuple[float, bool]:
        return self._budget().spend(self._run, cost_usd, requests, most_usd, most_requests)


class Spending:
    """Counts what a run spends, and stops it before it spends more than it may.

    Args:
        max_cost_usd: 0 for any cost.
        max_requests: 0 for any number.
        flag: what the user calls the bound on the cost.
        purse: what it is taken from; None is this process's own.
    """

    def __init__(
        self,
        max_cost_usd: float = 0.0,
        max_requests: int = 0,
        flag: str = "--max-cost",
        purse: Purse | None = None,
    ) -> None:
        self._flag = flag
        self._max_cost_usd = max_cost_usd
        self._max_requests = max_requests
        self._purse = purse or OwnPurse()

    def take(self, usage: Usage) -> None:
        """Pay for requests before they are sent.

        Raises:
            LimitReached: the run may not spend that much; nothing is paid.
            UsageError: there is a bound on the cost, and the price is not known.
        """
        if self._max_cost_usd and usage.cost_usd is None:
            raise UsageError(
                f"{self._flag} cannot hold: the price of this model is not known; "
                "take --max-requests instead"
            )
        cost_usd = usage.cost_usd or 0.0
        most_usd, most = self._max_cost_usd or math.inf, self._max_requests or math.inf
        spent_usd, is_paid = self._purse.spend(cost_usd, usage.requests, most_usd, most)
        if is_paid:
            return
        if spent_usd + cost_usd > most_usd:
            raise LimitReached(
                f"stopped before costing more than {self._flag} {self._max_cost_usd:g}: "
                f"${spent_usd:.4f} spent; the same command with a higher bound goes on"
            )
        raise LimitReached(
            f"stopped after --max-requests {self._max_requests}; the same command goes on"
        )

    def give_back(self, usage: Usage) -> None:
        """It was paid and not needed."""
        self._purse.spend(-(usage.cost_usd or 0.0), -usage.requests, math.inf, math.inf)

    def correct(self, estimate: Usage, usage: Usage) -> None:
        """Count what a request cost in truth in place of the estimate that was paid."""
        more_usd = (usage.cost_usd or 0.0) - (estimate.cost_usd or 0.0)
        self._purse.spend(more_usd, 0, math.inf, math.inf)

    def paying(self, usage: Usage, pause: Pause) -> Pause:
        """The same waits, in which each further try that may be billed is paid like the first."""

        def paid(seconds: float, waiting: Waiting) -> None:
            pause(seconds, waiting)
            if waiting.billed:
                self.take(usage)

        return paid
