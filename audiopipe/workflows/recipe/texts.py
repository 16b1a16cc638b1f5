"""Texts as inputs of a pipeline: transcripts, subtitles, and all that can be spoken from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiopipe.backends.wire.words import Timed
from audiopipe.errors import InputError
from audiopipe.render import load, stem_of
from audiopipe.render.chunks import MANIFEST
from audiopipe.render.corrections import transcripts_in
from audiopipe.render.read import ENDINGS as TRANSCRIPTS
from audiopipe.render.read.rows import Row, Told, transcript_of
from audiopipe.speech.script import Paragraph
from audiopipe.speech.texts import read
from audiopipe.values.audio import Chapter, Span
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.batch import NAME as RECORD

ENDINGS = (
    *(*TRANSCRIPTS, ".txt", ".md", ".markdown"),
    *(".html", ".htm", ".xhtml", ".epub", ".docx", ".pdf"),
)
"""Of files that are taken for texts."""


@dataclass(frozen=True, slots=True)
class TextInput:
    """A text as a transcript, its times guessed where it has none, with its headings as chapters;
    and its paragraphs, which are none for what was a transcript before."""

    transcript: Transcript
    chapters: tuple[Chapter, ...] = ()
    paragraphs: tuple[Paragraph, ...] = ()


def is_text(source: Any) -> bool:
    """Whether an input, by its name, is a text and no recording."""
    if not isinstance(source, str | os.PathLike):
        return False
    name = os.fsdecode(source)
    return "://" not in name and Path(name).suffix.lower() in ENDINGS


def in_folder(folder: Path) -> list[Path]:
    """The texts below a folder: of one that is there in several formats the first of `ENDINGS`."""
    files = [*transcripts_in(folder)]
    files += [file for file in folder.rglob("*") if file.suffix.lower() in ENDINGS[1:]]
    found: dict[Path, Path] = {}
    for file in sorted(files, key=lambda file: ENDINGS.index(file.suffix.lower())):
        if file.name not in (RECORD, MANIFEST):
            found.setdefault(file.with_name(stem_of(file)), file)
    return sorted(found.values())


def read_text(path: Path) -> TextInput:
    """The text in a file.

    Raises:
        InputError: it cannot be read, or says nothing.
        UsageError: the library for it is not installed.
    """
    if path.suffix.lower() in TRANSCRIPTS:
        return TextInput(load(path))
    manuscript = read(path)
    told = tuple(each for each in manuscript.paragraphs if each.text.strip())
    said = [each for each in told if not each.is_heading] or told
    if not told:
        raise InputError(f"{path}: there is no text in it")
    rows = tuple(Row(Timed(each.text, None, None), speaker=each.speaker or None) for each in said)
    transcript = transcript_of(Told(rows, language=manuscript.language), path.name)
    return TextInput(transcript, tuple(_chapters(told, transcript)), told)


def _chapters(told: Iterable[Paragraph], transcript: Transcript) -> Iterator[Chapter]:
    """A chapter for each heading, from the paragraph behind it to the end."""
    end_s, at = transcript.duration_s, 0
    for each in told:
        if not each.is_heading:
            at += 1
        elif at < len(transcript.segments):
            yield Chapter(each.text, Span(transcript.segments[at].span.start_s, end_s))
