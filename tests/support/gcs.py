"""As much of Google's store as writes, reads and conditions take (its XML API)."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

import pytest


@contextmanager
def gcs_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store on a free port, with any bucket, which the environment names as Google's tools do."""
    objects: dict[str, tuple[bytes, int]] = {}
    numbers, lock = itertools.count(1), Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *words: object) -> None:
            """Nothing."""

        def do_PUT(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            wanted = self.headers.get("x-goog-if-generation-match")
            with lock:
                _, generation = objects.get(self.path, (b"", 0))
                if wanted is not None and int(wanted) != generation:
                    self.answer(412)
                    return
                objects[self.path] = data, next(numbers)
                self.answer(200, *objects[self.path], is_short=True)

        def do_GET(self) -> None:
            found = objects.get(self.path)
            self.answer(*((200, *found) if found else (404,)))

        def answer(
            self, status: int, data: bytes = b"", generation: int = 0, *, is_short: bool = False
        ) -> None:
            self.send_response(status)
            self.send_header("ETag", f'"{hashlib.md5(data).hexdigest()}"')
            self.send_header("x-goog-generation", str(generation))
            self.send_header("Last-Modified", "Sun, 29 Nov 2026 06:00:00 GMT")
            self.send_header("Content-Length", "0" if is_short else str(len(data)))
            self.end_headers()
            self.wfile.write(b"" if is_short else data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
