"""What a result was asked with, and whether the same would be asked now.

A transcript that is written by a batch carries the settings that shaped it, and size and date of
its recording. What an older version wrote carries neither, and is not judged here.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from audiopipe.backends.catalog import resolve
from audiopipe.backends.http.address import public_name
from audiopipe.settings import Settings, table
from audiopipe.text.languages import code_of
from audiopipe.values.transcript import Transcript

_REPAIR, _SUBTITLES = "Repair", "Subtitles"
_TIMED = ("srt", "vtt", "lrc", "ass", "ttml", "ebu-tt-d", "edl", "fcpxml", "otio")
_ELSEWHERE = ("output_formats", "max_repair_cost_usd")
"""Settings that files tell of, or that bound the work alone."""

Marks = tuple[int, int]
"""Size in bytes, and time of the last change in ns."""


def marks_of(path: str | os.PathLike[str]) -> Marks | None:
    """Of a file; None for anything else."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def stamped(transcript: Transcript, settings: Settings, marks: Marks | None) -> Transcript:
    """The transcript with what it was asked with.

    Args:
        transcript: as it came.
        settings: of the run.
        marks: of the recording, from before it was read; None if it is no file.
    """
    size, modified_ns = marks or (0, 0)
    source = replace(transcript.source, size_bytes=size, modified_ns=modified_ns)
    return replace(transcript, source=source, asked=tuple(shaping(settings).items()))


def changes(
    transcript: Transcript, settings: Settings, path: str, marks: Marks | None
) -> Iterator[str]:
    """What is no longer as it was when the transcript was made, in a few words each.

    Args:
        transcript: one that carries what it was asked with.
        settings: of now.
        path: of the recording now.
        marks: of it now; None where nobody knows.
    """
    before = dict(transcript.asked)
    is_resolved = {"backend": ("auto", transcript.backend), "model": (transcript.model,)}
    flags = {each.name: (each.flag, each.group.title) for each in table()}
    for name, now in shaping(settings).items():
        flag, group = flags[name]
        if name not in before or before[name] == now or now in is_resolved.get(name, ()):
            continue
        nothing_to_repair = not transcript.flags and not transcript.repairs
        is_off = name != "repair" and not settings.repair
        idle = group == _REPAIR and (nothing_to_repair or is_off)
        untimed = group == _SUBTITLES and not set(_TIMED) & set(settings.output_formats)
        if not idle and not untimed:
            yield f"{flag} was {shown(before[name])}, is {shown(now)}"
    if not _is_same_file(transcript, path, marks):
        yield "the recording is another"


def shaping(settings: Settings) -> dict[str, Any]:
    """The settings that shape a transcript, by name, each as JSON keeps it."""
    values = {
        each.name: getattr(settings, each.name)
        for each in table()
        if each.shapes_results and each.name not in _ELSEWHERE
    }
    names = (settings.language or "").split(",")
    values["language"] = ",".join(code_of(name) or name for name in names) or settings.language
    values["repair"] = bool(settings.repair)
    values["model"] = resolve(settings.model) if settings.model else ""
    values["glossary"] = _digest(settings.glossary)
    samples = (each.partition("=") for each in settings.voice_samples)
    values["voice_samples"] = tuple(f"{name}={_digest(path)}" for name, _, path in samples)
    values["base_url"] = settings.base_url and _hash(public_name(settings.base_url).encode())
    return values


def _digest(glossary: str) -> str:
    """What tells a glossary from another, wherever it stands."""
    try:
        return _hash(Path(glossary).read_bytes()) if glossary else ""
    except OSError:
        return ""


def _hash(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()[:16]}"


def _is_same_file(transcript: Transcript, path: str, now: Marks | None) -> bool:
    """By size and date; where another file of the same size is older, by its bytes."""
    source = transcript.source
    if not source.size_bytes or now is None or now == (source.size_bytes, source.modified_ns):
        return True
    if now[0] != source.size_bytes or now[1] > source.modified_ns:
        return False
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == source.sha256
    except OSError:
        return False


def shown(value: Any) -> str:
    """A value of a setting in a line for people."""
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value or "not given")
    return text if len(text) <= 40 else f"{text[:39]}…"
