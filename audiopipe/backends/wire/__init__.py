"""Values to request fields and reply bodies to values: pure, without any I/O.

The one place where times of a chunk become times of the file.
"""

from __future__ import annotations

from typing import Literal

from audiopipe.backends.wire.transcript import Parsed as Parsed
from audiopipe.backends.wire.transcript import audio_s as audio_s
from audiopipe.backends.wire.transcript import parse_transcription as parse_transcription
from audiopipe.values.requests import Request

ReplyFormat = Literal["verbose_json", "json", "text", "diarized_json"]


def form_fields(
    request: Request, reply_format: ReplyFormat, url: str | None = None
) -> tuple[tuple[str, str], ...]:
    """The text fields of a multipart request to `/audio/transcriptions` or `/audio/translations`.

    Only fields that the endpoints know, none of them empty. Translations carry no language and no
    granularities: English is the only target, and words come with transcriptions only. Without
    granularities segments come by themselves.

    Args:
        request: what is asked.
        reply_format: the shape of the answer; times come only with `verbose_json`.
        url: audio for the provider to fetch, in place of a file part.
    """
    fields = [
        ("model", request.model),
        ("url", url or ""),
        ("response_format", reply_format),
        ("temperature", f"{request.temperature:g}"),
        ("prompt", request.prompt or ""),
    ]
    if request.task == "transcribe":
        fields.append(("language", request.language or ""))
        if request.word_timestamps and reply_format == "verbose_json":
            fields += [("timestamp_granularities[]", kind) for kind in ("word", "segment")]
    return tuple(field for field in fields if field[1])
