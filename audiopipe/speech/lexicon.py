"""How words are said: a file of the user's, a word a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from audiopipe.errors import UsageError
from audiopipe.text.words import whole_words

_ARROW = re.compile(r"\s*(?:=>|=|\t)\s*")

Lexicon = Mapping[str, str]
"""What is written, and what is said for it. A key with a capital stands for itself alone, one
without for any case."""


def read_lexicon(path: Path) -> Lexicon:
    """The words of a file: `GIF => jiff`, with `#` before what is a comment.

    Raises:
        UsageError: it cannot be read, or a line is none of that form, or is in IPA, which no voice
            here reads.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise UsageError(f"--lexicon {path}: {reason}") from error
    words: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        written, *said = _ARROW.split(text, maxsplit=1)
        if not written or not said or not said[0]:
            raise UsageError(f"--lexicon {path}, line {number}: it needs a word => how it is said")
        if said[0].startswith("/") and said[0].endswith("/"):
            raise UsageError(
                f"--lexicon {path}, line {number}: no voice here reads IPA: write {written!r} as "
                "it sounds"
            )
        words[written] = said[0]
    return words


def pronounced(text: str, lexicon: Lexicon) -> str:
    """The text with the words of a lexicon as they are said, the longest first."""
    if not lexicon:
        return text
    any_case = {word.casefold(): said for word, said in lexicon.items()}
    keys = sorted(lexicon, key=len, reverse=True)
    parts = (whole_words(key) if key != key.lower() else f"(?i:{whole_words(key)})" for key in keys)
    pattern = re.compile("|".join(parts))

    def said(found: re.Match[str]) -> str:
        written = " ".join(found[0].split())
        return lexicon.get(written) or any_case.get(written.casefold(), written)

    return pattern.sub(said, text)
