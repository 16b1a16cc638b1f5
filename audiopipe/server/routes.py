"""The table of endpoints: each is a row, from which routing and /openapi.json come."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audiopipe.server import audio, chat, joblist, models, speech
from audiopipe.server.metrics import CONTENT_TYPE
from audiopipe.server.openapi import Endpoint, document
from audiopipe.server.state import client_of, state_of


async def health(request: Request) -> Response:
    """Whether the server is there; for anybody."""
    return JSONResponse({"status": "ok"})


async def metrics(request: Request) -> Response:
    """Counters, as Prometheus reads them."""
    client_of(request, "metrics")
    text = state_of(request).gateway.metrics.text()
    return Response(text, media_type=CONTENT_TYPE)


async def openapi(request: Request) -> Response:
    """This document."""
    return JSONResponse(document(TABLE))


_V1 = (
    Endpoint("POST", "/audio/transcriptions", audio.transcriptions, body="transcription"),
    Endpoint("POST", "/audio/translations", audio.translations, body="transcription"),
    Endpoint("POST", "/audio/speech", speech.speech, body="speech", reply="audio"),
    Endpoint("POST", "/chat/completions", chat.chat, body="chat"),
    Endpoint("GET", "/models", models.list_models),
    Endpoint("GET", "/models/{id}", models.show_model),
    Endpoint("GET", "/audio/models", models.list_audio_models),
    Endpoint("GET", "/audio/voices", speech.list_voices),
    Endpoint("POST", "/jobs", joblist.create, body="job", status=202),
    Endpoint("GET", "/jobs", joblist.listed),
    Endpoint("GET", "/jobs/{id}", joblist.shown),
    Endpoint("DELETE", "/jobs/{id}", joblist.deleted),
    Endpoint("GET", "/jobs/{id}/result", joblist.result, query="result", reply="transcript"),
    Endpoint("GET", "/jobs/{id}/events", joblist.followed, reply="events"),
)

_ROOT = (
    Endpoint("POST", "/asr", audio.asr, body="asr", query="asr", reply="transcript"),
    Endpoint("POST", "/detect-language", audio.detect_language, body="asr", query="asr"),
    Endpoint("GET", "/status", audio.status),
    Endpoint("GET", "/health", health),
    Endpoint("GET", "/metrics", metrics, reply="metrics"),
    Endpoint("GET", "/openapi.json", openapi),
)

TABLE = (
    *(each.under(prefix) for prefix in ("/v1", "/openai/v1") for each in _V1),
    *_ROOT,
)
"""All of them: OpenAI's paths, the same where Groq has them, and those of others."""


def routes() -> Iterator[Route]:
    """As Starlette takes them. Ids of models may have slashes."""
    for each in TABLE:
        path = each.path.replace("/models/{id}", "/models/{id:path}")
        yield Route(path, each.answer, methods=[each.method])
