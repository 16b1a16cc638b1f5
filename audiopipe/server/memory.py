"""Memory that is free, given back: glibc keeps what threads have freed, each thread its own."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

_M_ARENA_MAX = -8
"""Of malloc.h."""


def share_arena() -> None:
    """Let all threads take memory from one place in place of eight a core, each of which keeps
    what its threads have freed: a server that answers for months does not grow by that."""
    _glibc("mallopt", _M_ARENA_MAX, 1)


def give_back() -> None:
    """Give free memory back to the system, where it is kept."""
    _glibc("malloc_trim", 0)


def _glibc(name: str, *values: int) -> None:
    """Call a function that Linux with glibc has."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            getattr(ctypes.CDLL(None), name)(*values)
