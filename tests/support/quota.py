"""The server's own allowances, and the words of its refusals.

Written from the provider's figures and not from `audiopipe.limits`, so that each is the judge of
the other. Every allowance refills continuously: "Limit 7200, Used 7170, Requested 230" an hour
comes with a wait of (7170 + 230 - 7200) * 3600 / 7200 s, and headers that tell of 7198 remaining
with a reset of (7200 - 7198) * 3600 / 7200 s.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from audiopipe.limits.rules import Limits
from support.answers import Refused, go_duration, limited, over_allowance, with_headers


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of limit, as messages call it, and as headers do where they tell of it."""

    name: str
    quantity: str
    window_s: float
    label: str
    header: str = ""


KINDS = (
    Kind("rpm", "requests", 60, "requests per minute (RPM)"),
    Kind("rpd", "requests", 86_400, "requests per day (RPD)", "requests"),
    Kind("tpm", "tokens", 60, "tokens per minute (TPM)", "tokens"),
    Kind("tpd", "tokens", 86_400, "tokens per day (TPD)"),
    Kind("ash", "audio_s", 3600, "seconds of audio per hour (ASPH)", "audio-seconds"),
    Kind("asd", "audio_s", 86_400, "seconds of audio per day (ASPD)"),
)

_ROUNDING_S = 1e-6


class Bucket:
    """One allowance of `limit` units; what is used of it drains all the time."""

    def __init__(self, kind: Kind, limit: float, clock: Callable[[], float]) -> None:
        self.kind = kind
        self.limit = limit
        self._clock = clock
        self._used = 0.0
        self._at_s = clock()

    def used(self) -> float:
        """Units used now."""
        now_s = self._clock()
        drained = (now_s - self._at_s) * self.limit / self.kind.window_s
        self._used, self._at_s = max(0.0, self._used - drained), now_s
        return self._used

    def use(self, units: float) -> None:
        """Use more, whether it fits or not."""
        self._used = self.used() + units

    def wait_s(self, units: float) -> float:
        """Seconds until so many more fit; 0 or less if they do now."""
        return (self.used() + units - self.limit) * self.kind.window_s / self.limit


class Quota:
    """What one model may take. A request fits all limits together, or takes of none.

    Nobody documents what a refused attempt costs; repeated ones were seen to burn requests. Here it
    is one request of each limit that has room for it, and no audio.
    """

    def __init__(self, model: str, limits: Limits, clock: Callable[[], float]) -> None:
        self._model = model
        self._lock = threading.Lock()
        self.buckets = {
            kind.name: Bucket(kind, limit, clock)
            for kind in KINDS
            if (limit := getattr(limits, kind.name)) is not None
        }

    def take(self, *, tokens: float = 0.0, audio_s: float = 0.0) -> None:
        """Charge one request.

        Raises:
            Refused: 429 if it has to wait; 413 if it is larger than a whole allowance.
        """
        asked = {"requests": 1.0, "tokens": tokens, "audio_s": audio_s}
        with self._lock:
            charges = [(each, asked[each.kind.quantity]) for each in self.buckets.values()]
            for bucket, units in charges:
                if units > bucket.limit:
                    figures = (bucket.limit, math.ceil(units))
                    raise Refused(over_allowance(bucket.kind.label, *figures, model=self._model))
            late = [charge for charge in charges if charge[0].wait_s(charge[1]) > _ROUNDING_S]
            if late:
                raise self._refused(*max(late, key=lambda charge: charge[0].wait_s(charge[1])))
            for bucket, units in charges:
                bucket.use(units)

    def attempt(self) -> None:
        """Charge a request that was refused."""
        with self._lock:
            for bucket in self.buckets.values():
                if bucket.kind.quantity == "requests" and bucket.wait_s(1) <= _ROUNDING_S:
                    bucket.use(1)

    def headers(self) -> dict[str, str]:
        """What every answer tells: of requests a day, tokens a minute and audio an hour only."""
        told = {}
        with self._lock:
            for bucket in self.buckets.values():
                left = math.floor(max(0.0, bucket.limit - bucket.used()) + 1e-6)
                reset_s = (bucket.limit - left) * bucket.kind.window_s / bucket.limit
                if name := bucket.kind.header:
                    told[f"x-ratelimit-limit-{name}"] = f"{bucket.limit:.10g}"
                    told[f"x-ratelimit-remaining-{name}"] = str(left)
                    told[f"x-ratelimit-reset-{name}"] = go_duration(reset_s)
        return told

    def _refused(self, bucket: Bucket, units: float) -> Refused:
        wait_s = math.ceil(bucket.wait_s(units) * 1000 - 1e-3) / 1000
        figures = (bucket.limit, math.ceil(bucket.used() - 1e-6), math.ceil(units))
        answer = limited(bucket.kind.label, go_duration(wait_s), *figures, model=self._model)
        if bucket.kind.quantity == "audio_s":
            return Refused(answer)
        return Refused(with_headers(answer, retry_after=str(math.ceil(wait_s))))
