"""How words are said: a file of the user's, a word a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from audiopipe.errors import UsageError
from audiopipe.text.words import whole_words

_ARROW = re.compile(r"\s*(?:=>|=|\t)\s*")

Lexicon = Mapping[str, str]
"""What is written, and what is said for it: as it sounds, or in IPA between slashes, behind which
may stand how voices say it that read no IPA. A key with a capital stands for itself alone, one
without for any case."""

_IPA = re.compile(r"/(?P<ipa>[^/]+)/\s*(?P<plain>.*)")


def read_lexicon(path: Path) -> Lexicon:
    """The words of a file: `GIF => jiff` or `GIF => /dʒɪf/ jiff`, with `#` before a comment.

    Raises:
        UsageError: it cannot be read, or a line is none of that form.
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
        words[written] = said[0]
    return words


def in_letters(lexicon: Lexicon) -> Lexicon:
    """What is told without IPA, and so in the same way to every voice."""
    return {written: said for written, said in lexicon.items() if not _IPA.fullmatch(said)}


def in_sounds(lexicon: Lexicon, text: str, phonetic: Callable[[str, str], str | None]) -> Lexicon:
    """What is told in IPA, as one voice is told it.

    Args:
        lexicon: all words.
        text: all that is spoken; words that are not in it do not matter.
        phonetic: gives how a text for the voice says a word by IPA, None where it reads none.

    Raises:
        UsageError: a voice that reads no IPA, and a word without another way to say it.
    """
    told, whole = {}, text.casefold()
    for written, said in lexicon.items():
        found = _IPA.fullmatch(said)
        if not found or written.casefold() not in whole:
            continue
        told[written] = phonetic(written, found["ipa"]) or found["plain"]
        if not told[written]:
            raise UsageError(
                f"the voice reads no IPA: let the lexicon say how {written!r} sounds, too: "
                f"{written} => {said} LETTERS"
            )
    return told


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
