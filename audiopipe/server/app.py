"""The server as an ASGI application: what stands around all endpoints."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audiopipe.server import review
from audiopipe.server.refusals import Refusal
from audiopipe.server.routes import routes
from audiopipe.server.state import State
from audiopipe.server.waiting import Cut

_log = logging.getLogger("audiopipe")

_THREADS = 64
"""For what waits for disks and for upstream."""


def application(shared: State) -> Starlette:
    """The application; its lifespan starts and ends the work."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
        await shared.gateway.start()
        yield
        await shared.gateway.close()

    middleware = [Middleware(_Watched, shared)]
    if origins := shared.settings.cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(origins),
                allow_methods=["*"],
                allow_headers=["*"],
                expose_headers=["x-request-id", "x-audiopipe-flags", "location", "retry-after"],
            )
        )
    app = Starlette(
        routes=[*routes(), *review.ROUTES],
        middleware=middleware,
        exception_handlers={Refusal: _refused, HTTPException: _unrouted},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.shared = shared
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse(error.body(), error.status, error.all_headers())


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {404: "unknown_url", 405: "method_not_allowed"}
    message = f"Unknown request URL: {request.method} {ascii(request.url.path[:200])[1:-1]}"
    refusal = Refusal(error.status_code, message, words.get(error.status_code, "invalid_request"))
    headers = {**(error.headers or {}), **refusal.all_headers()}
    return JSONResponse(refusal.body(), error.status_code, headers)


class _Watched:
    """Gives each request an id, counts it, and tells of it in one line; what fails by a defect is
    answered here, and what began and cannot end well is cut."""

    def __init__(self, app: ASGIApp, shared: State) -> None:
        self._app, self._shared = app, shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s, status = time.monotonic(), 0
        id_ = f"req_{secrets.token_hex(8)}"

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", id_.encode())]
            await send(message)

        scope.setdefault("state", {})
        try:
            await self._app(scope, receive, marked)
        except Exception as error:
            if not isinstance(error, Cut):
                _log.exception("a defect, please report it: request %s", id_)
            if not status:
                refusal = Refusal(500, f"this server failed; its log knows {id_}", "defect")
                response = JSONResponse(refusal.body(), 500, refusal.all_headers())
                with suppress(OSError):
                    await response(scope, receive, marked)
            else:
                raise Cut from error
        finally:
            self._tell(scope, id_, status, time.monotonic() - began_s)

    def _tell(self, scope: Scope, id_: str, status: int, seconds: float) -> None:
        route = scope.get("route")
        path = getattr(route, "path", "")
        self._shared.gateway.metrics.request(path, status, seconds)
        client = scope["state"].get("client", "-")
        facts = {
            "event": "request",
            "id": id_,
            "method": scope["method"],
            "route": path,
            "status": status,
            "seconds": round(seconds, 3),
            "client": client,
        }
        line = f"{scope['method']} {path or 'no such path'} {status} {seconds:.3f} s {client} {id_}"
        _log.info("%s", line, extra={"facts": facts})
