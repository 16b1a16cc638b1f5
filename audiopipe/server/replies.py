"""Transcripts as replies: OpenAI's formats, and what is not to be trusted beside them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePath
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from audiopipe.render import render
from audiopipe.server.forms import Ask
from audiopipe.settings import SubtitleSettings
from audiopipe.values.transcript import Segment, Transcript

TYPES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "json": ("application/json", ".json"),
        "verbose_json": ("application/json", ".json"),
        "diarized_json": ("application/json", ".json"),
        "text": ("text/plain; charset=utf-8", ".txt"),
        "srt": ("application/x-subrip; charset=utf-8", ".srt"),
        "vtt": ("text/vtt; charset=utf-8", ".vtt"),
        "tsv": ("text/tab-separated-values; charset=utf-8", ".tsv"),
    }
)
"""Media type and ending of each format."""

_MOST_HEADER = 2000


def reply(transcript: Transcript, ask: Ask, name: str, settings: SubtitleSettings) -> Response:
    """The reply to a request, in its format.

    Args:
        transcript: of the recording.
        ask: what was asked.
        name: of the recording, as the client has it.
        settings: how subtitles look.
    """
    kind, ending = TYPES[ask.shape]
    headers = {
        "x-audiopipe-flags": flags_line(transcript),
        "content-disposition": _disposition(PurePath(name).stem + ending),
    }
    return Response(text(transcript, ask, settings), headers=headers, media_type=kind)


def text(transcript: Transcript, ask: Ask, settings: SubtitleSettings) -> str:
    """The body of a reply."""
    match ask.shape:
        case "text":
            return transcript.text + "\n"
        case "srt" | "vtt" | "tsv":
            return render(transcript, ask.shape, settings)
        case _:
            return json.dumps(fields(transcript, ask), ensure_ascii=False)


def fields(transcript: Transcript, ask: Ask) -> dict[str, Any]:
    """A reply of JSON, and ours under `x_audiopipe`."""
    if ask.shape == "verbose_json":
        told = json.loads(render(transcript, "verbose_json"))
        if not ask.words:
            told.pop("words", None)
    else:
        told = {"text": transcript.text}
    if ask.shape == "diarized_json":
        told |= {"task": transcript.task, "duration": transcript.duration_s}
        told["segments"] = [
            segment_event(n, segment) for n, segment in enumerate(transcript.segments)
        ]
    usage = {"type": "duration", "seconds": math.ceil(transcript.duration_s)}
    return {**told, "usage": usage, "x_audiopipe": ours(transcript)}


def ours(transcript: Transcript) -> dict[str, Any]:
    """What OpenAI's reply has no place for."""
    return {
        "language": transcript.language,
        "duration": transcript.duration_s,
        "model": transcript.model,
        "backend": transcript.backend,
        "flags": [_spanned(asdict(flag)) for flag in transcript.flags],
        "failures": [_spanned(asdict(failure)) for failure in transcript.failures],
        "repairs": [_spanned(asdict(repair)) for repair in transcript.repairs],
    }


def flags_line(transcript: Transcript) -> str:
    """Flags and gaps for a header: `low-confidence 12.0-15.5, failure 600.0-1200.0`."""
    marks = [(flag.kind, flag.span) for flag in transcript.flags]
    marks += [("failure", failure.span) for failure in transcript.failures]
    marks.sort(key=lambda mark: mark[1].start_s)
    whole = ", ".join(f"{kind} {span.start_s:.1f}-{span.end_s:.1f}" for kind, span in marks)
    plain = whole.encode("ascii", "replace").decode()
    return (
        plain if len(plain) <= _MOST_HEADER else f"{plain[:_MOST_HEADER].rpartition(',')[0]}, ..."
    )


def segment_event(number: int, segment: Segment) -> dict[str, Any]:
    """A segment, as events and diarized_json have it."""
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{number}",
        "start": segment.span.start_s,
        "end": segment.span.end_s,
        "text": segment.text,
        "speaker": segment.speaker or "",
    }


def _spanned(row: dict[str, Any]) -> dict[str, Any]:
    span = row.pop("span")
    return {"start": span["start_s"], "end": span["end_s"], **row}


def _disposition(name: str) -> str:
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-") else "_" for c in name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'inline; filename="{plain}"{extended}'
