"""The decoder processes of this process: started where needed, used again, ended with us."""

from __future__ import annotations

import atexit
import os
from functools import cache
from threading import Condition, Lock

from audiopipe.audio.reading.isolation.decoder import CannotStart, Decoder

_START_S = 0.25
"""About what a start takes: so long it is worth to wait for one that is at work."""


def decoders() -> Pool:
    """Those of this process; a fork has its own."""
    return _decoders_of(os.getpid())


@cache
def _decoders_of(_process_id: int) -> Pool:
    pool = Pool()
    atexit.register(pool.end)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=pool.forget)
    return pool


class Pool:
    """Decoders, idle and at work. As many are started as are used at once."""

    def __init__(self) -> None:
        self._freed = Condition()
        self._starting = Lock()
        self._idle: list[Decoder] = []
        self._all: set[Decoder] = set()
        self._has_started = False
        self._useless: CannotStart | None = None

    def take(self, *, fresh: bool = False) -> Decoder:
        """One that is idle, or a new one; it is given back or dropped.

        Args:
            fresh: whether it must be a new one: what has happened to others may happen to the idle.

        Raises:
            CannotStart: there is none.
            Died: something ended it as it began.
        """
        if fresh:
            return self._started()
        if found := self._found(0.0):
            return found
        with self._starting:
            # another may just have been started for a moment's work
            return self._found(_START_S if self._all else 0.0) or self._started()

    def give_back(self, decoder: Decoder) -> None:
        """It is idle again."""
        with self._freed:
            self._idle.append(decoder)
            surplus = self._idle.pop(0) if len(self._idle) > (os.cpu_count() or 1) else None
            self._freed.notify()
        if surplus:
            self.drop(surplus)

    def drop(self, decoder: Decoder) -> None:
        """It is of no more use."""
        with self._freed:
            self._all.discard(decoder)
        decoder.end()

    def end(self) -> None:
        """End them all."""
        for decoder in tuple(self._all):
            self.drop(decoder)

    def forget(self) -> None:
        """Leave them to our parent; only to be called by the first thread of a fork."""
        for decoder in self._all:
            decoder.forget()
        self.__init__()  # type: ignore[misc]  # another thread may have held the locks

    def _found(self, wait_s: float) -> Decoder | None:
        with self._freed:
            self._freed.wait_for(lambda: self._idle, wait_s)
            while self._idle:
                decoder = self._idle.pop()
                if decoder.is_alive():
                    return decoder
                self._all.discard(decoder)
                decoder.end()  # somebody killed it; its files are still open
        return None

    def _started(self) -> Decoder:
        if self._useless:
            raise self._useless
        try:
            decoder = Decoder()
        except CannotStart as error:
            self._useless = None if self._has_started else error
            raise
        self._has_started = True
        with self._freed:
            self._all.add(decoder)
        return decoder
