"""A server on a free port that answers as Groq's audio API does: it checks what Groq checks, with
Groq's own words, hears the uploaded audio, and goes wrong on request.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

import numpy as np
from answers import FAULTS, Answer, Refused, Seen, error, ok
from numpy.typing import NDArray
from recognition import read_form, recognise
from speechlike import Heard, hear

from audiopipe.models import MODELS

ROOT = "/openai/v1"
KEY = "gsk_0123456789abcdefTESTtestTEST"
AUDIO_SECONDS_AN_HOUR = 7200

Ear = Callable[[NDArray[np.float32], int], list[Heard]]


class Server:
    """Runs in the background from `with Server() as server:` on.

    Args:
        hear: the words in samples of shape (n,) at a rate in Hz.

    Attributes:
        url: root of the API.
        seen: every request, in order of arrival.
        faults: taken one by one in place of an answer; None lets a request through. An `Answer`,
            or a name of `answers.FAULTS`.
        files: bytes to be fetched at `url_of(name)`.
    """

    def __init__(self, hear: Ear = hear) -> None:
        self.hear = hear
        self.seen: list[Seen] = []
        self.faults: deque[Answer | str | None] = deque()
        self.files: dict[str, bytes] = {}
        self.lock = threading.Lock()
        self._http = _Sockets(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self.address = f"http://127.0.0.1:{self._http.server_port}"
        self.url = self.address + ROOT

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def url_of(self, name: str, folder: str = "files") -> str:
        """Where a file is fetched; in the folder `moved` behind a redirect."""
        return f"{self.address}/{folder}/{name}"

    def answer(self, seen: Seen) -> Answer:
        """The answer to a request."""
        if seen.path.startswith(("/files/", "/moved/")):
            return self.file(seen.path)
        fault = self._next_fault()
        if fault:
            return fault
        if seen.headers.get("authorization") != f"Bearer {KEY}":
            return error(401, "Invalid API Key", code="invalid_api_key")
        route = ROUTES.get((seen.method, seen.path.removeprefix(ROOT)))
        if route is None:
            message = f"Unknown request URL: {seen.method} {seen.path}"
            return error(404, message, code="unknown_url")
        try:
            return replace(route(self, seen), headers=self._headers())
        except Refused as refused:
            return refused.answer

    def _next_fault(self) -> Answer | None:
        with self.lock:
            fault = self.faults.popleft() if self.faults else None
        return FAULTS[fault] if isinstance(fault, str) else fault

    def file(self, path: str) -> Answer:
        """What is fetched at a path."""
        _, folder, name = path.split("/", 2)
        if folder == "moved":
            return Answer(302, headers={"location": self.url_of(name)})
        if name not in self.files:
            return Answer(404, b"not here", "text/plain")
        return Answer(200, self.files[name], "application/octet-stream")

    def _headers(self) -> dict[str, str]:
        with self.lock:
            taken = [each for each in self.seen if each.audio_s]
            left = AUDIO_SECONDS_AN_HOUR - round(sum(each.audio_s for each in taken))
        used = AUDIO_SECONDS_AN_HOUR - left
        return {
            "x-request-id": f"req_01test{len(taken):06d}",
            "x-ratelimit-limit-requests": "2000",
            "x-ratelimit-remaining-requests": str(2000 - len(taken)),
            "x-ratelimit-reset-requests": f"{len(taken) * 43.2:g}s",
            "x-ratelimit-limit-audio-seconds": str(AUDIO_SECONDS_AN_HOUR),
            "x-ratelimit-remaining-audio-seconds": str(left),
            "x-ratelimit-reset-audio-seconds": f"{used * 500}ms",
        }


class _Sockets(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # connections that many threads open at once


def list_models(server: Server, seen: Seen) -> Answer:
    known = [model for model in MODELS if model.provider == "groq" and not model.retired_on]
    data = [{"id": m.id, "object": "model", "created": 1, "active": True} for m in known]
    return ok({"object": "list", "data": data})


ROUTES: Mapping[tuple[str, str], Callable[[Server, Seen], Answer]] = {
    ("GET", "/models"): list_models,
    ("POST", "/audio/transcriptions"): recognise,
    ("POST", "/audio/translations"): recognise,
}


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            seen = Seen(self.command, urlsplit(self.path).path, headers)
            read_form(seen, body)
            with server.lock:
                server.seen.append(seen)
            answer = server.answer(seen)
            seen.status = answer.status
            self._send(answer)

        do_POST = do_GET  # noqa: N815

        def _send(self, answer: Answer) -> None:
            self.close_connection = answer.cut_after is not None
            if answer.cut_after == -1:
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            half = len(answer.body) // 2 if answer.slow_s else 0
            self.wfile.write(answer.body[:half])
            time.sleep(answer.slow_s)
            with suppress(ConnectionError):  # the client may have hung up meanwhile
                self.wfile.write(answer.body[half : answer.cut_after])

        def log_message(self, *_: object) -> None:
            """Tests look at `Server.seen`."""

    return Handler
