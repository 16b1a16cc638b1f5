"""Files between processes: written whole or not at all, locked, and swept after a killed run.

A temporary file is locked while its process lives, by the operating system, which lets go of it
however the process ends: one that can be locked is a leftover.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_LEFTOVER = re.compile(r"\.audiopipe-[0-9a-f]{16}(-\d+)?\.(tmp|lock)")
_POLL_S = 0.01
_PATIENCE_S = 30.0  # thousands of times what anybody holds a lock
_MOST_AT_ONCE = 1000
_FAR = 1 << 30


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a temporary file beside a file, which it replaces when the block ends well.

    The temporary file is there, and empty. It is on the disk before it takes the other's place, and
    gone if the block raises. Missing folders are made; what killed runs have left in the folder is
    swept.

    Raises:
        OSError: a folder or the file cannot be made or renamed; an older file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent)
    temporary, handle = _begun(path)
    is_ours = True
    try:
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        if sys.platform == "win32":  # which renames no open file
            os.close(handle)
        temporary.replace(path)
        is_ours = False  # the next who begins to write the same file takes the same name
    finally:
        _let_go(temporary if is_ours else None, handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process that asks for it has the file, which need not be there.

    Where nothing can be locked or made, nobody waits.
    """
    lock, handle = _beside(path, ".lock"), None
    patient_until_s = time.monotonic() + _PATIENCE_S
    with suppress(OSError):
        while (handle := _held(lock)) is None and time.monotonic() < patient_until_s:
            time.sleep(_POLL_S)
    try:
        yield
    finally:
        if handle is not None:
            _let_go(lock, handle)


@cache
def sweep(folder: Path) -> None:
    """Delete what killed runs have left half-written in a folder; once in a process."""
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            if _LEFTOVER.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if (handle := _held(Path(entry.path), makes=False)) is not None:
                        _let_go(Path(entry.path), handle)


def _begun(path: Path) -> tuple[Path, int]:
    """A temporary file that is ours, and its handle."""
    for number in range(_MOST_AT_ONCE):
        temporary = _beside(path, f"{f'-{number}' if number else ''}.tmp")
        try:
            handle = _held(temporary)
        except OSError:
            if not os.path.lexists(temporary):
                raise
            continue  # somebody has put there what is none of ours
        if handle is not None:
            os.ftruncate(handle, 0)
            return temporary, handle
    raise FileExistsError(errno.EEXIST, f"too many write it at once: {path}")


def _beside(path: Path, ending: str) -> Path:
    """A hidden name in the same folder, the same for the same file, and never too long."""
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    return path.with_name(f".audiopipe-{digest}{ending}")


def _held(path: Path, *, makes: bool = True) -> int | None:
    """The handle of a file that nobody else has; None if somebody has.

    Where nothing can be locked, one who makes files has them, and one who only looks has not.
    """
    flags = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags | (os.O_CREAT if makes else 0), 0o666)
    try:
        _lock(handle)
        is_held = os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        is_held = False  # deleted or renamed by who had it
    except BlockingIOError:
        is_held = False
    except OSError:
        is_held = makes
    if is_held:
        return handle
    os.close(handle)
    return None


def _let_go(path: Path | None, handle: int) -> None:
    """Delete a file that is ours, if it is named, and close it."""
    if sys.platform != "win32" and path is not None:
        path.unlink(missing_ok=True)
    with suppress(OSError):
        os.close(handle)
    if sys.platform == "win32" and path is not None:
        with suppress(OSError):
            path.unlink(missing_ok=True)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)  # what is locked there cannot be written
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(error.errno, error.strerror) from error
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
