"""Endpoints that list models: clients want to find theirs, and any id is taken to recognise."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from audiopipe.backends.catalog import MODELS
from audiopipe.server.refusals import Refusal
from audiopipe.server.state import client_of

_OPENAIS = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe-diarize",
    "tts-1",
    "tts-1-hd",
    "gpt-4o-mini-tts",
)
"""Ids that clients have built in."""

_IDS = (*_OPENAIS, *dict.fromkeys(model.id for model in MODELS if not model.retired_on))


async def list_models(request: Request) -> Response:
    """All ids."""
    client_of(request, "")
    return JSONResponse({"object": "list", "data": [_row(id_) for id_ in _IDS]})


async def show_model(request: Request) -> Response:
    """One id."""
    client_of(request, "")
    id_ = str(request.path_params["id"])
    if id_ not in _IDS:
        raise Refusal(404, f"The model {id_[:80]!a} does not exist", "model_not_found", "model")
    return JSONResponse(_row(id_))


async def list_audio_models(request: Request) -> Response:
    """Ids as Open WebUI asks for them."""
    client_of(request, "")
    return JSONResponse({"models": [{"id": id_, "name": id_} for id_ in _IDS]})


def _row(id_: str) -> dict[str, object]:
    return {"id": id_, "object": "model", "created": 1_700_000_000, "owned_by": "audiopipe"}
