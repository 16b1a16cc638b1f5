"""What results are called: like their recordings, each by a name that every system can hold."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

_MOST_BYTES = 200
"""Of a name, so that endings such as `.verbose.json` fit into the 255 bytes of file systems."""


def harmless(path: str) -> str:
    """A file name from the last part of a path or address."""
    last = path.rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^\w.\- ]", "_", last).lstrip(".") or "download"


def distinct(stems: Sequence[PurePath]) -> list[PurePath]:
    """Names without their ending, unless two would then be the same; a number if they still are.

    What is too long is cut, and told from others by a hash.
    """
    shared = Counter(_folded(stem.with_suffix("")) for stem in stems if stem.name)
    taken: Counter[str] = Counter()
    named = []
    for whole in stems:
        alone = whole.name and shared[_folded(whole.with_suffix(""))] == 1
        stem = _short(whole.with_suffix("") if alone else whole)
        taken[_folded(stem)] += 1
        if (copy := taken[_folded(stem)]) > 1:
            stem = stem.with_name(f"{stem.name}-{copy}")
        named.append(stem)
    return named


def _short(stem: PurePath) -> PurePath:
    name = os.fsencode(stem.name)
    if len(name) <= _MOST_BYTES:
        return stem
    mark = hashlib.sha256(name).hexdigest()[:8]
    cut = name[: _MOST_BYTES - 9].decode("utf-8", "surrogateescape")
    # a character that was cut in half is none of the name's
    while not stem.name.startswith(cut):
        cut = cut[:-1]
    return stem.with_name(f"{cut}~{mark}")


def _folded(stem: PurePath) -> str:
    """Names that differ in case alone are one file on many systems."""
    return str(stem).casefold()
