"""An S3 of the test's own, moto behind its server: it counts requests, and fails on request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from threading import Lock, Thread
from typing import Any, Self

import pytest

Call = tuple[str, str]
"""Method and path."""


class S3Server:
    """Runs on a free port, with a bucket called `bucket`. A context that ends it.

    Attributes:
        calls: what was asked for.
        fault: status and code of S3, such as (503, "SlowDown"), which all get for an answer.
        environment: how a client is told of it.
    """

    def __init__(self) -> None:
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        moto: Any = import_module("moto.server")
        self.calls: list[Call] = []
        self.fault: tuple[int, str] | None = None
        self._app = moto.DomainDispatcherApplication(moto.create_backend_app)
        self._writing = Lock()
        self._server = make_server("127.0.0.1", 0, self._answered, threaded=True)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self.environment = environment(self.endpoint)

    def __enter__(self) -> Self:
        self._thread.start()
        _make_bucket(self.endpoint)
        self.calls.clear()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answered(self, environ: dict[str, Any], begin: Callable[..., Any]) -> Iterable[bytes]:
        self.calls.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if self.fault:
            status, code = self.fault
            begin(f"{status} {code}", [("Content-Type", "application/xml")])
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return [f"<Error><Code>{code}</Code><Message>{code}.</Message></Error>".encode()]
        # moto looks at a condition and writes in two steps
        with self._writing if environ["REQUEST_METHOD"] == "PUT" else nullcontext():
            answered: Iterable[bytes] = self._app(environ, begin)
        return answered


@contextmanager
def s3_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Call]]:
    """A server which the environment names; the calls it gets."""
    pytest.importorskip("obstore", reason="obstore is not installed")
    pytest.importorskip("moto.server", reason="moto is not installed")
    with S3Server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server.calls


def environment(endpoint: str) -> dict[str, str]:
    """How a client is told of a server."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
    }


def _make_bucket(endpoint: str) -> None:
    import httpx

    httpx.post(
        f"{endpoint}/moto-api/reset", timeout=60
    ).raise_for_status()  # of servers before in this process
    httpx.put(
        f"{endpoint}/bucket", headers={"Host": "s3.amazonaws.com"}, timeout=60
    ).raise_for_status()
