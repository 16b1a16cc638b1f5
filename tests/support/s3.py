"""An S3 of the test's own, which counts requests: moto behind its HTTP server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock, Thread
from typing import Any

import pytest

Call = tuple[str, str]
"""Method and path."""


@contextmanager
def s3_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Call]]:
    """A server with a bucket called `bucket`, which the environment names; the calls it gets."""
    pytest.importorskip("obstore", reason="obstore is not installed")
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    calls: list[Call] = []
    writing = Lock()
    app = moto.DomainDispatcherApplication(moto.create_backend_app)

    def counted(environ: dict[str, Any], begin: Callable[..., Any]) -> Iterable[bytes]:
        calls.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        # moto looks at a condition and writes in two steps
        with writing if environ["REQUEST_METHOD"] == "PUT" else nullcontext():
            answered: Iterable[bytes] = app(environ, begin)
        return answered

    server = make_server("127.0.0.1", 0, counted, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    for name, value in environment(f"http://127.0.0.1:{server.server_port}").items():
        monkeypatch.setenv(name, value)
    try:
        _make_bucket(f"http://127.0.0.1:{server.server_port}")
        calls.clear()
        yield calls
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def environment(endpoint: str) -> dict[str, str]:
    """How a client is told of the server."""
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
