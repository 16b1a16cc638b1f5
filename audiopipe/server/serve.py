"""Serving: settings checked, an address bound, and the application run until it is told to stop."""

from __future__ import annotations

import logging
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import platformdirs
import uvicorn

from audiopipe.errors import OutputError, UsageError
from audiopipe.server.access import Access
from audiopipe.server.app import application
from audiopipe.server.gateway import Gateway
from audiopipe.server.intake import Intake
from audiopipe.server.jobs import Jobs
from audiopipe.server.memory import share_arena
from audiopipe.server.metrics import Metrics
from audiopipe.server.network import is_loopback
from audiopipe.server.shelf import Shelf
from audiopipe.server.spool import Spool
from audiopipe.server.state import State
from audiopipe.server.webhooks import Webhooks, read_secret
from audiopipe.session import Session
from audiopipe.settings import Settings
from audiopipe.store.claims import Claims
from audiopipe.store.database import Unavailable

_log = logging.getLogger("audiopipe")
_MB = 1_000_000
_BACKLOG = 1024


def serve(session: Session) -> None:
    """Serve until SIGINT or SIGTERM; recordings under way are stored, and go on with the next
    start.

    Args:
        session: does the work, by its settings.

    Raises:
        UsageError: settings that cannot work, such as an address that others reach, without keys.
        OutputError: the folder of the state cannot be used.
    """
    share_arena()
    settings = session.settings
    access = _access(settings)
    secret = (
        read_secret(Path(settings.webhook_secret_file)) if settings.webhook_secret_file else b""
    )
    with _listening(settings) as listening, _state_folder(settings) as folder:
        spool = Spool(folder / "uploads", settings.max_upload_mb * _MB, settings.max_disk_mb * _MB)
        try:
            jobs = Jobs(folder / "jobs.sqlite3")
        except Unavailable as error:
            raise OutputError(f"cannot keep jobs: {error}") from error
        webhooks = Webhooks(secret, access, settings.fetch, session.stop)
        library = Path(settings.review_dir) if settings.review_dir else None
        shelf = Shelf(jobs, spool, folder / "review", library)
        gateway = Gateway(session, spool, jobs, shelf, Metrics(), webhooks, access)
        intake = Intake(spool, settings.upload_pause_s, settings.fetch, session.stop)
        server = _Server(_config(State(gateway, intake, access, shelf)))
        host, port = listening.getsockname()[:2]
        scheme = "https" if settings.tls_cert else "http"
        shown = f"[{host}]" if ":" in host else host
        _log.info("listening at %s://%s:%d/v1", scheme, shown, port)
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends by the first signal in order, by the second at once, and leaves well either way."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _access(settings: Settings) -> Access:
    if not settings.api_key_file and not is_loopback(settings.host):
        raise UsageError(
            f"--host {settings.host} is reached by others: give --api-key-file FILE, which "
            "`audiopipe serve --new-key NAME --api-key-file FILE` makes"
        )
    path = Path(settings.api_key_file) if settings.api_key_file else None
    return Access(path, settings.cors_origins)


def _config(shared: State) -> uvicorn.Config:
    settings = shared.settings
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)  # told by the application
    try:
        config = uvicorn.Config(
            application(shared),
            http="h11",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=max(1, round(settings.grace_s)),
            ssl_certfile=settings.tls_cert or None,
            ssl_keyfile=settings.tls_key or None,
        )
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--tls-cert {settings.tls_cert}: {error.strerror or error}") from error
    return config


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    host, port = settings.host, settings.port
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise UsageError(f"cannot listen at {host}, port {port}: {error.strerror}") from error
    with listening:
        yield listening


@contextmanager
def _state_folder(settings: Settings) -> Iterator[Path]:
    """The folder of the state, which one server at a time may have."""
    folder = Path(settings.state_dir) if settings.state_dir else _usual()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise OutputError(f"cannot keep uploads in {folder}: {error.strerror}") from error
    with Claims(folder / "claims").on(b"serve", wait=lambda _: _refuse(folder)):
        yield folder


def _refuse(folder: Path) -> NoReturn:
    raise UsageError(f"another server uses {folder}: give this one its own --state-dir")


def _usual() -> Path:
    return platformdirs.user_state_path("audiopipe") / "serve"
