"""What all endpoints share, and who asks."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request

from audiopipe.errors import EngineMissing
from audiopipe.server.access import Access, Client
from audiopipe.server.forms import Ask
from audiopipe.server.gateway import Gateway
from audiopipe.server.intake import Intake
from audiopipe.server.refusals import Refusal
from audiopipe.server.shelf import Shelf
from audiopipe.server.spool import Upload
from audiopipe.session import Session
from audiopipe.settings import Settings
from audiopipe.stages.speakers import require_speakers

_MOST_OTHERS = 64
"""Chats and speeches under way at once; their limits are kept by the session."""


@dataclass(frozen=True, slots=True)
class State:
    """What all endpoints share.

    Attributes:
        gateway: works on recordings.
        intake: reads bodies.
        access: knows clients.
        shelf: what there is to review.
        others: places for what is passed on.
        mending: held while corrections are written, so that their times rise.
        secret: what addresses of recordings are marked with.
    """

    gateway: Gateway
    intake: Intake
    access: Access
    shelf: Shelf
    others: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MOST_OTHERS))
    mending: asyncio.Lock = field(default_factory=asyncio.Lock)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def check(self, ask: Ask, upload: Upload) -> None:
        """Go on, if what is asked can be had of these settings.

        Raises:
            Refusal: speakers are asked for, and nobody tells them apart; the upload is gone.
        """
        if not ask.wants_speakers or self.settings.channels == "split":
            return
        try:
            require_speakers()
        except EngineMissing as error:
            self.gateway.spool.drop(upload)
            raise Refusal(400, str(error), "unsupported_value", "response_format") from error

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place for what is passed on.

        Raises:
            Refusal: too much is under way.
        """
        if self.others.locked():
            headers = {"retry-after": "5"}
            raise Refusal(429, "too much is under way: ask again", "queue_full", headers=headers)
        async with self.others:
            yield

    def owner(self, id_: str) -> str:
        """Whose a job is; "" for nobody's."""
        job = self.gateway.jobs.get(id_)
        return job.client if job else ""

    @property
    def session(self) -> Session:
        return self.gateway.session

    @property
    def settings(self) -> Settings:
        return self.gateway.settings


def state_of(request: Request) -> State:
    """What the endpoint of a request shares with all."""
    return cast(State, request.app.state.shared)


def client_of(request: Request, scope: str) -> Client:
    """Who asks, if he may.

    Args:
        request: as it came.
        scope: what for, of `access.SCOPES`; "" for what any key may.

    Raises:
        Refusal: nobody who may.
    """
    address = request.client.host if request.client else "local"
    client = state_of(request).access.client(request.headers, address)
    request.state.client = client.name
    if scope and scope not in client.scopes:
        raise Refusal(403, f"the key {client.name} is not for {scope}", "no_permission")
    return client
