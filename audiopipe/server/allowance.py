"""What a client may take in a day: paid before each request upstream, so that nobody takes more."""

from __future__ import annotations

from audiopipe.limits.spending import Spending
from audiopipe.server.access import Client
from audiopipe.server.jobs import Jobs
from audiopipe.server.refusals import QuotaReached
from audiopipe.values.requests import Usage


class Allowance(Spending):
    """The spending of all, of which one client may take so much a day; for many threads.

    Args:
        whole: of the server.
        jobs: knows what each client took, also before a restart.
        client: whose it is.
    """

    def __init__(self, whole: Spending, jobs: Jobs, client: Client) -> None:
        self._whole, self._jobs, self._client = whole, jobs, client

    def take(self, usage: Usage) -> None:
        """Pay for requests before they are sent.

        Raises:
            QuotaReached: the client may not take so much more today; nothing is paid.
            LimitReached, UsageError: as the whole says.
        """
        client = self._client
        if not self._use(usage.audio_s, usage.cost_usd, client.max_audio_s, client.max_usd):
            raise reached(client)
        try:
            self._whole.take(usage)
        except BaseException:
            self._use(-usage.audio_s, -(usage.cost_usd or 0.0))
            raise

    def give_back(self, usage: Usage) -> None:
        self._use(-usage.audio_s, -(usage.cost_usd or 0.0))
        self._whole.give_back(usage)

    def correct(self, estimate: Usage, usage: Usage) -> None:
        self._use(0.0, (usage.cost_usd or 0.0) - (estimate.cost_usd or 0.0))
        self._whole.correct(estimate, usage)

    def _use(self, audio_s: float, cost_usd: float | None, *most: float) -> bool:
        return self._jobs.use(self._client.name, audio_s, cost_usd or 0.0, *most)


def reached(client: Client) -> QuotaReached:
    """That a client has taken what it may."""
    return QuotaReached(f"the key {client.name} has taken what it may today; ask tomorrow (UTC)")
