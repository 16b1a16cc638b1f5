"""The review page, served: transcripts under the same keys and the same rules as everything else.

The page itself holds nothing, and is for anybody. What it asks for needs the key; a recording is
played by an address that carries a mark of its own, as players send no keys.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from audiopipe.errors import AudiopipeError
from audiopipe.render import renderer
from audiopipe.render.corrections import add, apply, correction, read_beside, row_of
from audiopipe.review.document import document
from audiopipe.review.page import page
from audiopipe.review.sound import PLAYABLE, waveform
from audiopipe.server.access import Client
from audiopipe.server.again import again
from audiopipe.server.refusals import Refusal, refusal_of
from audiopipe.server.shelf import Item
from audiopipe.server.state import State, client_of, state_of
from audiopipe.values.corrections import Correction

_SCOPE = "jobs"
_PLAYABLE_S = 12 * 3600
_SHELL = {"title": "Review", "files": [], "charts": [], "served": True}


async def shell(request: Request) -> Response:
    """The page."""
    text = page([], "Review", _SHELL, connect="'self'", media="'self' blob: data:")
    return HTMLResponse(text, headers={"cache-control": "no-store", "x-frame-options": "DENY"})


async def moved(request: Request) -> Response:
    """Where the page is."""
    return RedirectResponse("/review/")


async def listed(request: Request) -> Response:
    """All that the client may review, and what is still worked on."""
    state, client = state_of(request), client_of(request, _SCOPE)
    rows = await asyncio.to_thread(_rows, state, client)
    return JSONResponse({"files": rows})


async def shown(request: Request) -> Response:
    """A transcript, as the page takes it."""
    state, client = state_of(request), client_of(request, _SCOPE)
    item = await _item(state, client, request)
    told = await asyncio.to_thread(_document, state, item)
    return JSONResponse(told)


async def peaks(request: Request) -> Response:
    """The waveform of a recording, in base64."""
    item = await _item(state_of(request), client_of(request, _SCOPE), request)
    if item.recording is None:
        raise Refusal(404, "the recording is not kept any more", "no_recording")
    async with state_of(request).place():
        kept = state_of(request).shelf.folder
        made = await asyncio.to_thread(_called, waveform, item.recording, kept)
    return JSONResponse({"peaks": base64.b64encode(made).decode()})


async def corrections(request: Request) -> Response:
    """Take corrections in, if there are any, and give those that the page does not have yet."""
    state, client = state_of(request), client_of(request, _SCOPE)
    item = await _item(state, client, request)
    have, rows = request.query_params.get("have", "0"), []
    if request.method == "POST":
        told = await state.intake.json(request)
        rows = told.get("corrections", [])
    path = item.shown.path
    try:
        made = [replace(each, who=each.who or client.name) for each in map(correction, rows)]
        since = int(have)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(400, f"these are no corrections: {ascii(str(error))[1:-1]}") from None
    if made:
        async with state.mending:
            history = await asyncio.to_thread(_called, add, path, _stamped(made, path))
    else:
        history = await asyncio.to_thread(_called, read_beside, path)
    fresh = [row_of(each) for each in history[max(0, since) :]]
    return JSONResponse({"corrections": fresh, "count": len(history)})


async def asked_again(request: Request) -> Response:
    """What a passage is heard as when it is asked about by itself."""
    state, client = state_of(request), client_of(request, _SCOPE)
    item = await _item(state, client, request)
    told = await state.intake.json(request)
    number, segments = told.get("segment"), item.shown.transcript.segments
    if not isinstance(number, int) or not 0 <= number < len(segments):
        raise Refusal(400, "segment is the number of a passage", param="segment")
    if item.recording is None:
        raise Refusal(404, "the recording is not kept any more", "no_recording")
    state.gateway.check_quota(client)
    language = segments[number].language or item.shown.transcript.language
    span, recording = segments[number].span, item.recording
    async with state.place():
        session = state.session.derive(spending=state.gateway.allowance(client.name))
        answer = await asyncio.to_thread(_called, again, session, recording, span, language)
    return JSONResponse({"text": answer.text, "how": answer.how})


async def exported(request: Request) -> Response:
    """The transcript as corrected, in any format of `render`."""
    state, client = state_of(request), client_of(request, _SCOPE)
    item = await _item(state, client, request)
    name = request.query_params.get("format", "json")
    whole = apply(item.shown.transcript, item.shown.corrections)

    def make() -> tuple[str, str | bytes]:
        chosen = renderer(name)
        return chosen.ending, chosen.content(whole, state.settings)

    ending, content = await asyncio.to_thread(_called, make)
    stem = "".join(
        c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in item.shown.name
    )
    headers = {"content-disposition": f'attachment; filename="{stem}{ending}"'}
    return Response(content, headers=headers, media_type="application/octet-stream")


async def audio(request: Request) -> Response:
    """The recording, in ranges as players ask for them."""
    state = state_of(request)
    client, until, mark = (request.query_params.get(name, "") for name in ("c", "u", "m"))
    id_ = str(request.path_params["id"])
    is_ours = hmac.compare_digest(mark.encode(), _mark(state, id_, client, until).encode())
    if not is_ours or int(until) < time.time():
        raise Refusal(403, "this address is not valid any more: open the page again", "expired")
    item = await asyncio.to_thread(state.shelf.item, client, id_)
    if item is None or item.recording is None:
        raise Refusal(404, "the recording is not kept any more", "no_recording")
    kind = PLAYABLE.get(item.recording.suffix.lower(), "application/octet-stream")
    headers = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}
    return FileResponse(item.recording, media_type=kind, headers=headers)


_UNDER = "/review/api/transcripts/{id}"

ROUTES = (
    Route("/review", moved),
    Route("/review/", shell),
    Route("/review/api/transcripts", listed),
    Route(_UNDER, shown),
    Route(f"{_UNDER}/peaks", peaks),
    Route(f"{_UNDER}/corrections", corrections, methods=["GET", "POST"]),
    Route(f"{_UNDER}/again", asked_again, methods=["POST"]),
    Route(f"{_UNDER}/export", exported),
    Route("/review/audio/{id}", audio),
)
"""Of the page alone, and so not described to others."""


async def _item(state: State, client: Client, request: Request) -> Item:
    id_ = str(request.path_params["id"])
    item = await asyncio.to_thread(_called, state.shelf.item, client.name, id_)
    if not isinstance(item, Item):
        raise Refusal(404, "there is no such transcript", "not_found")
    return item


def _called(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function of the library gives; its errors as refusals."""
    try:
        return function(*arguments)
    except AudiopipeError as error:
        raise refusal_of(error) from error


