"""Endpoints that recognise: OpenAI's and Groq's, and those of whisper-asr-webservice."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from audiopipe._version import __version__
from audiopipe.errors import AudiopipeError
from audiopipe.server import forms
from audiopipe.server.forms import Ask
from audiopipe.server.joblist import accepted
from audiopipe.server.refusals import Refusal, refusal_of
from audiopipe.server.replies import reply
from audiopipe.server.spool import Upload
from audiopipe.server.state import State, client_of, state_of
from audiopipe.server.waiting import events, held, transcript_of
from audiopipe.text.languages import NAMES
from audiopipe.values.audio import Task
from audiopipe.values.transcript import Transcript

_HEARD_S, _OVERLAP_S = 30.0, 5.0
"""What is heard to tell the language: as much as Whisper hears at once."""

Endpoint = Callable[[Request], Awaitable[Response]]


async def transcriptions(request: Request) -> Response:
    """The text of a recording, in the language that is spoken."""
    return await _openai(request, "transcribe")


async def translations(request: Request) -> Response:
    """The text of a recording, in English."""
    return await _openai(request, "translate")


def _bare(endpoint: Endpoint) -> Endpoint:
    """An endpoint whose errors have no body: Bazarr takes any body for subtitles."""

    @wraps(endpoint)
    async def bare(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refusal as refusal:
            reason = " ".join(refusal.message.encode("ascii", "replace").decode().split())
            headers = {**refusal.all_headers(), "x-audiopipe-error": reason}
            return Response(status_code=refusal.status, headers=headers)

    return bare


@_bare
async def asr(request: Request) -> Response:
    """Subtitles or text of a recording, for Bazarr."""
    state = state_of(request)
    client = client_of(request, "transcribe")
    state.gateway.check_room(client)
    query = {name: (value,) for name, value in request.query_params.items()}
    form = await state.intake.read(request, raw=forms.is_raw(query))
    upload, ask = state.intake.asked(form, forms.asr)
    flight = await state.gateway.accept(upload, ask, client)
    # nothing may come before a status that tells of an error
    await flight.ended()
    return reply(transcript_of(flight), ask, upload.name, state.settings)


@_bare
async def detect_language(request: Request) -> Response:
    """The language that is spoken at the start of a recording, for Bazarr."""
    state = state_of(request)
    client = client_of(request, "transcribe")
    state.gateway.check_room(client)
    query = {name: (value,) for name, value in request.query_params.items()}
    form = await state.intake.read(request, raw=forms.is_raw(query))
    upload, _ = state.intake.asked(form, forms.asr)
    start = await asyncio.to_thread(_start_of, state, upload)
    flight = await state.gateway.accept(start, Ask(), client)
    await flight.ended()
    code = transcript_of(flight).language
    name = NAMES.get(code or "", "unknown")
    return JSONResponse({"detected_language": name, "language_code": code or "und"})


async def status(request: Request) -> Response:
    """Who answers, for Bazarr."""
    return JSONResponse({"version": f"audiopipe {__version__}"})


async def _openai(request: Request, task: Task) -> Response:
    state = state_of(request)
    client = client_of(request, "transcribe")
    state.gateway.check_room(client)
    form = await state.intake.read(request)
    upload, ask = state.intake.asked(form, lambda fields: forms.openai(fields, task))
    state.check(ask, upload)
    if "respond-async" in request.headers.get("prefer", "").lower():
        return await accepted(request, upload, ask, client)
    flight = await state.gateway.accept(upload, ask, client)
    hold_s = state.settings.hold_s
    if ask.stream:
        return await events(flight, hold_s, ask)

    def made(transcript: Transcript) -> Response:
        return reply(transcript, ask, upload.name, state.settings)

    return await held(flight, hold_s, made, is_json="json" in ask.shape)


def _start_of(state: State, upload: Upload) -> Upload:
    """The first half minute of a recording, in place of the whole."""
    try:
        with io.FileIO(upload.path) as file:
            file.name = upload.name  # no path in any message
            cut = {"chunk_length_s": _HEARD_S, "overlap_s": _OVERLAP_S, "channels": "auto"}
            chunk = next(state.session.prepare(file, **cut))
    except AudiopipeError as error:
        raise refusal_of(error) from error
    except (OSError, StopIteration):
        raise Refusal(400, f"{upload.name}: nothing to hear", "empty_audio") from None
    finally:
        state.gateway.spool.drop(upload)
    writer = state.gateway.spool.begin(f"start.{chunk.format}")
    try:
        writer.write(chunk.data)
        return writer.done()
    except BaseException:
        writer.abandon()
        raise
