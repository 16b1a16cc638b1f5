"""Transcripts that others wrote, and our own: JSON of recognisers, SubRip and WebVTT."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from audiopipe.backends.wire.words import Timed
from audiopipe.errors import InputError
from audiopipe.render import as_json
from audiopipe.render.cues import Cue, Piece, Voice
from audiopipe.render.read.rows import Row, Told, transcript_of
from audiopipe.render.read.tools import told_by
from audiopipe.text import subtitles
from audiopipe.text.clocks import milliseconds
from audiopipe.values.transcript import Transcript

MOST_BYTES = 256 << 20
"""Of a file that is read: the words of a week of speech take less."""

ENDINGS = (".json", ".srt", ".vtt")
"""Of files that can be read."""


def read(path: Path) -> Transcript:
    """The transcript in a file; see `render.load`.

    Raises:
        InputError: the file cannot be read, or holds no transcript of a form that is known.
    """
    data = _bytes_of(path)
    try:
        return _parsed(data, path.name)
    except (ValueError, RecursionError, OverflowError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise InputError(f"{path} is not a transcript that can be read: {reason}") from error


def read_cues(path: Path) -> list[Cue] | None:
    """The subtitles of a file as they stand on the screen; None of one that has no lines.

    Raises:
        InputError: the file cannot be read.
    """
    text = _text_of(_bytes_of(path))
    return list(_shown(text)) if subtitles.is_subtitles(text) else None


def read_own(path: Path) -> Transcript:
    """The transcript that was saved as `json`, exactly as it was.

    Raises:
        InputError: the file cannot be read, or is not a transcript of ours.
    """
    try:
        return as_json.parse(_bytes_of(path).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not a transcript that audiopipe saved as json: {error}"
        ) from error


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > MOST_BYTES:
        raise InputError(f"{path} is too large for a transcript: over {MOST_BYTES >> 20} MB")
    return data


def _parsed(data: bytes, name: str) -> Transcript:
    text = _text_of(data)
    if text.lstrip()[:1] in ("{", "["):
        document = json.loads(text, parse_constant=lambda _: None)
        if isinstance(document, dict) and {"version", "usage", "source"} <= document.keys():
            return as_json.parsed(document)
        return transcript_of(told_by(document), name)
    if subtitles.is_subtitles(text):
        return transcript_of(Told(tuple(map(_row, subtitles.cues(text)))), name)
    raise ValueError("it is neither JSON, nor subtitles in SubRip or WebVTT")


def _row(cue: subtitles.Cue) -> Row:
    return Row(Timed(cue.text, cue.start_s, cue.end_s), (), cue.speaker)


def _shown(text: str) -> Iterator[Cue]:
    """The subtitles with the lines that they are shown in."""
    for block in subtitles.blocks(text):
        ends = milliseconds(block.start_s or 0.0), milliseconds(block.end_s or 0.0)
        lines = filter(None, map(subtitles.plain, block.lines))
        if rows := tuple((Piece(line, *ends),) for line in lines):
            yield Cue(*ends, (Voice(None, rows),))


def _text_of(data: bytes) -> str:
    """The text, whatever Unicode it is in; what is none is taken for Windows' western letters,
    as old subtitles are, but not in JSON: whisper.cpp cuts characters in two there."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        is_json = data.lstrip()[:1] in (b"{", b"[")
        return data.decode("utf-8" if is_json else "cp1252", "replace")
