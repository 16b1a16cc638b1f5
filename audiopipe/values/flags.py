"""What can be wrong with a transcript: a file for each sort of evidence."""

from __future__ import annotations

from collections.abc import Iterable

from audiopipe.errors import UsageError

KINDS = (
    "low-confidence",
    "likely-no-speech",
    "repetition",
    "too-fast",
    "too-slow",
    "speech-without-text",
    "text-without-speech",
    "prompt-echo",
    "stock-phrase",
    "language-switch",
    "time-anomaly",
    "seam-disagreement",
)
"""Every kind of flag there is."""


def require_kinds(names: Iterable[str]) -> frozenset[str]:
    """The kinds that a user named.

    Raises:
        UsageError: no such kind.
    """
    kinds = frozenset(name.strip().replace("_", "-") for name in names)
    if unknown := sorted(kinds - {*KINDS}):
        raise UsageError(f"no flag is called {unknown[0]!r}, but {', '.join(KINDS)}")
    return kinds


MADE_UP = frozenset(
    ("likely-no-speech", "repetition", "text-without-speech", "prompt-echo", "stock-phrase")
)
"""Kinds of flags that say of a passage that nobody spoke its words."""


HURRIED = frozenset(("too-fast",))
"""Kinds of flags that say that the times are wrong or the words made up: the other side, if it has
something to say, is heard instead."""
