"""How many requests are under way at once: as many as help."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition

from audiopipe.values.events import Pause, Waiting

_FIRST = 4
_SLOWER = 2.0
"""Taking so many times as long as at best, requests only queue at the server."""
_QUICK_S = 0.5
"""An answer that takes less is no sign of too much to do, whatever the best one took."""
_SMOOTHING = 0.2
"""Weight of the newest request in the mean time that requests take."""
_FORGETTING = 1.0002
"""The best time fades by this with each request: a server's or a line's best may be over."""
_CUT = 0.7
"""What is left of the lanes after an overload."""
_NO_HELP = 0.85
"""Fewer lanes make a queue shorter in proportion. If answers take more than this share of what they
took before a cut, no queue of ours was the cause, and that is the server's pace now."""
_ENOUGH = 8
"""Answers at one width whose mean can be compared with that at another."""
_LOOK_S = 0.5
"""How often a waiting request looks whether the run was stopped."""


class Lanes:
    """Lets a number of requests through at once and finds the number that helps.

    It grows by one after each round of good answers, and is cut when the server says that it is
    overloaded, or when answers take longer than at best, as for uploads through a line that is
    full (additive increase, multiplicative decrease, as in TCP's congestion control, RFC 5681).
    Cuts that make answers no quicker are undone.

    Args:
        most: never more than these, >= 1.
        clock: seconds, only differences matter.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._wide = float(min(_FIRST, most))
        self._busy = 0
        self._waiting: deque[object] = deque()
        self._best_s = self._mean_s = 0.0
        self._cut_at_s = -1.0
        self._spell: _Spell | None = None
        self._free = Condition()

    @property
    def width(self) -> int:
        """Requests that may be under way now."""
        return int(self._wide)

    @contextmanager
    def lane(self, pause: Pause) -> Iterator[None]:
        """Hold one lane; others wait for it, each behind those who came before."""
        place = object()
        with self._free:
            self._waiting.append(place)
            try:
                while self._waiting[0] is not place or self._busy >= self.width:
                    pause(0.0, Waiting(0.0, "a free lane"))
                    self._free.wait(_LOOK_S)
                self._busy += 1
            finally:
                self._waiting.remove(place)
                self._free.notify_all()
        try:
            yield
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify_all()

    def answered(self, began_s: float, size: float) -> None:
        """A request got a good answer.

        Args:
            began_s: when it was sent, on the clock.
            size: how much work it was, such as seconds of audio, > 0.
        """
        with self._free:
            waited_s = self._clock() - began_s
            took_s = waited_s / size
            self._best_s = min(took_s, (self._best_s or took_s) * _FORGETTING)
            if began_s <= self._cut_at_s:
                return  # it tells of the width before
            self._mean_s += _SMOOTHING * (took_s - (self._mean_s or took_s))
            self._mean_s = self._mean_s or took_s
            if not (waited_s > _QUICK_S and self._mean_s > _SLOWER * self._best_s):
                self._spell = None
                self._widen(self._wide + 1 / self._wide)
            elif self._spell is None:
                self._spell = _Spell(self._wide)
                self._shrink(began_s)
            else:
                self._judge(self._spell, took_s, began_s)

    def overloaded(self, began_s: float) -> None:
        """The server refused a request because it has too much to do."""
        with self._free:
            self._spell = None
            self._shrink(began_s)

    def _judge(self, spell: _Spell, took_s: float, began_s: float) -> None:
        """After a round at one width: cut again, or undo all cuts if the last has not helped."""
        spell.took_s.append(took_s)
        if len(spell.took_s) < max(self.width, _ENOUGH):
            return
        mean_s = sum(spell.took_s) / len(spell.took_s)
        if mean_s > _NO_HELP * spell.mean_s:
            self._spell, self._best_s = None, mean_s
            self._widen(spell.width)
        else:
            spell.mean_s, spell.took_s = mean_s, []
            self._shrink(began_s)

    def _widen(self, width: float) -> None:
        self._wide = min(self._most, width)
        self._free.notify_all()

    def _shrink(self, began_s: float) -> None:
        """Once for all requests that were under way together."""
        if began_s > self._cut_at_s:
            self._wide = max(1.0, self._wide * _CUT)
            self._cut_at_s, self._mean_s = self._clock(), 0.0


@dataclass(slots=True)
class _Spell:
    """A time in which answers take longer than at best.

    Attributes:
        width: before it.
        mean_s: what answers took at the width before the last cut; infinite before there was one.
        took_s: what they took since.
    """

    width: float
    mean_s: float = math.inf
    took_s: list[float] = field(default_factory=list)
