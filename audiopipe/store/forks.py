"""Databases and forks: no connection may be open while a process becomes two."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from audiopipe.store.database import Database


class Forks:
    """Closes the databases of this process around each of its forks."""

    def __init__(self) -> None:
        self.databases: WeakSet[Database] = WeakSet()
        self._resting: list[Database] = []
        self._one = threading.Lock()
        if hasattr(os, "register_at_fork"):
            after = self._after
            os.register_at_fork(before=self._before, after_in_parent=after, after_in_child=after)

    def _before(self) -> None:
        self._one.acquire()
        self._resting = list(self.databases)
        for database in self._resting:
            database.rest()

    def _after(self) -> None:
        for database in self._resting:
            database.wake()
        self._resting = []
        self._one.release()


FORKS = Forks()
"""Those of this process: a fork concerns it as a whole."""
