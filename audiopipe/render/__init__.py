"""Transcripts as text: a table of pure renderers, and the files they go to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from audiopipe import plugins
from audiopipe.errors import InputError, UsageError
from audiopipe.render.as_ass import render as ass
from audiopipe.render.as_csv import render as csv
from audiopipe.render.as_docx import render as docx
from audiopipe.render.as_edl import render as edl
from audiopipe.render.as_fcpxml import render as fcpxml
from audiopipe.render.as_json import render as json
from audiopipe.render.as_lrc import render as lrc
from audiopipe.render.as_md import render as md
from audiopipe.render.as_otio import render as otio
from audiopipe.render.as_rttm import render as rttm
from audiopipe.render.as_srt import render as srt
from audiopipe.render.as_tsv import render as tsv
from audiopipe.render.as_ttml import render as ttml
from audiopipe.render.as_ttml import render_ebu as ebu_tt_d
from audiopipe.render.as_txt import render as txt
from audiopipe.render.as_verbose_json import render as verbose_json
from audiopipe.render.as_vtt import render as vtt
from audiopipe.render.corrections import apply, read_beside
from audiopipe.render.files import require_room, write, write_whole
from audiopipe.render.read import read
from audiopipe.settings import SubtitleSettings, change
from audiopipe.values.transcript import Transcript

__all__ = [
    "RENDERERS",
    "Renderer",
    "content",
    "load",
    "read",
    "render",
    "renderer",
    "require_room",
    "save",
    "stem_of",
    "write",
    "write_whole",
]


@dataclass(frozen=True, slots=True)
class Renderer:
    """How a format's files end, and the pure function that makes what stands in them: text, or
    the bytes of a document; and which module of the extra `formats` that takes, if any."""

    ending: str
    content: Callable[[Transcript, SubtitleSettings], str | bytes]
    needs: str = ""


def _untimed(
    made: Callable[[Transcript], str | bytes],
) -> Callable[[Transcript, SubtitleSettings], str | bytes]:
    return lambda transcript, _: made(transcript)


def _guarded(
    name: str, made: Callable[[Transcript, SubtitleSettings], str | bytes]
) -> Callable[[Transcript, SubtitleSettings], str | bytes]:
    """Another package's renderer, whose crash costs one transcript."""

    def content(transcript: Transcript, settings: SubtitleSettings) -> str | bytes:
        try:
            return made(transcript, settings)
        except Exception as error:
            kind, source = type(error).__name__, transcript.source.name
            raise InputError(f"{source}: the renderer {name} failed: {kind}: {error}") from error

    return content


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
        "ass": Renderer(".ass", ass),
        "ttml": Renderer(".ttml", ttml),
        "ebu-tt-d": Renderer(".ebuttd.xml", ebu_tt_d),
        "edl": Renderer(".edl", edl),
        "fcpxml": Renderer(".fcpxml", fcpxml),
        "otio": Renderer(".otio", otio, "opentimelineio"),
        "docx": Renderer(".docx", _untimed(docx), "docx"),
        "rttm": Renderer(".rttm", _untimed(rttm)),
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
        settings: how subtitles are broken and timed, and how markers are.

    Raises:
        UsageError: no format has this name, or it is no text, or it needs a library.
    """
    made = content(transcript, output_format, settings)
    if isinstance(made, bytes):
        raise UsageError(f"{output_format} is no text: save it to a file")
    return made


def content(
    transcript: Transcript, output_format: str, settings: SubtitleSettings = _DEFAULT
) -> str | bytes:
    """What stands in a file of a format; arguments and errors as in `render`."""
    return renderer(output_format).content(transcript, settings)


def renderer(output_format: str) -> Renderer:
    """The renderer of a format, ours or a plug-in's.

    Raises:
        UsageError: no format has this name, its plug-in cannot be loaded, or what it takes is not
            installed.
    """
    if found := RENDERERS.get(output_format):
        if found.needs and not find_spec(found.needs):
            raise UsageError(f"{output_format} takes more: pip install 'audiopipe[formats]'")
        return found
    added = plugins.find("renderers", output_format)
    if added is None:
        known = ", ".join((*RENDERERS, *plugins.names("renderers")))
        raise UsageError(f"no output format {output_format!r}: choose from {known}")
    if not isinstance(added, Renderer):
        added = Renderer(f".{output_format}", _untimed(added))
    return Renderer(added.ending, _guarded(output_format, added.content))


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
    return write(content(transcript, _format_of(path), change(settings, changes)), path)


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
