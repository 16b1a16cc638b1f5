"""Documents of Word: paragraphs, headings by their style, and tables."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.text.paragraph import Paragraph as Styled

from audiopipe.errors import InputError
from audiopipe.speech.script import Paragraph
from audiopipe.speech.texts.manuscript import Manuscript
from audiopipe.text.languages import code_of

_MOST_BYTES = 256 << 20


def manuscript(data: bytes, name: str) -> Manuscript:
    """Of a document.

    Raises:
        InputError: it is none.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(each.file_size for each in packed.infolist()) > _MOST_BYTES:
                raise InputError(f"{name} unpacks to over {_MOST_BYTES >> 20} MB")
        document = docx.Document(io.BytesIO(data))
    except (zipfile.BadZipFile, PackageNotFoundError, KeyError, ValueError) as error:
        raise InputError(f"{name} is no docx that can be read: {error}") from error
    told = document.core_properties
    return Manuscript(
        tuple(_paragraphs(document)),
        told.title or "",
        told.author or "",
        language=code_of((told.language or "").split("-")[0]),
    )


def _paragraphs(document: Any) -> Iterator[Paragraph]:
    for element in _blocks(document.element.body):
        if _kind(element) == "p":
            style = Styled(element, document).style
            text = _text(element)
            is_heading = style is not None and str(style.name).startswith(("Heading", "Title"))
            yield Paragraph(text, is_heading)
            yield from (Paragraph(_text(p)) for box in _boxes(element) for p in _blocks(box))
            continue
        for row in _of(element, "tr"):
            cells = (" ".join(map(_text, _blocks(cell))) for cell in _of(row, "tc"))
            yield Paragraph(", ".join(filter(None, map(str.strip, cells))))


def _blocks(element: Any) -> Iterator[Any]:
    """Paragraphs and tables, those in content controls and of insertions too."""
    return _of(element, "p", "tbl")


def _of(element: Any, *kinds: str) -> Iterator[Any]:
    """The nearest elements of some kinds below one."""
    for child in element:
        if _kind(child) in kinds:
            yield child
        elif _kind(child) not in _PASSED:
            yield from _of(child, *kinds)


_PASSED = frozenset({"moveFrom", "Fallback", "txbxContent"})
"""What was moved elsewhere, what stands there twice, and what has a place of its own."""


def _boxes(element: Any) -> Iterator[Any]:
    return (each for each in element.iter() if _kind(each) == "txbxContent" and not _is_twice(each))


def _is_twice(element: Any) -> bool:
    return any(_kind(each) == "Fallback" for each in element.iterancestors())


def _text(element: Any) -> str:
    """What is read of a paragraph: insertions are, what is deleted, moved or hidden is not."""
    if _kind(element) == "tbl":
        return " ".join(map(_text, _of(element, "p")))
    runs = (run for run in _of(element, "r") if not _is_hidden(run))
    said = (part for run in runs for part in _of(run, "t", "tab", "br", "cr", "noBreakHyphen"))
    parts = ((part.text or "") if _kind(part) == "t" else _SPACED.get(_kind(part)) for part in said)
    return " ".join("".join(part or " " for part in parts).split())


_SPACED = {"noBreakHyphen": "-"}


def _is_hidden(run: Any) -> bool:
    return any(
        _kind(each) == "vanish" and each.get(f"{{{_W}}}val") not in ("0", "false")
        for each in _of(run, "vanish")
    )


_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def _kind(element: Any) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]
