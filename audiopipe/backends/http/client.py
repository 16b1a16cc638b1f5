"""The one door to httpx: requests to an API, and downloads."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from audiopipe._version import __version__
from audiopipe.backends.http.address import api_root, without_secrets
from audiopipe.backends.http.circuit import Circuit, Unsent
from audiopipe.backends.http.concurrency import Lanes
from audiopipe.backends.http.errors import Reply, fault
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.http.turns import Turns
from audiopipe.concurrency import PerProcess
from audiopipe.errors import (
    AuthError,
    BackendError,
    BadReply,
    RejectedRequest,
    ServerFault,
    UnreadableInput,
    UsageError,
)
from audiopipe.limits.rules import Cost, Limits
from audiopipe.values.events import Pause

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
        model: whose limits hold.
        cost: what it takes of them.
        path: below the API's root, beginning with a slash.
        what: what is sent, in a few words for messages.
        fields: text fields; with them, or a file, the body is a form (multipart).
        file: name, content and media type of the form's part `file`.
        json: a body of JSON, in place of a form.
    """

    method: str
    path: str
    what: str
    model: str = ""
    cost: Cost = field(default_factory=Cost)
    fields: tuple[tuple[str, str], ...] = ()
    file: tuple[str, bytes, str] | None = field(default=None, repr=False)
    json: Mapping[str, Any] | None = None


