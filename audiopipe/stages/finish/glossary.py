"""Glossaries: the words of a subject, and what recognisers make of them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audiopipe.errors import UsageError

_ARROW = "=>"


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is heard, one or more words, and what is written instead."""

    heard: str
    written: str


@dataclass(frozen=True, slots=True)
class Glossary:
    """The words of a subject.

    Attributes:
        terms: as they are to be written, the most important first, each once.
        replacements: in the order of the file; of two for the same words the first counts.
    """

    terms: tuple[str, ...] = ()
    replacements: tuple[Replacement, ...] = ()


def read_glossary(path: str | os.PathLike[str]) -> Glossary:
    """The glossary in a text file: a term a line, or `heard => written`, whose right side is a
    term too. Lines that begin with `#` are comments.

    Raises:
        UsageError: the file cannot be read, or a line lacks one side of its arrow.
    """
    try:
        text = Path(path).read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"--glossary {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--glossary {path}: it is not text in UTF-8") from error
    pairs = list(_pairs(text, path))
    terms = dict.fromkeys(written for _, written in pairs)
    heard = tuple(Replacement(heard, written) for heard, written in pairs if heard)
    return Glossary(tuple(terms), heard)


def _pairs(text: str, path: str | os.PathLike[str]) -> Iterator[tuple[str, str]]:
    """What is heard, "" if only a term stands there, and what is written."""
    for number, line in enumerate(unicodedata.normalize("NFC", text).splitlines(), start=1):
        heard, arrow, written = (" ".join(part.split()) for part in line.partition(_ARROW))
        if not line.strip() or heard.startswith("#"):
            continue
        if not arrow:
            yield "", heard
        elif heard and written:
            yield heard, written
        else:
            raise UsageError(
                f"--glossary {path}, line {number}: {_ARROW} needs words on both sides"
            )
