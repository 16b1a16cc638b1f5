"""Text of others, fit for a terminal and a file: no control characters, no hidden directions."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,500}(?:\x07|\x1b\\)?|[@-_])?")
"""Sequences that terminals obey (ECMA-48): colours, moves of the cursor, titles, links."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufff9-\ufffb]")
_DIRECTIONS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of the text around it (Unicode's annex 9), and is never spoken."""

_MOST_CHARACTERS = 300
"""Of others' words in one line."""


def printable(text: str) -> str:
    """The same text without what a terminal would obey; line feeds and tabs stay.

    Carriage returns are taken for line feeds, halves of characters are replaced.
    """
    text = text.encode("utf-8", "replace").decode() if _has_halves(text) else text
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\x85", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _DIRECTIONS.sub("", _CONTROLS.sub("", text))


def one_line(text: str, most: int = _MOST_CHARACTERS) -> str:
    """The text in one line of at most so many characters, three dots more if it was longer."""
    line = " ".join(printable(text[: most * 20]).split())
    return line if len(line) <= most else f"{line[:most]}..."


def _has_halves(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
