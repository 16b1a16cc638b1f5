"""Files that are never seen half-written."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a temporary file beside a file, which it replaces when the block ends well.

    The block makes the temporary file. It is on the disk before it takes the other's place, and
    gone if the block raises. Missing folders are made.

    Raises:
        OSError: a folder or the file cannot be made or renamed; an older file is untouched.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
