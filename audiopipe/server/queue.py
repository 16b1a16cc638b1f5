"""Who is next: a place for each client, and no client before its turn."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")

_GUESTS = 4
"""Times the places that newcomers may take: those who have nothing under way."""


class FairQueue(Generic[T]):
    """What waits, by client. The next is of the client with the least under way, and among equals
    of the one that waits longest, since it came or was served: one that comes again at once has
    its turn behind those who wait.

    A client without anything under way does not wait for the long work of others: it gets a place
    beside theirs, up to four times as many.

    Args:
        places: what may be under way at once, >= 1.
        most: what of one client may wait, >= 1.
    """

    def __init__(self, places: int, most: int) -> None:
        self._places, self._most = places, most
        self._waiting: dict[str, deque[T]] = {}
        self._running: Counter[str] = Counter()
        self._since: dict[str, int] = {}
        self._steps = count()

    @property
    def most_running(self) -> int:
        """What may ever be under way at once."""
        return self._places * _GUESTS

    @property
    def waiting(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def running(self) -> int:
        return self._running.total()

    def is_full(self, client: str) -> bool:
        """Whether a client may have no more waiting."""
        return len(self._waiting.get(client, ())) >= self._most

    def put(self, client: str, item: T) -> None:
        """Add something, at the end of its client's own."""
        self._since.setdefault(client, next(self._steps))
        self._waiting.setdefault(client, deque()).append(item)

    def take(self) -> tuple[str, T] | None:
        """The next that may begin, which then is under way; None if none may."""
        client = min(self._waiting, key=self._rank, default=None)
        if client is None or not self._has_place(client):
            return None
        item = self._waiting[client].popleft()
        self._since[client] = next(self._steps)
        if not self._waiting[client]:
            self._forget(client)
        self._running[client] += 1
        return client, item

    def end(self, client: str) -> None:
        """Something of a client's is not under way any more."""
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]

    def drop(self, is_dropped: Callable[[T], bool]) -> None:
        """Take out what need not begin."""
        for client, items in list(self._waiting.items()):
            kept = deque(item for item in items if not is_dropped(item))
            if kept:
                self._waiting[client] = kept
            else:
                self._forget(client)

    def _forget(self, client: str) -> None:
        del self._waiting[client], self._since[client]

    def _rank(self, client: str) -> tuple[int, int]:
        return self._running[client], self._since[client]

    def _has_place(self, client: str) -> bool:
        if self._running[client]:
            return self.running < self._places
        return self.running < self.most_running
