"""From files of transcripts to the page."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiopipe.errors import InputError
from audiopipe.render import read
from audiopipe.render.corrections import apply, is_corrections, read_beside, transcripts_in
from audiopipe.review.batch import listed
from audiopipe.review.document import document
from audiopipe.review.page import page
from audiopipe.review.sound import SILENT, Sound, find, sound
from audiopipe.settings import SubtitleSettings
from audiopipe.values.corrections import Correction, settled
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.batch import NAME as BATCH
from audiopipe.workflows.quality import Findings, checked, examine

_log = logging.getLogger("audiopipe")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A transcript that is on the page.

    Attributes:
        path: its file.
        name: what it is called in the list.
        transcript: the original, with flags.
        corrections: those that stand beside it.
    """

    path: Path
    name: str
    transcript: Transcript
    corrections: tuple[Correction, ...]

    @property
    def identity(self) -> str:
        """What tells it from every other, wherever its file is."""
        said = "\n".join(segment.text for segment in self.transcript.segments)
        marks = f"{self.transcript.source.sha256} {self.transcript.source.name} {said}"
        return hashlib.sha256(marks.encode("utf-8", "surrogatepass")).hexdigest()[:20]

    def findings(self) -> Findings:
        """As it stands now."""
        return examine(apply(self.transcript, self.corrections), settled(self.corrections))


def reviewed(arguments: Iterable[Path]) -> tuple[list[Reviewed], int]:
    """The transcripts that files and folders hold, and how many were named that cannot be read."""
    found: list[Reviewed] = []
    failed = 0
    for argument in arguments:
        before = len(found)
        for path in _files(argument):
            try:
                name = path.relative_to(argument) if argument.is_dir() else Path(path.name)
                transcript = checked(read(path))
                found.append(Reviewed(path, str(name), transcript, read_beside(path)))
            except InputError as error:
                # other files in a folder may be JSON, and are no concern of ours
                _log.log(logging.DEBUG if argument.is_dir() else logging.ERROR, "%s", error)
                failed += not argument.is_dir()
        if argument.is_dir() and len(found) == before:
            _log.error("%s: no transcript below it as json", argument)
            failed += 1
    return found, failed


def build(
    shown: list[Reviewed],
    target: Path,
    settings: SubtitleSettings,
    *,
    audio: Path | None = None,
    kept: Path | None = None,
    is_embedded: bool = False,
) -> str:
    """The page of some transcripts.

    Args:
        shown: at least one; more have a list before them.
        target: the file that it is written to: addresses of recordings are relative to it.
        settings: how subtitles look.
        audio: the recording, or a folder with recordings; by default they are looked for where
            the transcripts are and where they came from.
        kept: a folder where waveforms are kept.
        is_embedded: whether the page is to hold the recordings.
    """
    documents: list[dict[str, Any]] = []
    for each in shown:
        heard = _sound(each, target, audio, kept, is_embedded)
        documents.append(
            document(
                each.transcript, each.corrections, settings, each.path.name, each.identity, heard
            )
        )
    title = shown[0].name if len(shown) == 1 else f"{len(shown)} transcripts"
    rows = [(each.identity, each.name, each.findings()) for each in shown]
    return page(documents, f"{title}: review", listed(title, rows))


def _files(argument: Path) -> Iterator[Path]:
    if argument.is_dir():
        yield from (path for path in transcripts_in(argument) if path.name != BATCH)
    elif not is_corrections(argument):
        yield argument


def _sound(
    each: Reviewed, target: Path, audio: Path | None, kept: Path | None, is_embedded: bool
) -> Sound:
    recording = find(each.path, each.transcript, audio)
    if recording is None:
        _log.warning(
            "%s: its recording is not found; name it with --audio, or choose it on the page",
            each.path,
        )
        return SILENT
    try:
        return sound(recording, target, kept, is_embedded=is_embedded)
    except InputError as error:
        _log.warning("%s: without its recording: %s", each.path, error)
        return SILENT