def _rows(state: State, client: Client) -> list[dict[str, Any]]:
    shelf = state.shelf
    jobs = [(job.id, job.name, shelf.path_of(job)) for job in shelf.done(client.name)]
    files = [(id_, path.name, path) for id_, path in shelf.files()]
    rows: list[dict[str, Any]] = []
    for id_, name, path in (*jobs, *files):
        if each := shelf.findings(client.name, id_, path):
            settled = sum(each.is_settled(flag) for flag, _ in each.flags)
            figures = {"flags": len(each.flags), "settled": settled, "open_s": each.open_s}
            rows.append({"id": id_, "name": name, "duration": each.duration_s, **figures})
    for job in state.gateway.jobs.of(client.name, 100):
        if job.status != "completed":
            rows.append({"id": job.id, "name": job.name, "status": job.status})
    return rows


def _document(state: State, item: Item) -> dict[str, Any]:
    shown = item.shown
    told = document(
        shown.transcript, shown.corrections, state.settings, f"{shown.name}.json", item.id
    )
    return {**told, "audio": _address(state, item)}


def _address(state: State, item: Item) -> str:
    if item.recording is None:
        return ""
    client = "" if item.id.startswith("file_") else state.owner(item.id)
    until = str(int(time.time()) + _PLAYABLE_S)
    return f"/review/audio/{item.id}?c={client}&u={until}&m={_mark(state, item.id, client, until)}"


def _mark(state: State, id_: str, client: str, until: str) -> str:
    text = f"{id_} {client} {until}".encode()
    return hmac.new(state.secret, text, hashlib.sha256).hexdigest()[:32]


def _stamped(made: list[Correction], path: Any) -> list[Correction]:
    """The corrections with the time at which they came: clocks of browsers differ."""
    latest = max((each.when for each in read_beside(path)), default="")
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return [replace(each, when=max(now, latest)) for each in made]
