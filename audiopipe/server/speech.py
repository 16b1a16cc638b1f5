"""Endpoints that speak, and tell with whose voices."""

from __future__ import annotations

import asyncio
import os
import tempfile
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from audiopipe.backends.catalog import MODELS
from audiopipe.backends.registry import named
from audiopipe.errors import AudiopipeError
from audiopipe.server.refusals import Refusal, refusal_of
from audiopipe.server.state import client_of, state_of
from audiopipe.settings import Settings

_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "mp3": (".mp3", "audio/mpeg"),
        "opus": (".opus", "audio/ogg"),
        "flac": (".flac", "audio/flac"),
        "wav": (".wav", "audio/wav"),
        "m4a": (".m4a", "audio/mp4"),
        "pcm": (".wav", "audio/pcm"),
    }
)
_MOST_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Asked:
    text: str
    kind: str
    voice: str
    speed: float | None


async def speech(request: Request) -> Response:
    """A text of any length, spoken into one file."""
    state = state_of(request)
    client = client_of(request, "speak")
    state.gateway.check_quota(client)
    asked = _asked(await state.intake.json(request))
    voice = asked.voice if asked.voice in voices(state.settings) else state.settings.voice
    ending, media_type = _KINDS[asked.kind]
    folder = tempfile.TemporaryDirectory(dir=state.gateway.spool.folder.parent)
    path = Path(folder.name) / f"speech{ending}"
    try:
        async with state.place():
            spending = state.gateway.allowance(client.name)
            speed = asked.speed or state.settings.speed
            session = state.session.derive(spending=spending, speed=speed)
            await asyncio.to_thread(session.speak, asked.text, path, voice=voice)
        if asked.kind == "pcm":
            data = await asyncio.to_thread(_samples, path)
            folder.cleanup()
            return Response(data, media_type=media_type)
    except AudiopipeError as error:
        folder.cleanup()
        raise refusal_of(error) from error
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(path, media_type=media_type, background=BackgroundTask(folder.cleanup))


async def list_voices(request: Request) -> Response:
    """Who can speak."""
    state = state_of(request)
    client_of(request, "")
    rows = [{"id": name, "name": name} for name in voices(state.settings)]
    return JSONResponse({"voices": rows})


def voices(settings: Settings) -> tuple[str, ...]:
    """Names of the voices of the model that speaks."""
    backend, _ = named(settings, os.environ)
    speaking = [m for m in MODELS if "speak" in m.tasks and not m.retired_on]
    return next((m.voices for m in speaking if m.provider == backend), ())


def _asked(body: Mapping[str, Any]) -> _Asked:
    text, kind = body.get("input"), body.get("response_format") or "mp3"
    voice = body.get("voice") or ""
    if not isinstance(text, str) or not text.strip() or len(text) > _MOST_CHARACTERS:
        message = f"input is not a text of 1 to {_MOST_CHARACTERS:,} characters"
        raise Refusal(400, message, "invalid_value", "input")
    if not isinstance(kind, str) or kind not in _KINDS:
        message = f"response_format cannot be {ascii(kind)[:60]}: {', '.join(_KINDS)}"
        raise Refusal(400, message, "invalid_value", "response_format")
    if body.get("stream_format") not in (None, "audio"):
        message = "stream_format can only be audio: a text is one file"
        raise Refusal(400, message, "unsupported_parameter", "stream_format")
    return _Asked(text, kind, voice if isinstance(voice, str) else "", _speed(body.get("speed")))


def _speed(told: Any) -> float | None:
    """How fast, as OpenAI bounds it; None is the server's own. The pitch stays."""
    if told is None:
        return None
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0.25 <= told <= 4:
        message = "speed is not a number of 0.25 to 4"
        raise Refusal(400, message, "invalid_value", "speed")
    return float(told)


def _samples(path: Path) -> bytes:
    with wave.open(str(path), "rb") as file:
        return file.readframes(file.getnframes())
