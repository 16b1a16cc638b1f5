"""Which recording an answer is about, so that its answers can be found again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from audiopipe.values.audio import Origin

_READ_BYTES = 1 << 16


def of_file(path: Path) -> Origin:
    """By size, beginning and end, so that a renamed or moved file is the same, however long.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        digest = hashlib.sha256(b"file %d " % size)
        digest.update(file.read(_READ_BYTES))
        file.seek(max(0, size - _READ_BYTES))
        digest.update(file.read(_READ_BYTES))
    # the name is to be shown: what is no text in UTF-8 is spelled out
    shown = os.fsencode(path.name).decode("utf-8", "backslashreplace")
    return Origin(digest.hexdigest()[:32], shown)


def of_address(name: str) -> Origin:
    """By the address, in the form in which it is shown."""
    return Origin(hashlib.sha256(b"address " + name.encode()).hexdigest()[:32], name)
