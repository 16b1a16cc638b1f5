"""Replies that take long: held back, then begun with what says nothing and keeps the line open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from starlette.responses import Response, StreamingResponse

from audiopipe.server.flight import Flight
from audiopipe.server.forms import Ask
from audiopipe.server.refusals import Refusal, refusal_of
from audiopipe.server.replies import fields, segment_event
from audiopipe.values.transcript import Transcript

T = TypeVar("T")

BEAT_S = 15.0
"""Seconds between two signs of life: proxies cut what is silent for a minute or less."""

DONE = "data: [DONE]\n\n"
WAIT = ": wait\n\n"


class Cut(Exception):
    """The reply has begun and cannot end well: the connection is cut, and no client takes what it
    has for the whole."""


def transcript_of(flight: Flight) -> Transcript:
    """The result of a flight that has ended.

    Raises:
        Refusal: it ended badly.
    """
    if flight.error:
        raise refusal_of(flight.error)
    assert flight.transcript is not None
    return flight.transcript


async def held(
    flight: Flight, hold_s: float, make: Callable[[Transcript], Response], *, is_json: bool
) -> Response:
    """The reply, if it comes soon; else one that begins with spaces, which JSON allows.

    Args:
        flight: what is waited for.
        hold_s: seconds until then.
        make: of the result.
        is_json: whether spaces may come first; what else is text waits to its end.

    Raises:
        Refusal: it ended badly while nothing was sent.
    """
    if await flight.ended(hold_s if is_json else None):
        return make(transcript_of(flight))

    async def body() -> AsyncIterator[bytes]:
        yield b" "
        while not await flight.ended(BEAT_S):
            yield b" "
        yield bytes(make(_or_cut(flight)).body)

    return StreamingResponse(body(), media_type="application/json")


async def soon(work: asyncio.Future[Any], wait_s: float) -> bool:
    """Whether work has ended, after so long at most.

    Raises:
        Refusal: it ended badly.
    """
    await asyncio.wait({work}, timeout=wait_s)
    if work.done():
        work.result()
    return work.done()


async def kept_alive(
    work: asyncio.Future[T], hold_s: float, make: Callable[[T], Response]
) -> Response:
    """A reply of JSON, as in `held`, for work of any kind; who hangs up ends it."""
    try:
        if await soon(work, hold_s):
            return make(work.result())
    except asyncio.CancelledError:
        work.cancel()
        raise

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b" "
            while not await soon(work, BEAT_S):
                yield b" "
            yield bytes(make(work.result()).body)
        except Refusal as refusal:
            raise Cut from refusal
        finally:
            work.cancel()

    return StreamingResponse(body(), media_type="application/json")


async def events(flight: Flight, hold_s: float, ask: Ask) -> Response:
    """A stream of events: `transcript.text.delta` with what is settled, its segments, and `done`.

    The response begins with the first event, or after `hold_s`.

    Raises:
        Refusal: it ended badly while nothing was sent.
    """
    if await flight.begun(hold_s) and flight.error and not flight.pieces:
        raise refusal_of(flight.error)
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return StreamingResponse(_stream(flight, ask), media_type="text/event-stream", headers=headers)


async def _stream(flight: Flight, ask: Ask) -> AsyncIterator[str]:
    written, number = "", 0
    async for piece in flight.settled(BEAT_S):
        if not piece:
            yield WAIT
        delta = "".join(segment.text for segment in piece)
        delta = delta if written else delta.lstrip()
        if delta:
            written += delta
            yield event({"type": "transcript.text.delta", "delta": delta})
        for segment in piece:
            yield event(segment_event(number, segment))
            number += 1
    if flight.error:
        yield event(refusal_of(flight.error).body(), "error")
        raise Cut
    yield event(_done(transcript_of(flight), written, ask))
    yield DONE


def _done(transcript: Transcript, written: str, ask: Ask) -> dict[str, Any]:
    """The last event: what was written, and all that a reply of JSON has."""
    segments = [segment_event(n, each) for n, each in enumerate(transcript.segments)]
    told = {"segments": segments, **fields(transcript, ask), "text": written}
    return {"type": "transcript.text.done", **told}


def event(told: dict[str, Any], name: str = "") -> str:
    """An event with a name and data: some clients go by the one, some by the other."""
    data = json.dumps(told, ensure_ascii=False)
    return f"event: {name or told['type']}\ndata: {data}\n\n"


def _or_cut(flight: Flight) -> Transcript:
    try:
        return transcript_of(flight)
    except Refusal as refusal:
        raise Cut from refusal
