"""The one door to httpx: requests to an API."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from audiopipe.backends.http.address import api_root, is_azures, onward, query_of
from audiopipe.backends.http.circuit import Circuit, Unsent
from audiopipe.backends.http.concurrency import Lanes
from audiopipe.backends.http.connection import Timeouts, mapped, new_client
from audiopipe.backends.http.errors import fault, told_in
from audiopipe.backends.http.exchange import Answer, Bounds, Pace, exchange
from audiopipe.backends.http.redact import Secrets
from audiopipe.backends.http.reply import Reply
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.http.turns import Turns
from audiopipe.backends.wire.events import data_of
from audiopipe.concurrency import PerProcess
from audiopipe.errors import AuthError, BackendError, BadReply, RejectedRequest
from audiopipe.limits.rules import Cost, Limits
from audiopipe.text.redaction import Veil, secrets_of, without_secrets
from audiopipe.values.events import Pause, Waiting

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

_MOST_HOPS = 5
_GRACE_S = 0.8
"""What is under way when a run is to stop may still be answered in this time."""
_ANSWERS = (200, 201, 203)
"""The statuses of an answer: what is accepted (202), empty (204) or a part (206) is none."""


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
        optional: names of fields that the request may do without.
        max_bytes: of the answer.
        total_s: seconds that the answer may take, if the user names none.
    """

    method: str
    path: str
    what: str
    model: str = ""
    cost: Cost = field(default_factory=Cost)
    fields: tuple[tuple[str, str], ...] = ()
    file: tuple[str, bytes, str] | None = field(default=None, repr=False)
    json: Mapping[str, Any] | None = None
    optional: tuple[str, ...] = ()
    max_bytes: int = 16 << 20
    total_s: float = 600.0


