"""Texts to speak from: plain, Markdown, HTML, EPUB, docx, PDF, subtitles and transcripts."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

from audiopipe.errors import InputError, UnreadableInput, UsageError
from audiopipe.render import load
from audiopipe.speech.texts.manuscript import Manuscript
from audiopipe.speech.texts.plain import markdown, of_transcript, timed

MOST_BYTES = 256 << 20
"""Of a file, and of what is packed in it: a library of books takes less."""


def read(path: Path) -> Manuscript:
    """What is to be spoken of a file, and what it says of itself.

    Its ending tells what it is: .html, .htm, .xhtml, .epub, .docx, .pdf, .srt, .vtt and .json
    (a transcript); all else is text or Markdown, in UTF-8 or UTF-16. Subtitles are spoken to their
    times.

    Raises:
        InputError: it cannot be read, or there is nothing to speak in it.
        UsageError: the library for it is not installed.
    """
    kind = path.suffix.lower()
    if kind in (".srt", ".vtt"):
        return timed(load(path))
    if kind == ".json":
        return of_transcript(load(path))
    data = _bytes_of(path)
    if kind not in _READERS:
        return markdown(_text_of(data, path))
    try:
        made = _READERS[kind](data, path.name)
    except ImportError as error:
        raise UsageError(
            f"{path.name}: {kind} needs {error.name}: pip install 'audiopipe[texts]'"
        ) from error
    if not any(each.text.strip() for each in made.paragraphs):
        raise InputError(f"{path}: there is no text in it")
    return made


def _html(data: bytes, name: str) -> Manuscript:
    from audiopipe.speech.texts.html import manuscript

    return manuscript(data)


def _epub(data: bytes, name: str) -> Manuscript:
    from audiopipe.speech.texts.epub import manuscript

    return manuscript(data, name)


def _docx(data: bytes, name: str) -> Manuscript:
    from audiopipe.speech.texts.docx import manuscript

    return manuscript(data, name)


def _pdf(data: bytes, name: str) -> Manuscript:
    from audiopipe.speech.texts.pdf import manuscript

    return manuscript(data, name)


_READERS: dict[str, Callable[[bytes, str], Manuscript]] = {
    ".html": _html,
    ".htm": _html,
    ".xhtml": _html,
    ".epub": _epub,
    ".docx": _docx,
    ".pdf": _pdf,
}


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableInput(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > MOST_BYTES:
        raise UnreadableInput(f"{path} is too large for a text: over {MOST_BYTES >> 20} MB")
    return data


def _text_of(data: bytes, path: Path) -> str:
    """In UTF-8, or UTF-16 with its mark, as Windows saves it."""
    is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"{path} is no text in UTF-8: convert it first") from error
    if "\0" in text:
        raise UnreadableInput(f"{path} is no text: there are zeros in it")
    return text
