"""The one door to httpx: requests to an API, and downloads."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from audiopipe import __version__
from audiopipe.backends.faults import Reply, fault
from audiopipe.backends.retry import Retry
from audiopipe.errors import (
    AuthError,
    BackendError,
    BadReply,
    RejectedRequest,
    ServerFault,
    UnreadableInput,
    UsageError,
)

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

_HEADERS = {"User-Agent": f"audiopipe/{__version__}"}  # Cloudflare refuses requests without one


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds of silence after which a line is given up, each for its own step.

    Attributes:
        connect_s: until the connection stands.
        read_s: between two pieces of the answer; the first one comes after all computing.
        write_s: between two pieces of the upload.
        pool_s: until one of the shared connections is free.
    """

    connect_s: float = 10.0
    read_s: float = 300.0
    write_s: float = 120.0
    pool_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an API.

    Attributes:
        method: `GET`, `POST`.
        path: below the API's root, beginning with a slash.
        what: what is sent, in a few words for messages.
        fields: text fields; with them, or a file, the body is a form (multipart).
        file: name, content and media type of the form's part `file`.
        json: a body of JSON, in place of a form.
    """

    method: str
    path: str
    what: str
    fields: tuple[tuple[str, str], ...] = ()
    file: tuple[str, bytes, str] | None = field(default=None, repr=False)
    json: Mapping[str, Any] | None = None


class Http:
    """Connections to one API, shared by all threads and opened when first needed.

    Args:
        base_url: as users write it; see `api_root`.
        api_key: sent as a bearer token; None or "" sends none.
        timeouts: see `Timeouts`.
        retry: see `Retry`.
        clock: seconds since the epoch, for waits that servers give as a date.

    Raises:
        UsageError: the address is none.
        AuthError: the key has characters that no key has.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.root = api_root(base_url)
        self._key = _checked(api_key)
        self._timeouts = timeouts or Timeouts()
        self._retry = retry or Retry()
        self._clock = clock
        self._opening = threading.Lock()
        self._client: httpx.Client | None = None

    def send(self, call: Call, parse: Callable[[Reply], T]) -> T:
        """What `parse` makes of the answer; faults are met by sending again, see `Retry`.

        Args:
            call: the request.
            parse: turns the answer into a value; a `BadReply` that it raises is a fault too.

        Raises:
            BackendError: by the table in `faults`, in one line that names what was sent and where.
        """
        what = f"{call.what} to {urlsplit(self.root).hostname}"

        def attempt() -> T:
            reply = self._once(call, what)
            if not 200 <= reply.status < 300:
                raise fault(self._without_key(reply), what, self._clock())
            try:
                return parse(reply)
            except BadReply as error:
                raise BadReply(f"{what}: {error}") from error

        return self._retry.call(attempt)

    def close(self) -> None:
        """Close the connections; harmless if there are none."""
        with self._opening:
            client, self._client = self._client, None
        if client:
            client.close()

    def _once(self, call: Call, what: str) -> Reply:
        files: list[tuple[str, Any]] = [(name, (None, value)) for name, value in call.fields]
        if call.file:
            files.append(("file", call.file))
        with _mapped(what):
            answer = self._opened().request(
                call.method, self.root + call.path, files=files or None, json=call.json
            )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status_code, headers, answer.content)

    def _opened(self) -> httpx.Client:
        with self._opening:
            if self._client is None:
                self._client = _client(self._timeouts)
                if self._key:
                    self._client.headers["Authorization"] = f"Bearer {self._key}"
            return self._client

    def _without_key(self, reply: Reply) -> Reply:
        """Some servers repeat the key that they refuse."""
        if not self._key:
            return reply
        hidden = reply.content.replace(self._key.encode(), b"***")
        return Reply(reply.status, reply.headers, hidden)


def download(
    url: str, file: IO[bytes], *, timeouts: Timeouts | None = None, retry: Retry | None = None
) -> None:
    """Fetch a recording into `file`, which is left at its beginning. Redirects are followed.

    Args:
        url: an http or https address.
        file: open for reading and writing, seekable, empty.

    Raises:
        UnreadableInput: it cannot be fetched.
    """
    name = without_secrets(url)

    def attempt() -> None:
        file.seek(0)
        file.truncate()
        with (
            _mapped(name),
            _client(timeouts or Timeouts()) as client,
            client.stream("GET", url, follow_redirects=True) as answer,
        ):
            if not answer.is_success:
                passing = answer.is_server_error or answer.status_code in (408, 429)
                refusal = ServerFault if passing else RejectedRequest
                raise refusal(f"{name}: {answer.status_code} {answer.reason_phrase}")
            for piece in answer.iter_bytes():
                file.write(piece)

    try:
        (retry or Retry(attempts=3, max_wait_s=60)).call(attempt)
    except (BackendError, UsageError) as error:
        raise UnreadableInput(f"cannot download {error}") from error
    file.seek(0)


_ENDPOINT = re.compile(r"/(audio/(transcriptions|translations|speech)|chat/completions|models)$")


def api_root(base_url: str) -> str:
    """The address that paths such as `/audio/transcriptions` are put behind.

    Users give a host, a host with `/v1`, or a whole endpoint, with or without a slash at the end.

    Raises:
        UsageError: it is no http or https address.
    """
    parts = _parts(base_url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"the base URL {base_url!r} is no address: write it like http://host:8000")
    path = _ENDPOINT.sub("", parts.path.rstrip("/"))
    if parts.hostname == "api.groq.com":
        path = "/openai/v1"
    elif path in ("", "/openai"):
        path += "/v1"
    return f"{parts.scheme}://{parts.netloc}{path}"


def without_secrets(url: str) -> str:
    """An address without user, password and query, which may carry a signature."""
    parts = _parts(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def _client(timeouts: Timeouts) -> httpx.Client:
    import httpx

    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    waits = httpx.Timeout(
        connect=timeouts.connect_s,
        read=timeouts.read_s,
        write=timeouts.write_s,
        pool=timeouts.pool_s,
    )
    return httpx.Client(headers=_HEADERS, timeout=waits, limits=limits)


@contextmanager
def _mapped(what: str) -> Iterator[None]:
    """httpx's errors as ours."""
    import httpx

    try:
        yield
    except httpx.TimeoutException as error:
        step = type(error).__name__.removesuffix("Timeout").lower()
        raise ServerFault(f"{what}: no progress in time ({step}); try again later") from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise UsageError(f"{what}: {error}; check the address") from error
    except (httpx.LocalProtocolError, httpx.TooManyRedirects) as error:
        raise RejectedRequest(f"{what}: {error}") from error
    except httpx.DecodingError as error:
        raise BadReply(f"{what}: the answer is garbled: {error}") from error
    except httpx.ConnectError as error:
        raise ServerFault(f"{what}: cannot connect: {error}; check address and network") from error
    except httpx.TransportError as error:
        raise ServerFault(f"{what}: the connection broke: {error}; try again later") from error


def _checked(api_key: str | None) -> str:
    key = (api_key or "").strip()
    if not re.fullmatch(r"[!-~]*", key):
        raise AuthError("the API key has a space or a foreign character in it: copy it anew")
    return key


def _parts(address: str) -> SplitResult:
    """The parts of an address; empty where it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
