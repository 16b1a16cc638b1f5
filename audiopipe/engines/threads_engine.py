"""Threads of this process, as an engine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self, TypeVar

from audiopipe.settings import Settings

T = TypeVar("T")
R = TypeVar("R")

_SLOTS = 4


class Threads:
    """See `Executor`."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="audiopipe-node")

    def submit(self, work: Callable[[T], R], item: T) -> Future[R]:
        return self._pool.submit(work, item)

    def channel(self, hear: Callable[[Any], None]) -> Callable[[Any], None]:
        return hear

    def signal(self) -> threading.Event:
        return threading.Event()

    def check(self) -> None:
        """This process is there."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)


def opened(on: str, settings: Settings) -> Threads:
    """The engine."""
    return Threads(settings.slots or _SLOTS)
