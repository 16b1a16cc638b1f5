"""PDF: the text of its pages, by PDFium; chapters by its outline."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import pypdfium2

from audiopipe.errors import InputError
from audiopipe.speech.script import Paragraph
from audiopipe.speech.texts.manuscript import Manuscript

_FEWEST_PAGES = 3
_SHARE = 0.5
"""Of pages on which a line at the edge must stand to be a header or footer, figures apart."""
_ENDS = re.compile(r"[.!?:;”\"'’)\]]$")
_FULL_LINE = 0.75
"""Of the longest line: what is shorter and ends a sentence ends a paragraph."""


def manuscript(data: bytes, name: str) -> Manuscript:
    """Of a document with text. Headers, footers and numbers of pages are left out.

    Raises:
        InputError: it is none, it needs a password, or it has no text.
    """
    try:
        with pypdfium2.PdfDocument(data) as document:
            pages = [_lines(document[number]) for number in range(len(document))]
            told = document.get_metadata_dict(skip_empty=True)
            titles = list(_titles(document))
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise InputError(f"{name} needs a password: save it without one") from error
        raise InputError(f"{name} is no PDF that can be read: {error}") from error
    if not any(pages):
        raise InputError(f"{name}: the PDF has no text; recognise its pages first (OCR)")
    made = tuple(_paragraphs(_without_edges(pages), titles))
    year = re.search(r"\d{4}", told.get("CreationDate", ""))
    return Manuscript(made, told.get("Title", ""), told.get("Author", ""), year[0] if year else "")


def _lines(page: pypdfium2.PdfPage) -> list[str]:
    text = page.get_textpage()
    try:
        lines = str(text.get_text_range()).replace("\ufffe", "").splitlines()
    finally:
        text.close()
        page.close()
    return [" ".join(line.split()) for line in lines]


def _titles(document: pypdfium2.PdfDocument) -> Iterator[tuple[int, str]]:
    """Pages and titles of the outline's first level."""
    for mark in document.get_toc(max_depth=1):
        dest = mark.get_dest()
        page = dest.get_index() if dest else None
        if page is not None:
            yield page, " ".join(mark.get_title().split())


def _without_edges(pages: Sequence[list[str]]) -> list[list[str]]:
    """The pages without lines that stand at the edge of most, and without their numbers."""
    edges = Counter(_shape(line) for page in pages for line in {*page[:1], *page[-1:]} if line)
    most = max(_FEWEST_PAGES, _SHARE * len(pages))
    kept = []
    for page in pages:
        lines = [line for line in page if line]
        while lines and (edges[_shape(lines[0])] >= most or lines[0].isdigit()):
            lines.pop(0)
        while lines and (edges[_shape(lines[-1])] >= most or lines[-1].isdigit()):
            lines.pop()
        kept.append(lines)
    return kept


def _shape(line: str) -> str:
    return re.sub(r"\d+", "0", line)


def _paragraphs(
    pages: Sequence[Sequence[str]], titles: Sequence[tuple[int, str]]
) -> Iterator[Paragraph]:
    held = ""
    for number, page in enumerate(pages):
        heads = [title for at, title in titles if at == number]
        longest = max(map(len, page), default=0)
        if heads and held:
            yield Paragraph(held)
            held = ""
        for head in heads[:1] if not set(heads) & set(page) else ():
            yield Paragraph(head, is_heading=True)
        for line in page:
            if line in heads:
                if held:
                    yield Paragraph(held)
                yield Paragraph(line, is_heading=True)
                held = ""
                continue
            held = held[:-1] + line if re.search(r"[^\W\d]-$", held) else f"{held} {line}".strip()
            if _ENDS.search(line) and len(line) < _FULL_LINE * longest:
                yield Paragraph(held)
                held = ""
    if held:
        yield Paragraph(held)
