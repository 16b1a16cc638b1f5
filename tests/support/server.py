"""A server on a free port that answers as Groq's audio API does: it checks what Groq checks, with
Groq's own words, hears the uploaded audio, and goes wrong on request.
"""

from __future__ import annotations

import math
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from audiopipe.backends.catalog import MODELS
from audiopipe.limits.rules import Limits
from support.answers import BUSY, FAULTS, PASSING, Answer, Fault, Refused, Seen, error, ok
from support.chatting import Scripted, converse
from support.quota import Quota
from support.recognition import read_form, recognise
from support.speaking import speak
from support.speechlike import Heard, hear

ROOT = "/openai/v1"
KEY = "gsk_0123456789abcdefTESTtestTEST"

Ear = Callable[[NDArray[np.float32], int], list[Heard]]


class Server:
    """Runs in the background from `with Server() as server:` on.

    Nobody documents what an attempt costs that goes wrong. Here the limits stand at the gate: what
    passes them is charged whole, also if a fault spoils the answer afterwards (200, 500, 502); what
    is turned away, by a limit, a check or for want of capacity, costs one request and no audio. A
    refused key costs nothing.

    Args:
        hear: the words in samples of shape (n,) at a rate in Hz.
        limits: of each model; None has none, and sends no headers about them.
        clock: seconds, for the limits and `Seen.at_s`.
        fault_rate: the share of answers, 0 to 1, that a fault of `answers.PASSING` spoils.
        seed: chooses which, in the order in which requests arrive.
        latency: how long an answer takes for each second of audio, in seconds; or a function from
            the length of the audio to the whole time.
        capacity: requests under way at once above which it answers 503.
        host: its address.

    Attributes:
        url: root of the API.
        seen: every request, in order of arrival.
        busy: requests under way.
        most_busy: the most of them at once.
        faults: taken one by one in place of an answer; None lets a request through. An `Answer`,
            or a name of `answers.FAULTS`.
        files: bytes to be fetched at `url_of(name)`.
        replies: what chat models answer, one by one; without one they say what was said.
    """

    def __init__(
        self,
        hear: Ear = hear,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        fault_rate: float = 0.0,
        seed: int = 0,
        latency: float | Callable[[float], float] = 0.0,
        capacity: float = math.inf,
        host: str = "127.0.0.1",
    ) -> None:
        self.hear = hear
        self.seen: list[Seen] = []
        self.busy = self.most_busy = 0
        self.faults: deque[Answer | str | None] = deque()
        self.files: dict[str, bytes] = {}
        self.replies: deque[Scripted] = deque()
        self.lock = threading.Lock()
        self._limits = limits or Limits()
        self.clock = clock
        self._quotas: dict[str, Quota] = {}
        self._fault_rate = fault_rate
        self._dice = random.Random(seed)
        self._latency = latency
        self._capacity = capacity
        self._http = _Sockets((host, 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self.address = f"http://{host}:{self._http.server_port}"
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

    @property
    def as_groq(self) -> dict[str, str]:
        """The environment in which the command line takes this server for Groq."""
        return {
            "GROQ_API_KEY": KEY,
            "AUDIOPIPE_BACKEND": "groq",
            "AUDIOPIPE_BASE_URL": self.url,
        }

    @property
    def accepted(self) -> list[Seen]:
        """The requests whose audio was recognised and whose answers went out whole."""
        with self.lock:
            return [seen for seen in self.seen if seen.accepted]

    @property
    def refused(self) -> list[Seen]:
        """The requests that were told to wait, or to send less at once."""
        with self.lock:
            return [seen for seen in self.seen if seen.status in (413, 429)]

    def quota(self, model: str) -> Quota:
        """What a model may take."""
        with self.lock:
            return self._quotas.setdefault(model, Quota(model, self._limits, self.clock))

    def answer(self, seen: Seen) -> Answer:
        """The answer to a request."""
        if seen.path.startswith(("/files/", "/moved/")):
            return self.file(seen.path)
        fault = self._next_fault()
        if isinstance(fault, Answer) and (400 <= fault.status < 500 or fault.status == 503):
            self.quota(seen.model).attempt()
            return fault
        right = self._routed(seen)
        sent = fault(right) if callable(fault) else fault or right
        whole = sent.body == right.body and sent.cut_after is None
        seen.accepted = seen.audio_s > 0 and right.status == 200 and whole
        return sent

    def work(self, seen: Seen, *, tokens: float = 0.0) -> None:
        """Let a request's audio and tokens through the gate, and take the time that it takes.

        Raises:
            Refused: a limit is in the way.
        """
        self.quota(seen.model).take(tokens=tokens, audio_s=seen.audio_s)
        slow = self._latency
        time.sleep(slow(seen.audio_s) if callable(slow) else slow * seen.audio_s)

    def file(self, path: str) -> Answer:
        """What is fetched at a path."""
        _, folder, name = path.split("/", 2)
        if folder == "moved":
            return Answer(302, headers={"location": self.url_of(name)})
        if name not in self.files:
            return Answer(404, b"not here", "text/plain")
        return Answer(200, self.files[name], "application/octet-stream")

    def _routed(self, seen: Seen) -> Answer:
        if seen.headers.get("authorization") != f"Bearer {KEY}":
            return error(401, "Invalid API Key", code="invalid_api_key")
        route = ROUTES.get((seen.method, seen.path.removeprefix(ROOT)))
        if route is None:
            message = f"Unknown request URL: {seen.method} {seen.path}"
            return error(404, message, code="unknown_url")
        quota = self.quota(seen.model)
        try:
            with self._place():
                answer = route(self, seen)
        except Refused as refused:
            quota.attempt()
            answer = refused.answer
        headers = {"x-request-id": f"req_01test{len(self.seen):06d}", **quota.headers()}
        return replace(answer, headers={**answer.headers, **headers})

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self.lock:
            if self.busy >= self._capacity:
                raise Refused(BUSY)
            self.busy += 1
            self.most_busy = max(self.busy, self.most_busy)
        try:
            yield
        finally:
            with self.lock:
                self.busy -= 1

    def _next_fault(self) -> Fault | None:
        with self.lock:
            fault = self.faults.popleft() if self.faults else None
            if fault is None and self._dice.random() < self._fault_rate:
                return PASSING[self._dice.choice(list(PASSING))]
        return FAULTS[fault] if isinstance(fault, str) else fault


class _Sockets(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # connections that many threads open at once

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # clients may hang up at any time
            super().handle_error(request, client_address)


def list_models(server: Server, seen: Seen) -> Answer:
    known = [model for model in MODELS if model.provider == "groq" and not model.retired_on]
    data = [{"id": m.id, "object": "model", "created": 1, "active": True} for m in known]
    return ok({"object": "list", "data": data})


ROUTES: Mapping[tuple[str, str], Callable[[Server, Seen], Answer]] = {
    ("GET", "/models"): list_models,
    ("POST", "/audio/transcriptions"): recognise,
    ("POST", "/audio/translations"): recognise,
    ("POST", "/audio/speech"): speak,
    ("POST", "/chat/completions"): converse,
}


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            length = int(headers.get("content-length", 0))
            body = self.rfile.read(length)
            if len(body) < length:
                raise ConnectionAbortedError
            seen = Seen(self.command, urlsplit(self.path).path, headers, server.clock())
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
            self.wfile.write(answer.body[half : answer.cut_after])

        def log_message(self, *_: object) -> None:
            """Tests look at `Server.seen`."""

    return Handler
