"""Room that is kept on a disk, for what must still be written when the disk is full."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

_BYTES = 4 << 20
"""Some hundred answers of an hour of speech, or the answers that are under way at once."""


class Reserve:
    """A file that takes room until somebody needs it.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_kept = False

    def keep(self) -> None:
        """Take the room, where there is enough of it besides; once in a process."""
        if self._is_kept:
            return
        self._is_kept = True
        with suppress(OSError):
            if self._path.exists() or shutil.disk_usage(self._path.parent).free < 4 * _BYTES:
                return
            self._path.touch(mode=0o600, exist_ok=False)
            with self._path.open("r+b") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, _BYTES)
                else:
                    file.write(bytes(_BYTES))

    def give_up(self) -> bool:
        """Give the room back; whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