class Http:
    """Connections to one API, shared by all threads and opened when first needed.

    A request is sent when there is a lane for it and the limits of its model allow. When a row of
    requests has failed for good and none got through, the server is taken for dead.

    Args:
        base_url: as users write it; see `api_root`.
        api_key: sent as a bearer token; None or "" sends none.
        ledger: file of the budget that processes share; None keeps one for this object alone.
        limits_of: the limits of a model, by its id.
        most: requests under way at once, at most.
        timeouts: see `Timeouts`.
        retry: see `Retry`.
        clock: seconds since the epoch.

    Raises:
        UsageError: the address is none.
        AuthError: the key has characters that no key has.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        ledger: Path | None = None,
        limits_of: Callable[[str], Limits] = lambda model: Limits(),
        most: int = 16,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.root = api_root(base_url)
        self._key = _checked(api_key)
        self._timeouts = timeouts or Timeouts()
        self._retry = retry or Retry()
        self._clock = clock
        self._lanes = Lanes(most)
        self._turns = Turns(
            ledger, self.root, self._key, limits_of, self._retry.max_wait_s, self._clock
        )
        self._circuit = Circuit()
        self._client = PerProcess(self._made)

    def limits(self, model: str) -> Limits:
        """The limits that hold for a model, those that the server told included."""
        return self._turns.limits(model)

    def send(self, call: Call, parse: Callable[[Reply], T], pause: Pause | None = None) -> T:
        """What `parse` makes of the answer; faults are met by sending again, see `Retry`.

        Args:
            call: the request.
            parse: turns the answer into a value; a `BadReply` that it raises is a fault too.
            pause: waits, in place of `Retry.wait`; what it raises ends the call.

        Raises:
            BackendError: by the table in `faults`, in one line that names what was sent and where.
        """
        what = f"{call.what} to {urlsplit(self.root).hostname}"
        wait = pause or self._retry.wait

        def attempt() -> T:
            with self._turn(call, wait) as replied:
                reply = self._once(call, what)
                replied(reply)
            if not 200 <= reply.status < 300:
                raise fault(self._without_key(reply), what, self._clock())
            try:
                return parse(reply)
            except BadReply as error:
                raise BadReply(f"{what}: {error}") from error

        return self._circuit.watch(lambda: self._retry.call(attempt, wait))

    def stream(
        self, call: Call, parse: Callable[[str], T], pause: Pause | None = None
    ) -> Iterator[T]:
        """What `parse` makes of each event of an answer, as they come (server-sent events).

        Faults are met by sending again only until the first event is there. To stop early, close
        the iterator: that hangs up, and the server writes no more.

        Args:
            call: the request; it must ask for a stream.
            parse: turns the data of an event into a value.
            pause: as in `send`.

        Raises:
            BackendError: as in `send`; also after some events.
        """
        what = f"{call.what} to {urlsplit(self.root).hostname}"
        wait = pause or self._retry.wait

        def begin() -> tuple[T, Generator[T, None, None]]:
            values = self._events(call, what, parse, wait)
            for first in values:
                return first, values
            raise BadReply(f"{what}: the answer is no stream of events")

        first, rest = self._circuit.watch(lambda: self._retry.call(begin, wait))
        with closing(rest):
            yield first
            yield from rest

    def close(self) -> None:
        """Close the connections and the ledger; harmless if there are none."""
        if client := self._client.take():
            client.close()
        self._turns.close()

    @contextmanager
    def _turn(self, call: Call, pause: Pause) -> Iterator[Callable[[Reply], None]]:
        """A lane, and a turn under the limits; what is yielded is to be called with the reply."""
        with self._lanes.lane(pause):
            turn = self._turns.take(call.model, call.cost, pause)
            began_s = time.monotonic()
            replies: list[Reply] = []
            try:
                yield replies.append
            except Unsent:
                self._turns.unsent(turn)
                raise
            except BaseException as error:  # also a reader who has heard enough
                self._turns.cut(turn)
                if isinstance(error, BackendError):
                    self._lanes.overloaded(began_s)
                raise
            (reply,) = replies
            self._turns.replied(turn, reply)
            if reply.status in _OVERLOADED:
                self._lanes.overloaded(began_s)
            elif reply.status < 300:
                took_s = time.monotonic() - began_s
                # how long an answer of any length takes says nothing about the server
                self._lanes.answered(began_s, took_s if call.cost.tokens else _size(call))

    def _events(
        self, call: Call, what: str, parse: Callable[[str], T], pause: Pause
    ) -> Generator[T, None, None]:
        refused = None
        with self._turn(call, pause) as replied, _mapped(what), self._streamed(call) as answer:
            reply = _reply(answer)
            if answer.is_success:
                for data in _data(answer.iter_bytes()):
                    if '"usage"' in data:
                        reply = replace(reply, content=data.encode())
                    yield parse(data)
            else:
                refused = reply = replace(reply, content=answer.read())
            replied(reply)
        if refused:
            raise fault(self._without_key(refused), what, self._clock())

    def _streamed(self, call: Call) -> AbstractContextManager[httpx.Response]:
        return self._client.get().stream(call.method, self.root + call.path, json=call.json)

    def _once(self, call: Call, what: str) -> Reply:
        files: list[tuple[str, Any]] = [(name, (None, value)) for name, value in call.fields]
        if call.file:
            files.append(("file", call.file))
        with _mapped(what):
            answer = self._client.get().request(
                call.method, self.root + call.path, files=files or None, json=call.json
            )
        return replace(_reply(answer), content=answer.content)

    def _made(self) -> httpx.Client:
        client = _client(self._timeouts)
        if self._key:
            client.headers["Authorization"] = f"Bearer {self._key}"
        return client

    def _without_key(self, reply: Reply) -> Reply:
        """Some servers repeat the key that they refuse."""
        if not self._key:
            return reply
        hidden = reply.content.replace(self._key.encode(), b"***")
        return Reply(reply.status, reply.headers, hidden)


_OVERLOADED = (498, 502, 503, 504)
"""Answers of a server, or of a proxy before it, that has too much to do."""


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


def _client(timeouts: Timeouts) -> httpx.Client:
    import httpx

    from audiopipe.backends.http.route import ByEnvironment

    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    waits = httpx.Timeout(
        connect=timeouts.connect_s,
        read=timeouts.read_s,
        write=timeouts.write_s,
        pool=timeouts.pool_s,
    )
    return httpx.Client(
        headers=_HEADERS, timeout=waits, transport=ByEnvironment(limits), trust_env=False
    )


def _reply(answer: httpx.Response) -> Reply:
    """Status and headers."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Reply(answer.status_code, headers, b"")


def _size(call: Call) -> float:
    return max(1.0, call.cost.audio_s)


def _data(pieces: Iterable[bytes]) -> Iterator[str]:
    """The data of each event; here each is one line of JSON.

    Lines end at line feeds only: JSON may hold the other separators that Unicode knows.
    """
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (_text(line) for line in lines if line.startswith(b"data:"))
    if rest.startswith(b"data:"):
        yield _text(rest)


def _text(line: bytes) -> str:
    return line.removeprefix(b"data:").decode("utf-8", "replace").strip()


@contextmanager
def _mapped(what: str) -> Iterator[None]:
    """httpx's errors as ours."""
    import httpx

    try:
        yield
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Unsent(f"{what}: no connection in time; check address and network") from error
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
        raise Unsent(f"{what}: cannot connect: {error}; check address and network") from error
    except httpx.TransportError as error:
        raise ServerFault(f"{what}: the connection broke: {error}; try again later") from error


def _checked(api_key: str | None) -> str:
    key = (api_key or "").strip()
    if not re.fullmatch(r"[!-~]*", key):
        raise AuthError("the API key has a space or a foreign character in it: copy it anew")
    return key
