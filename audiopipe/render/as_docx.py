"""Word: a transcript to read and mend, doubtful passages in yellow, with the list of flags."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from audiopipe.render.joins import space_between
from audiopipe.render.passages import (
    Passage,
    facts,
    gap_text,
    one_line,
    paragraphs,
    passages,
    title,
    when_measured,
    without_controls,
)
from audiopipe.render.xml import legal
from audiopipe.text.clocks import whole_clock
from audiopipe.values.transcript import Failure, Flag, Transcript

if TYPE_CHECKING:
    from docx.document import Document

_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""The same transcript gives the same document, whenever it is written."""


def render(transcript: Transcript) -> bytes:
    """Title, a line on how it was made, paragraphs with their times, and the list of flags."""
    import docx

    document = docx.Document()
    told = document.core_properties
    told.title, told.author = legal(title(transcript))[:255], "audiopipe"
    told.language, told.created, told.modified = transcript.language or "", _NO_TIME, _NO_TIME
    document.add_heading(legal(title(transcript)), 0)
    document.add_paragraph(legal(" · ".join(facts(transcript))), "Subtitle")
    numbers = {flag: number for number, flag in enumerate(transcript.flags, start=1)}
    for group in paragraphs(passages(transcript)):
        _paragraph(document, group, numbers)
    if transcript.flags:
        document.add_heading("Flags", 1)
    for flag in transcript.flags:
        told_of = f"{flag.kind} {when_measured(flag)}. {flag.detail}"
        document.add_paragraph(legal(one_line(told_of)), "List Number")
    file = io.BytesIO()
    document.save(file)
    return _undated(file)


def _undated(file: io.BytesIO) -> bytes:
    """The same archive without the time of day, which python-docx writes into it."""
    made = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _paragraph(document: Document, group: list[Passage], numbers: dict[Flag, int]) -> None:
    from docx.enum.text import WD_COLOR_INDEX

    paragraph: Any = document.add_paragraph()
    first = group[0][0]
    paragraph.add_run(whole_clock(first.span.start_s)).bold = True
    if isinstance(first, Failure):
        paragraph.add_run(f" {legal(gap_text(first))}").italic = True
        return
    speaker = one_line(first.speaker or "")
    if speaker:
        paragraph.add_run(f" {legal(speaker)}:").bold = True
    before = None
    for part, flags in group:
        text = "" if isinstance(part, Failure) else without_controls(part.text)
        parted = space_between(before, part) if before else " "
        run = paragraph.add_run(legal(parted + (text if before else text.lstrip())))
        if flags:
            run.font.highlight_color = WD_COLOR_INDEX.YELLOW
            mark = "".join(f"[{numbers[flag]}]" for flag in flags)
            paragraph.add_run(mark).font.superscript = True
        before = part
