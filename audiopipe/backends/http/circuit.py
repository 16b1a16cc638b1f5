"""Whether a server is alive: a dead one stops a run at once, not file by file."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from audiopipe.errors import ServerDown, ServerFault

T = TypeVar("T")

_DEAD_AFTER = 3
"""Requests that fail one after another, each for good, before the server is taken for dead: one
may be the fault of what was sent."""


class Unsent(ServerFault):
    """The request never reached the server."""


class Circuit:
    """Whether requests get through; one that cannot even connect tells all if none ever did."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._in_a_row, self._any_good = 0, False

    def watch(self, send: Callable[[], T]) -> T:
        """What `send` gives.

        Raises:
            ServerDown: in place of its fault, once the server is taken for dead.
        """
        try:
            result = send()
        except ServerFault as error:
            with self._lock:
                self._in_a_row += 1
                unreachable = isinstance(error, Unsent) and not self._any_good
                dead = unreachable or self._in_a_row >= _DEAD_AFTER
            if not dead:
                raise
            raise ServerDown(
                f"{error}; no request gets through: the same command goes on when the server is "
                "back"
            ) from error
        with self._lock:
            self._in_a_row, self._any_good = 0, True
        return result
