"""When to send again, and after how long."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from audiopipe.backends.http.circuit import Unsent
from audiopipe.backends.http.exchange import Unanswered
from audiopipe.errors import BackendError, BadReply, RateLimited, ServerFault
from audiopipe.values.events import Pause, Waiting

T = TypeVar("T")

RETRYABLE = (RateLimited, ServerFault, BadReply)
"""Refusals and faults that the same request may not meet again. Nothing else is sent twice: the
same wrong request gets the same answer and costs another one. `Unanswered` is not either: nobody
knows whether the server works on it, and bills it."""

MOST_BAD_REPLIES = 3
"""Tries that get an answer which is none: each may be billed, and most such servers stay so."""

MOST_REFUSALS = 25
"""Waits for a limit that one request obeys: an honest one is over after the first, others that
share it may take the room a few times."""

_LEAST_WAIT_S = 0.01
"""A shorter wait is none, and is no reason to count the try as a wait."""

NOTABLE_S = 5.0
"""A longer wait is told as a warning, lest it look like a standstill."""

_log = logging.getLogger("audiopipe")


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how long to try.

    Without a word from the server the wait before try n + 1 is random between 0 and
    `min(cap_s, base_s * 2**n)`: full jitter, so that many workers do not come back at once. A wait
    that the server dictates is obeyed whole, plus such a share, as long as all of them together
    stay within `max_wait_s`. Waiting for a limit is no failed try.

    Attributes:
        attempts: tries of one request at most, >= 1.
        max_wait_s: seconds that one request may wait in all on the server's word.
        base_s, cap_s: seconds, see above.
        sleep: waits so many seconds.
        uniform: a random number from 0 up to 1.
    """

    attempts: int = 5
    max_wait_s: float = math.inf
    base_s: float = 0.5
    cap_s: float = 8.0
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[], float] = random.random

    def call(self, attempt: Callable[[], T], pause: Pause | None = None) -> T:
        """The result of the first try that succeeds.

        Args:
            attempt: one try.
            pause: waits, in place of `wait`.

        Raises:
            RateLimited: the server wants a longer wait than is allowed; `wait_s` says how long.
            BackendError: what the last try raised, or the first one that is not retryable.
        """
        failed = bad = rounds = 0
        waited_s = 0.0
        while True:
            try:
                return attempt()
            except Unanswered:
                raise
            except RETRYABLE as error:
                dictated_s = getattr(error, "wait_s", None)
                waits = isinstance(error, RateLimited) and (dictated_s or 0.0) >= _LEAST_WAIT_S
                failed, bad = failed + (not waits), bad + isinstance(error, BadReply)
                wait_s = (dictated_s or 0.0) + self._backoff_s(rounds)
                rounds += 1
                if dictated_s is not None:
                    waited_s += wait_s
                if failed >= self.attempts or bad >= MOST_BAD_REPLIES or rounds >= MOST_REFUSALS:
                    raise _ending(error, f"given up after {rounds} tries") from error
                if waited_s > self.max_wait_s:
                    raise _ending(error, f"longer than --max-wait {self.max_wait_s:g} s") from error
                level = logging.INFO if wait_s < NOTABLE_S else logging.WARNING
                _log.log(level, "waiting %.1f s: %s", wait_s, error)
                billed = not isinstance(error, RateLimited | Unsent)
                (pause or self.wait)(wait_s, Waiting(wait_s, str(error), billed))

    def wait(self, seconds: float, waiting: Waiting) -> None:
        """Wait without a word."""
        if seconds > 0:
            self.sleep(seconds)

    def _backoff_s(self, rounds: int) -> float:
        return self.uniform() * min(self.cap_s, self.base_s * 2.0 ** min(rounds, 30))


def _ending(error: BackendError, why: str) -> BackendError:
    """The same error, with why it was the last."""
    line = f"{error} ({why})"
    if isinstance(error, RateLimited | ServerFault):
        return type(error)(line, error.wait_s)
    return type(error)(line)
