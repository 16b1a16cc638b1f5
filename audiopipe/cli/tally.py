"""What a run has done and what it has before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from threading import Lock, get_ident

from audiopipe.values.events import Event, Heard, Mended, Settled, Spoke, Waiting
from audiopipe.values.requests import Usage


class Tally:
    """What a run has done and what it has before it; for many threads.

    Args:
        durations_s: seconds of each recording, None where the header does not tell.
        clock: seconds; only differences matter.
    """

    def __init__(
        self, durations_s: Sequence[float | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        known = [seconds for seconds in durations_s if seconds is not None]
        self.files, self.files_done = len(durations_s), 0
        self.audio_s = sum(known) if len(known) == len(durations_s) else None
        self.heard_s = 0.0
        self.spent = Usage()
        self.clock = clock
        self._began_s = clock()
        self._fresh_s = 0.0
        self._waits: dict[Hashable, tuple[float, str]] = {}
        self._lock = Lock()

    def count(self, event: Event, worker: Hashable = None) -> None:
        """Note an event.

        Args:
            event: what happened.
            worker: who works on what it is about; None is this thread.
        """
        worker = get_ident() if worker is None else worker
        with self._lock:
            if isinstance(event, Waiting):
                self._waits[worker] = (self.clock() + event.wait_s, event.reason)
                return
            self._waits.pop(worker, None)
            if isinstance(event, Spoke | Settled):
                return
            if isinstance(event, Mended):
                self.spent += event.spent
                return
            self.heard_s += event.span.duration_s
            if isinstance(event, Heard) and not event.cached:
                self._fresh_s += event.span.duration_s
                self.spent += event.usage

    def finish(self) -> None:
        """Note that a file is finished, well or badly."""
        self.files_done += 1

    @property
    def speed(self) -> float:
        """Seconds of audio recognised in a second; answers of earlier runs do not count."""
        return self._fresh_s / max(self.clock() - self._began_s, 1e-9)

    @property
    def left_s(self) -> float | None:
        """Seconds to the end at this speed or by the longest wait; None where nobody can tell."""
        if self.audio_s is None or not self.speed:
            return None
        at_speed_s = max(0.0, self.audio_s - self.heard_s) / self.speed
        return max([at_speed_s, *(wait_s for wait_s, _ in self._ahead())])

    @property
    def wait(self) -> tuple[float, str] | None:
        """Seconds until the first of all that wait may go on, and what it waits for."""
        return min(self._ahead(), default=None)

    def _ahead(self) -> list[tuple[float, str]]:
        now_s = self.clock()
        with self._lock:
            return [(end_s - now_s, why) for end_s, why in self._waits.values() if end_s > now_s]
