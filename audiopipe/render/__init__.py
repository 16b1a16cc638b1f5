"""Transcripts as text: a table of pure renderers, and the files they go to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from audiopipe import plugins
from audiopipe.errors import InputError, UsageError
from audiopipe.render.as_csv import render as csv
from audiopipe.render.as_json import render as json
from audiopipe.render.as_lrc import render as lrc
from audiopipe.render.as_md import render as md
from audiopipe.render.as_srt import render as srt
from audiopipe.render.as_tsv import render as tsv
from audiopipe.render.as_txt import render as txt
from audiopipe.render.as_verbose_json import render as verbose_json
from audiopipe.render.as_vtt import render as vtt
from audiopipe.render.corrections import apply, read_beside
from audiopipe.render.files import require_room, write
from audiopipe.render.read import read
from audiopipe.settings import SubtitleSettings, change
from audiopipe.values.transcript import Transcript

__all__ = [
    "RENDERERS",
    "Renderer",
    "load",
    "read",
    "render",
    "renderer",
    "require_room",
    "save",
    "stem_of",
    "write",
]


@dataclass(frozen=True, slots=True)
class Renderer:
    """How a format's files end, and the pure function that makes their text."""

    ending: str
    to_text: Callable[[Transcript, SubtitleSettings], str]


def _untimed(to_text: Callable[[Transcript], str]) -> Callable[[Transcript, SubtitleSettings], str]:
    return lambda transcript, _: to_text(transcript)


def _guarded(
    name: str, to_text: Callable[[Transcript, SubtitleSettings], str]
) -> Callable[[Transcript, SubtitleSettings], str]:
    """Another package's renderer, whose crash costs one transcript."""

    def text(transcript: Transcript, settings: SubtitleSettings) -> str:
        try:
            return to_text(transcript, settings)
        except Exception as error:
            kind, source = type(error).__name__, transcript.source.name
            raise InputError(f"{source}: the renderer {name} failed: {kind}: {error}") from error

    return text


RENDERERS: Mapping[str, Renderer] = MappingProxyType(
    {
        "txt": Renderer(".txt", _untimed(txt)),
        "json": Renderer(".json", _untimed(json)),
        "verbose_json": Renderer(".verbose.json", _untimed(verbose_json)),
        "srt": Renderer(".srt", srt),
        "vtt": Renderer(".vtt", vtt),
        "tsv": Renderer(".tsv", _untimed(tsv)),
        "lrc": Renderer(".lrc", lrc),
        "csv": Renderer(".csv", _untimed(csv)),
        "md": Renderer(".md", _untimed(md)),
    }
)
"""Formats by name. No two write the same file of one folder."""

_DEFAULT = SubtitleSettings()


def render(
    transcript: Transcript, output_format: str, settings: SubtitleSettings = _DEFAULT
) -> str:
    """The transcript as text.

    Args:
        transcript: what to render.
        output_format: a name in `RENDERERS`, or of a plug-in.
        settings: how subtitles (srt, vtt, lrc) are broken and timed.

    Raises:
        UsageError: no format has this name.
    """
    return renderer(output_format).to_text(transcript, settings)


def renderer(output_format: str) -> Renderer:
    """The renderer of a format, ours or a plug-in's.

    Raises:
        UsageError: no format has this name, or its plug-in cannot be loaded.
    """
    if output_format in RENDERERS:
        return RENDERERS[output_format]
    added = plugins.find("renderers", output_format)
    if added is None:
        known = ", ".join((*RENDERERS, *plugins.names("renderers")))
        raise UsageError(f"no output format {output_format!r}: choose from {known}")
    if not isinstance(added, Renderer):
        added = Renderer(f".{output_format}", _untimed(added))
    return Renderer(added.ending, _guarded(output_format, added.to_text))


def save(
    transcript: Transcript,
    path: str | os.PathLike[str],
    settings: SubtitleSettings = _DEFAULT,
    **changes: Any,
) -> Path:
    """Write the transcript whole or not at all, in the format that the path's ending names.

    Args:
        transcript: what to write.
        path: a file that ends like one of `RENDERERS`.
        settings: how subtitles are broken and timed.
        changes: single ones of these settings, such as `max_line_width=32`.

    Returns:
        The path written.

    Raises:
        UsageError: an ending that names no format, or settings that cannot work.
        OutputError: the file cannot be written.
    """
    path = Path(path)
    return write(render(transcript, _format_of(path), change(settings, changes)), path)


def load(path: str | os.PathLike[str]) -> Transcript:
    """The transcript in a file: exactly as it was, if it was saved as `json`, but for what somebody
    has mended in `NAME.corrections.json` beside it.

    Others' are read too: the JSON of openai-whisper, faster-whisper, whisperX and whisper.cpp, the
    replies of OpenAI's API and those like it (`verbose_json`, `json`), SubRip and WebVTT. What
    such a file does not tell is unknown, and times that it lacks are shared out by length of text.

    Raises:
        InputError: the file is missing, or holds no transcript of a form that is known; or its
            corrections cannot be read.
    """
    path = Path(path)
    return apply(read(path), read_beside(path))


def stem_of(path: Path) -> str:
    """The name of a transcript's file without the ending of its format."""
    for ending in sorted((each.ending for each in RENDERERS.values()), key=len, reverse=True):
        if path.name.lower().endswith(ending) and len(path.name) > len(ending):
            return path.name[: -len(ending)]
    return path.stem


def _format_of(path: Path) -> str:
    """The format whose ending the name has; the longest, where one ends another."""
    matching = [f for f in RENDERERS if path.name.lower().endswith(RENDERERS[f].ending)]
    if not matching:
        endings = ", ".join(renderer.ending for renderer in RENDERERS.values())
        raise UsageError(f"cannot tell a format from the name {path.name!r}: end it in {endings}")
    return max(matching, key=lambda f: len(RENDERERS[f].ending))
