"""The recording of a transcript, as the page gets at it: its file, its waveform, its chapters."""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.encoding import ChunkEncoder
from audiopipe.audio.reading import open_source
from audiopipe.audio.reading.chapters import chapters
from audiopipe.errors import InputError
from audiopipe.render.files import write
from audiopipe.render.passages import title
from audiopipe.stages.prepare import prepare
from audiopipe.values.audio import RATE_HZ, Chapter
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.batch import read as read_batch

PEAKS_HZ = 20
"""Bytes of a waveform a second: 10 hours take 0.96 MB in base64."""

MOST_EMBEDDED = 20_000_000
"""Bytes of a recording that are embedded as they are; a larger one becomes Opus at 24 kbit/s."""

PLAYABLE = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".aac": "audio/aac",
}
"""Endings of what browsers play, with their media types."""

_LOUD_SHARE = 0.99
"""A click louder than all speech would make it flat."""

_log = logging.getLogger("audiopipe")


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording as the page has it.

    Attributes:
        address: of the file, relative to the page, or a `data:` one; "" where nobody knows.
        peaks: the waveform, `PEAKS_HZ` a second, 0 to 255; empty where it is not known.
        chapters: those that the file names.
    """

    address: str = ""
    peaks: bytes = b""
    chapters: tuple[Chapter, ...] = ()


SILENT = Sound()
"""Of a recording that is nowhere."""


def find(path: Path, transcript: Transcript, given: Path | None) -> Path | None:
    """The recording of a transcript's file; None if it is nowhere.

    Args:
        path: of the transcript.
        transcript: as it stands there.
        given: the recording, or a folder where it may be; looked at first.
    """
    return next((each for each in _candidates(path, transcript, given) if each.is_file()), None)


def sound(recording: Path, page: Path, kept: Path | None, *, is_embedded: bool) -> Sound:
    """What the page needs of a recording.

    Args:
        recording: its file.
        page: the file that the page is written to, to which its address is relative.
        kept: a folder where waveforms are kept, so that each is made once; None for none.
        is_embedded: whether the page is to hold the recording itself.

    Raises:
        InputError: it cannot be read.
    """
    is_fit = recording.suffix.lower() in PLAYABLE and recording.stat().st_size <= MOST_EMBEDDED
    encoder = ChunkEncoder("opus") if is_embedded and not is_fit else None
    known = _peaks(recording, encoder) if encoder else waveform(recording, kept)
    marks = chapters(recording)
    if encoder:
        return Sound(_data(encoder.finish(), "audio/ogg"), known, marks)
    if is_embedded:
        kind = PLAYABLE[recording.suffix.lower()]
        return Sound(_data(recording.read_bytes(), kind), known, marks)
    if recording.suffix.lower() not in PLAYABLE:
        _log.warning("%s: browsers may not play it; --embed-audio makes it Opus", recording)
    return Sound(_relative(recording, page), known, marks)


def waveform(recording: Path, kept: Path | None) -> bytes:
    """The peaks of a recording, made once.

    Args:
        recording: its file.
        kept: a folder where they are kept; None for none.

    Raises:
        InputError: it cannot be read.
    """
    with open_source(recording) as opened:
        digest = opened.sha256()
    store = kept / f"{digest}.peaks" if kept else None
    if store and store.is_file():
        return store.read_bytes()
    made = _peaks(recording)
    if store:
        write(made, store)
    return made


def _candidates(path: Path, transcript: Transcript, given: Path | None) -> Iterator[Path]:
    name = title(transcript)
    if given and given.is_dir():
        yield from (given / name, *_alike(path, given))
    elif given:
        yield given
    yield from _recorded(path)
    source = transcript.source.name
    if "://" not in source:
        yield Path(source)
        yield path.parent / source
    yield from (path.parent / name, path.parent.parent / name)
    yield from _alike(path, path.parent)


def _alike(path: Path, folder: Path) -> Iterator[Path]:
    """Files that are named as the transcript is."""
    stem = path.name.removesuffix(".json")
    return (folder / f"{stem}{ending}" for ending in PLAYABLE)


def _recorded(path: Path) -> Iterator[Path]:
    """What the record of a batch beside the transcript, or above it, says that it was made of."""
    for folder in (path.parent, path.parent.parent):
        try:
            rows = read_batch(folder).rows
        except InputError:
            continue
        for row in rows:
            if any(folder / each == path for each in row.outputs) and "://" not in row.source:
                yield Path(row.source)


def _peaks(recording: Path, encoder: ChunkEncoder | None = None) -> bytes:
    """The waveform, its loud places full; the same samples go to the encoder."""
    size = RATE_HZ // PEAKS_HZ
    found: list[NDArray[np.int32]] = []
    rest = np.zeros(0, np.int16)
    with open_source(recording) as opened, closing(prepare(opened)) as blocks:
        for block in blocks:
            if encoder:
                encoder.write(block)
            rest = np.concatenate((rest, block))
            whole = len(rest) // size * size
            found.append(np.abs(rest[:whole].astype(np.int32)).reshape(-1, size).max(axis=1))
            rest = rest[whole:]
    every = np.concatenate(found) if found else np.zeros(0, np.int32)
    full = max(1.0, float(np.quantile(every, _LOUD_SHARE)) if len(every) else 1.0)
    return (every * (255 / full)).clip(0, 255).astype(np.uint8).tobytes()


def _data(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _relative(recording: Path, page: Path) -> str:
    try:
        path = os.path.relpath(recording.resolve(), page.resolve().parent)
    except ValueError:  # another drive of Windows
        return recording.resolve().as_uri()
    return quote(PurePath(path).as_posix().encode("utf-8", "surrogateescape"), safe="/")
