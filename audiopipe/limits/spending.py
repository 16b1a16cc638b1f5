"""What a run may spend."""

from __future__ import annotations

from threading import Lock

from audiopipe.errors import LimitReached, UsageError
from audiopipe.values.events import Pause, Waiting
from audiopipe.values.requests import Usage


class Spending:
    """Counts what a run spends, and stops it before it spends more than it may.

    Args:
        max_cost_usd: 0 for any cost.
        max_requests: 0 for any number.
        flag: what the user calls the bound on the cost.
    """

    def __init__(
        self, max_cost_usd: float = 0.0, max_requests: int = 0, flag: str = "--max-cost"
    ) -> None:
        self._flag = flag
        self._max_cost_usd = max_cost_usd
        self._max_requests = max_requests
        self._cost_usd, self._requests = 0.0, 0
        self._lock = Lock()

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
        with self._lock:
            cost_usd = self._cost_usd + (usage.cost_usd or 0.0)
            requests = self._requests + usage.requests
            if self._max_cost_usd and cost_usd > self._max_cost_usd:
                raise LimitReached(
                    f"stopped before costing more than {self._flag} {self._max_cost_usd:g}: "
                    f"${self._cost_usd:.4f} spent; the same command with a higher bound goes on"
                )
            if self._max_requests and requests > self._max_requests:
                raise LimitReached(
                    f"stopped after --max-requests {self._max_requests}; the same command goes on"
                )
            self._cost_usd, self._requests = cost_usd, requests

    def give_back(self, usage: Usage) -> None:
        """It was paid and not needed."""
        with self._lock:
            self._cost_usd -= usage.cost_usd or 0.0
            self._requests -= usage.requests

    def correct(self, estimate: Usage, usage: Usage) -> None:
        """Count what a request cost in truth in place of the estimate that was paid."""
        with self._lock:
            self._cost_usd += (usage.cost_usd or 0.0) - (estimate.cost_usd or 0.0)

    def paying(self, usage: Usage, pause: Pause) -> Pause:
        """The same waits, in which each further try that may be billed is paid like the first."""

        def paid(seconds: float, waiting: Waiting) -> None:
            pause(seconds, waiting)
            if waiting.billed:
                self.take(usage)

        return paid