class Http:
    """Connections to one API, shared by all threads and opened when first needed.

    A request is sent when there is a lane for it and the limits of its model allow. When a row of
    requests has failed for good and none got through, the server is taken for dead.

    Args:
        base_url: as users write it; see `api_root`. Its query goes with each request.
        api_key: sent as a bearer token; None or "" sends none.
        ledger: file or address of the budget that processes share; None keeps one here.
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
        ledger: Path | str | None = None,
        limits_of: Callable[[str], Limits] = lambda model: Limits(),
        most: int = 16,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.root = api_root(base_url)
        query = query_of(base_url)
        self._query = f"?{query}" if query else ""
        self._key = _checked(api_key)
        self._secrets = Secrets(self._key, base_url)
        self._own = secrets_of({"API_KEY": self._key})
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

    def facts(self, model: str) -> dict[str, str]:
        """What the server cannot do with a model, as was learnt of late."""
        return self._turns.facts(model)

    def learn(self, model: str, what: str, value: str) -> None:
        """Note such a fact, for this run and others."""
        self._turns.learn(model, what, value)

    def veil(self) -> Veil:
        """What takes the key out of a text that comes in pieces."""
        return Veil(self._own)

    def send(self, call: Call, parse: Callable[[Reply], T], pause: Pause | None = None) -> T:
        """What `parse` makes of the answer; faults are met by sending again, see `Retry`.

        Args:
            call: the request.
            parse: turns the answer into a value; a `BackendError` that it raises is a fault too.
            pause: waits, in place of `Retry.wait`, and is asked ten times a second while an answer
                is awaited; what it raises ends the call.

        Raises:
            BackendError: by the table in `errors`, in one line that names what was sent and where.
        """
        what, wait = self._named(call), pause or self._retry.wait

        def attempt() -> T:
            with self._turn(call, wait) as replied:
                with mapped(what), self._answered(call, what, wait) as answer:
                    reply = answer.whole()
                replied(reply)
            if not reply.is_good or told_in(reply):
                raise self._fault(reply, what, call)
            _check_status(reply, what)
            try:
                return parse(self._kept(reply))
            except BadReply as error:
                raise BadReply(f"{what}: {error}") from error

        with self._safe():
            return self._circuit.watch(lambda: self._retry.call(attempt, wait))

    def stream(
        self, call: Call, parse: Callable[[str], T], pause: Pause | None = None
    ) -> Iterator[T]:
        """What `parse` makes of each event of an answer, as they come (server-sent events).

        Faults are met by sending again only until the first event is there. To stop early, close
        the iterator: that hangs up, and the server writes no more.

        Args:
            call: the request; it must ask for a stream.
            parse: turns the data of an event, or an answer that is no stream, into a value.
            pause: as in `send`.

        Raises:
            BackendError: as in `send`; also after some events.
        """
        what, wait = self._named(call), pause or self._retry.wait

        def begin() -> tuple[T, Generator[T, None, None]]:
            values = self._events(call, what, parse, wait)
            for first in values:
                return first, values
            raise BadReply(f"{what}: the answer is no stream of events")

        with self._safe():
            first, rest = self._circuit.watch(lambda: self._retry.call(begin, wait))
            with closing(rest):
                yield first
                yield from rest

    def close(self) -> None:
        """Close the connections and the ledger; harmless if there are none."""
        if client := self._client.take():
            client.close()
        self._turns.close()

    def _named(self, call: Call) -> str:
        return f"{call.what} to {urlsplit(self.root).hostname}"

    @contextmanager
    def _safe(self) -> Iterator[None]:
        """No error shows a secret or moves a cursor."""
        try:
            yield
        except BackendError as error:
            self._secrets.safe(error)
            raise

    def _fault(self, reply: Reply, what: str, call: Call) -> BackendError:
        now_s = self._clock()
        return fault(reply, what, now_s, hidden=self._secrets.hidden, optional=call.optional)

    def _kept(self, reply: Reply) -> Reply:
        """An answer without the key: what echoes it must not be kept as a transcript either."""
        if reply.media_type.startswith("audio/"):
            return reply
        text = reply.content.decode("utf-8", "surrogateescape")
        clean = without_secrets(text, self._own)
        return (
            reply
            if clean == text
            else replace(reply, content=clean.encode(errors="surrogateescape"))
        )

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
        with self._turn(call, pause) as replied:
            with mapped(what), self._answered(call, what, pause) as answer:
                reply = answer.head
                if reply.status not in _ANSWERS or reply.media_type != "text/event-stream":
                    reply = answer.whole()
                if not reply.is_good or told_in(reply):
                    refused = reply
                elif reply.content or reply.status not in _ANSWERS:  # a server without streams
                    _check_status(reply, what)
                    yield parse(self._kept(reply).exact_text())
                else:
                    pace = Pace(self._timeouts.idle_s)
                    for data in data_of(pace.watch(answer.pieces())):
                        pace.came()
                        if '"usage"' in data:
                            reply = replace(reply, content=data.encode())
                        yield parse(without_secrets(data, self._own))
            replied(reply)
        if refused:
            raise self._fault(refused, what, call)

    @contextmanager
    def _answered(self, call: Call, what: str, pause: Pause) -> Iterator[Answer]:
        """The answer to a request, redirects on the same server followed."""
        url = self.root + call.path + self._query

        def look() -> None:
            pause(0.0, Waiting(0.0, what))

        for _ in range(_MOST_HOPS + 1):
            request = self._request(call, url)
            with exchange(self._client.get(), request, self._bounds(call), look) as answer:
                head = answer.head
                target = onward(url, head.status, head.headers.get("location", ""), call.method)
                if target is None:
                    yield answer
                    return
                url = target
        raise RejectedRequest(f"more than {_MOST_HOPS} redirects; check the base URL")

    def _request(self, call: Call, url: str) -> httpx.Request:
        files: list[tuple[str, Any]] = [(name, (None, value)) for name, value in call.fields]
        if call.file:
            files.append(("file", call.file))
        return self._client.get().build_request(
            call.method, url, files=files or None, json=call.json
        )

    def _bounds(self, call: Call) -> Bounds:
        total_s = self._timeouts.total_s or call.total_s
        return Bounds(call.max_bytes, total_s, self._timeouts.idle_s, grace_s=_GRACE_S)

    def _made(self) -> httpx.Client:
        client = new_client(self._timeouts)
        if self._key and is_azures(self.root):
            client.headers["api-key"] = self._key
        elif self._key:
            client.headers["Authorization"] = f"Bearer {self._key}"
        return client


_OVERLOADED = (498, 502, 503, 504)
"""Answers of a server, or of a proxy before it, that has too much to do."""


def _check_status(reply: Reply, what: str) -> None:
    if reply.status not in _ANSWERS:
        raise RejectedRequest(f"{what}: {reply.status} is no answer: {reply.text[:200]}")


def _size(call: Call) -> float:
    return max(1.0, call.cost.audio_s)


def _checked(api_key: str | None) -> str:
    key = (api_key or "").strip()
    if not re.fullmatch(r"[!-~]*", key):
        raise AuthError("the API key has a space or a foreign character in it: copy it anew")
    return key
