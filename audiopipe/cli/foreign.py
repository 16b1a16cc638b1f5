"""Errors of the machine that nobody below has met: disk, memory, terminal, what is installed.

They are no defects of ours, and are told like all others: one line that says what to do.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from audiopipe.errors import AudiopipeError

_SPACE = "free space; TMPDIR and AUDIOPIPE_CACHE_DIR name other places"
_RIGHTS = "choose another folder, or change its rights"
_ADVICE: Mapping[int, str] = MappingProxyType(
    {
        errno.ENOSPC: _SPACE,
        errno.EDQUOT: _SPACE,
        errno.EFBIG: "this disk or shell allows no larger files (ulimit -f)",
        errno.EROFS: _RIGHTS,
        errno.EACCES: _RIGHTS,
        errno.EPERM: _RIGHTS,
        errno.EMFILE: "too many files are open: raise ulimit -n, or lower --workers",
        errno.ENFILE: "too many files are open on this machine",
        errno.ENOMEM: "memory is short: lower --workers",
        errno.EIO: "the disk or the terminal is broken, or gone",
        errno.ENAMETOOLONG: "the name is longer than this disk allows",
    }
)


def explained(error: BaseException) -> AudiopipeError | None:
    """What the machine has refused, as an error of ours; None for what is none of its doing."""
    import sqlite3

    if isinstance(error, OSError):
        return AudiopipeError(_of_the_system(error))
    if isinstance(error, MemoryError):
        return AudiopipeError("memory is short: lower --workers, or end other programs")
    if isinstance(error, UnicodeEncodeError):
        odd = error.object[error.start : error.end][:20]
        return AudiopipeError(f"a text cannot be written as {error.encoding}: it holds {odd!a}")
    if isinstance(error, sqlite3.Error):
        return AudiopipeError(
            f"the kept answers cannot be used: {error}; --no-cache leaves them out"
        )
    if isinstance(error, ImportError):
        return AudiopipeError(f"a part of the installation is missing: {error}; install it again")
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return AudiopipeError("no more threads may be started: lower --workers, or raise ulimit -u")
    return None


def _of_the_system(error: OSError) -> str:
    if error.errno == errno.ENOENT and error.filename is None and not _is_somewhere():
        return "the working directory has been deleted: change to another one"
    if "temporary directory" in str(error):
        return "no folder for temporary files can be written: let TMPDIR name one"
    reason = error.strerror or str(error) or type(error).__name__
    place = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
    advice = _ADVICE.get(error.errno or 0)
    return f"{place}{reason}" + (f"; {advice}" if advice else "")


def _is_somewhere() -> bool:
    try:
        return bool(Path.cwd())
    except OSError:
        return False
