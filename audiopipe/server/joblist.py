"""Endpoints of jobs: recordings that nobody waits for on the line."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from audiopipe.concurrency import Stop
from audiopipe.render.as_json import parse
from audiopipe.server import forms
from audiopipe.server.access import Client
from audiopipe.server.flight import Flight
from audiopipe.server.forms import SHAPES, Ask
from audiopipe.server.jobs import Job
from audiopipe.server.refusals import Refusal
from audiopipe.server.replies import reply
from audiopipe.server.spool import Upload
from audiopipe.server.state import client_of, state_of
from audiopipe.server.waiting import events

_MOST_LISTED = 100


async def create(request: Request) -> Response:
    """Accept a recording, and answer before it is worked on."""
    state = state_of(request)
    client = client_of(request, "jobs")
    state.gateway.check_room(client)
    form = await state.intake.read(request)
    task = form.fields.get("task", ("transcribe",))[-1]
    upload, ask = state.intake.asked(form, lambda fields: forms.job(fields, task))
    state.check(ask, upload)
    webhook = form.fields.get("webhook_url", ("",))[-1]
    return await accepted(request, upload, ask, client, webhook)


async def accepted(
    request: Request, upload: Upload, ask: Ask, client: Client, webhook: str = ""
) -> Response:
    """Keep a recording as a job, and say where it is told of.

    Raises:
        Refusal: the webhook cannot be called.
    """
    state = state_of(request)
    if webhook:
        try:
            await asyncio.to_thread(state.gateway.check_webhook, webhook, client)
        except BaseException:
            state.gateway.spool.drop(upload)
            raise
    flight = await state.gateway.accept(upload, ask, client, is_kept=True, webhook=webhook)
    prefix = "/openai/v1" if request.url.path.startswith("/openai/") else "/v1"
    headers = {"location": f"{prefix}/jobs/{flight.job.id}"}
    if "prefer" in request.headers:
        headers["preference-applied"] = "respond-async"
    return JSONResponse(_told(flight.job, flight), 202, headers)


async def listed(request: Request) -> Response:
    """The client's jobs, the newest first."""
    state = state_of(request)
    client = client_of(request, "jobs")
    jobs = await asyncio.to_thread(state.gateway.jobs.of, client.name, _MOST_LISTED)
    rows = [_told(job, state.gateway.flight(job.id)) for job in jobs]
    return JSONResponse({"object": "list", "data": rows})


async def shown(request: Request) -> Response:
    """What became of a job so far."""
    job, flight = await _found(request)
    return JSONResponse(_told(job, flight))


async def result(request: Request) -> Response:
    """The transcript of a job, in any format."""
    job, _ = await _found(request)
    if job.status != "completed":
        raise _unfinished(job)
    ask = job.asked
    shape = request.query_params.get("format") or ask.shape
    if shape not in SHAPES:
        message = f"format cannot be {shape[:60]!a}: {', '.join(SHAPES)}"
        raise Refusal(400, message, "invalid_value", "format")
    ask = Ask(ask.task, shape=shape, words=ask.words)
    transcript = await asyncio.to_thread(parse, job.transcript)
    return reply(transcript, ask, job.name, state_of(request).settings)


async def followed(request: Request) -> Response:
    """What of a job's transcript is settled, as it becomes so."""
    job, flight = await _found(request)
    if flight is None:
        if job.status != "completed":
            raise _unfinished(job)
        flight = Flight(job, Stop())
        flight.land(await asyncio.to_thread(parse, job.transcript))
    return await events(flight, state_of(request).settings.hold_s, job.asked)


async def deleted(request: Request) -> Response:
    """End a job, and forget all of it."""
    job, flight = await _found(request)
    gateway = state_of(request).gateway
    if flight:
        gateway.cancel(flight)
        await flight.ended()
    await asyncio.to_thread(gateway.jobs.delete, [job.id])
    gateway.shelf.forget(job)
    return JSONResponse({"id": job.id, "object": "transcription.job.deleted", "deleted": True})


async def _found(request: Request) -> tuple[Job, Flight | None]:
    state = state_of(request)
    client = client_of(request, "jobs")
    id_ = str(request.path_params["id"])
    flight = state.gateway.flight(id_)
    job = flight.job if flight else await asyncio.to_thread(state.gateway.jobs.get, id_)
    if job is None or job.client != client.name or not job.is_kept:
        raise Refusal(404, "there is no such job", "job_not_found")
    return job, flight


def _unfinished(job: Job) -> Refusal:
    """Why there is no result."""
    if not job.error:
        headers = {"retry-after": "5"}
        return Refusal(409, "the job has not ended yet", "not_ready", headers=headers)
    told = json.loads(job.error)["error"]
    return Refusal(422, told["message"], told["code"])


def _told(job: Job, flight: Flight | None) -> dict[str, Any]:
    running = flight is not None and flight.is_running
    return {
        "id": job.id,
        "object": "transcription.job",
        "status": "in_progress" if running and not job.has_ended else job.status,
        "created_at": int(job.created_s),
        "completed_at": int(job.ended_s) or None,
        "task": job.asked.task,
        "file": {"name": job.name, "bytes": job.size, "sha256": job.sha256},
        "error": json.loads(job.error)["error"] if job.error else None,
    }
