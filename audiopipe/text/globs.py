"""Pieces of patterns for paths, as regular expressions."""

from __future__ import annotations

import fnmatch
import re


def one_of(part: str) -> str:
    """What a piece of a pattern fits: `[a-z]`, `[!a]` and `[^a]` any one or none of the characters,
    all else itself. A range that is turned round fits nothing, and brackets without anything
    between them are themselves, as in a shell.
    """
    if not re.fullmatch(r"\[(?:[!^].|[^!^])[^\]]*\]", part, re.DOTALL):
        return re.escape(part)
    shell = f"[!{part[2:]}" if part[1] == "^" else part
    return re.sub(r"\\[Zz]$", "", fnmatch.translate(shell))
