"""Room that is kept on a disk, for what must still be written when the disk is full."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

LEAST_BYTES, SPEECH_BYTES = 4 << 20, 32 << 20
"""The answers that are under way at once: some kilobytes each, or as speech 2 MB for each of
sixteen."""

_SHARE = 4
"""Of the free room no more than a quarter is taken."""


class Reserve:
    """A file that takes room until somebody needs it.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept_bytes = 0

    def keep(self, most_bytes: int) -> None:
        """Take the room, where there is enough of it besides; once in a process."""
        if most_bytes <= self._kept_bytes:
            return
        self._kept_bytes = most_bytes
        with suppress(OSError):
            size = min(most_bytes, shutil.disk_usage(self._path.parent).free // _SHARE)
            if size < LEAST_BYTES or (self._path.exists() and self._path.stat().st_size >= size):
                return
            self._path.touch(mode=0o600)
            with self._path.open("r+b") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    file.write(bytes(size))

    def give_up(self) -> bool:
        """Give the room back; whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
