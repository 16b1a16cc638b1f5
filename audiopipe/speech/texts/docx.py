"""Documents of Word: paragraphs, headings by their style, and tables."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError

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
    for part in document.iter_inner_content():
        if not hasattr(part, "rows"):
            style = part.style.name if part.style else ""
            yield Paragraph(" ".join(part.text.split()), style.startswith(("Heading", "Title")))
            continue
        for row in part.rows:
            cells = dict.fromkeys(" ".join(cell.text.split()) for cell in row.cells)
            yield Paragraph(", ".join(filter(None, cells)))
