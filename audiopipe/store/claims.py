"""Who works on what, among all threads and processes: no two ask for the same.

A claim is a lock of the operating system on one byte of a file that stays empty. It ends with its
process, however that ends, and no child inherits it. The byte is chosen by the name of what is
claimed; two names that share one merely wait for each other. On a drive of the network such locks
hold among machines where the drive knows locks; where it does not, claims hold within the process
alone, and a warning says so.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from audiopipe.concurrency import PerProcess

Wait = Callable[[float], object]
"""Sleeps so many seconds; what it raises ends the wait."""

_LOGGER = logging.getLogger("audiopipe")
_FIRST_POLL_S, _LAST_POLL_S = 0.005, 0.2
_TOLD_AFTER_S = 3.0
_PLACES = 1 << 31  # 32-bit systems, and old network drives, know no further
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


class Claims:
    """Claims in one file, for many threads; it takes one file handle, while anything is claimed.

    Args:
        path: the file, made private to the user if missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = os.path.realpath(path)
        self._warned = False
        self._told = False

    @contextmanager
    def on(self, name: bytes, wait: Wait = time.sleep) -> Iterator[None]:
        """Wait until nobody works on it, then hold it.

        Args:
            name: at least 4 evenly distributed bytes, such as a hash.
            wait: called again and again while another holds it.
        """
        place = int.from_bytes(name[:4], "big") % _PLACES
        poll_s, began_s = _FIRST_POLL_S, time.monotonic()
        while not self._take(place):
            wait(poll_s)
            poll_s = min(1.5 * poll_s, _LAST_POLL_S)
            if not self._told and time.monotonic() - began_s > _TOLD_AFTER_S:
                self._told = True
                _LOGGER.info("waiting for an answer that another run has asked for")
        try:
            yield
        finally:
            _HELD.get().release(self._path, place)

    def _take(self, place: int) -> bool:
        taken, fault = _HELD.get().take(self._path, place)
        if fault and not self._warned:
            self._warned = True
            _LOGGER.warning(
                "%s cannot be locked (%s): two runs at once may ask for the same",
                self._path,
                fault.strerror or fault,
            )
        return taken


class _Held:
    """What this process has claimed, by file and place.

    Such locks belong to the process: two of its threads would both get one, and closing the file
    by any handle drops them all. So there is one handle for all of them, and one list of places.
    """

    def __init__(self) -> None:
        self._guard = Lock()
        self._files: dict[str, tuple[int | None, set[int]]] = {}

    def take(self, path: str, place: int) -> tuple[bool, OSError | None]:
        """Whether the place was free and now is ours; and why other processes don't see that."""
        fault: OSError | None = None
        with self._guard:
            handle, places = self._files.get(path, (None, set[int]()))
            if place in places:
                return False, None
            try:
                handle = _opened(path) if handle is None else handle
                _lock(handle, place)
            except OSError as error:
                if handle is not None and error.errno in _TAKEN:
                    if not places:
                        os.close(handle)
                    return False, None
                fault = error
            places.add(place)
            self._files[path] = handle, places
        return True, fault

    def release(self, path: str, place: int) -> None:
        """It is free; harmless in a child of the process that took it."""
        with self._guard:
            handle, places = self._files.get(path, (None, set[int]()))
            places.discard(place)
            if not places:
                self._files.pop(path, None)
                if handle is not None:
                    os.close(handle)  # which drops all locks
            elif handle is not None:
                with suppress(OSError):  # where nothing could be locked
                    _unlock(handle, place)


def _opened(path: str) -> int:
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int, place: int) -> None:
        os.lseek(handle, place, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _unlock(handle: int, place: int) -> None:
        os.lseek(handle, place, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(handle: int, place: int) -> None:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)

    def _unlock(handle: int, place: int) -> None:
        fcntl.lockf(handle, fcntl.LOCK_UN, 1, place)


_HELD = PerProcess(_Held)
