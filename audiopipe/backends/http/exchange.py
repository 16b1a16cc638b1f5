"""One request and its answer, in a thread of their own: whoever waits for it can always leave.

A read from a socket, a look-up of a name or a handshake cannot be interrupted. So they happen
elsewhere, and the caller takes what has come from a queue, looks ten times a second whether it
shall go on, and gives up at its deadlines. What is left behind hangs up as soon as it wakes.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

from audiopipe.backends.http.reply import Reply
from audiopipe.backends.http.unpack import unpacked
from audiopipe.errors import BadReply, ServerFault, Stopped

if TYPE_CHECKING:
    import httpx

_LOOK_S = 0.1
"""How often a caller looks whether it shall go on."""

_READY = 16
"""Pieces that may wait for the caller."""

_MOST_REFUSAL_BYTES = 1 << 16
"""Of the body of a refusal: nobody reads more of it."""

_PACE_S = 60.0
"""The time over which a least pace is measured."""


class Unanswered(ServerFault):
    """No whole answer in time: the server may have worked, and may bill it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an answer may take.

    Attributes:
        max_bytes: of its body, unpacked.
        total_s: seconds from the first byte of the request to the last of the answer.
        idle_s: seconds between two pieces of the answer.
        least_per_s: bytes a second, on average over a minute, below which it is given up.
        grace_s: seconds that an answer under way still has once its run is to stop: it is paid.
    """

    max_bytes: int
    total_s: float
    idle_s: float = 120.0
    least_per_s: float = 0.0
    grace_s: float = 0.0


class Answer:
    """An answer that is coming in.

    Attributes:
        head: its status and headers, without the body.
    """

    def __init__(self, head: Reply, pieces: Iterator[bytes]) -> None:
        self.head = head
        self._pieces = pieces

    def pieces(self) -> Iterator[bytes]:
        """The body, unpacked, as it comes; bounded.

        Raises:
            BadReply: longer than it may be, or garbled.
            Unanswered: no progress, or not whole in time.
        """
        return self._pieces

    def whole(self) -> Reply:
        """The answer with its body; of a refusal only the beginning of it. Raises as `pieces`."""
        if self.head.is_good:
            content = b"".join(self._pieces)
        else:
            content = b""
            with suppress(BadReply):
                for piece in self._pieces:
                    content += piece
                    if len(content) > _MOST_REFUSAL_BYTES:
                        break
        return Reply(self.head.status, self.head.headers, content)


@contextmanager
def exchange(
    client: httpx.Client, request: httpx.Request, bounds: Bounds, look: Callable[[], object]
) -> Iterator[Answer]:
    """Send a request; the answer comes in inside the context.

    Args:
        client: its own timeouts hold too.
        request: what is sent.
        bounds: of the answer.
        look: called ten times a second while waiting; what it raises ends all.

    Raises:
        httpx.HTTPError: as the client raises it.
        Unanswered: no answer in time.
    """
    line = _Line(bounds, look)
    line.check()
    Thread(target=line.run, args=(client, request), name="audiopipe-http", daemon=True).start()
    try:
        head = line.next(bounds.total_s)
        assert isinstance(head, Reply)
        pieces = unpacked(line.pieces(), head.headers.get("content-encoding", ""))
        yield Answer(head, _bounded(pieces, bounds))
    finally:
        line.hang_up()


class _Line:
    """What the thread of a request and its caller share."""

    def __init__(self, bounds: Bounds, look: Callable[[], object]) -> None:
        self._bounds, self._look = bounds, look
        self._until_s = time.monotonic() + bounds.total_s
        self._come: Queue[Reply | bytes | BaseException | None] = Queue(_READY)
        self._left = Event()
        self._grace_until_s = 0.0
        self._response: httpx.Response | None = None

    def run(self, client: httpx.Client, request: httpx.Request) -> None:
        """The thread: hands over the head, the pieces, and None or what went wrong."""
        try:
            self._response = client.send(request, stream=True)
            with closing(self._response) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                self._hand(Reply(response.status_code, headers, b""))
                for piece in response.iter_raw():
                    if not self._hand(piece):
                        return
            self._hand(None)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._hand(error)

    def check(self) -> None:
        """Whether to begin at all."""
        try:
            self._look()
        except Stopped as wish:
            if not wish.gently:
                raise

    def next(self, within_s: float) -> Reply | bytes | None:
        """What comes next; None at the end."""
        began_s = time.monotonic()
        while True:
            self._go_on()
            with suppress(Empty):
                came = self._come.get(timeout=_LOOK_S)
                if isinstance(came, BaseException):
                    raise came
                return came
            now_s = time.monotonic()
            if now_s > self._until_s:
                raise Unanswered(f"no whole answer within {self._bounds.total_s:g} s")
            if now_s - began_s > within_s:
                raise Unanswered(f"the answer stands still for {within_s:g} s")

    def pieces(self) -> Iterator[bytes]:
        began_s, size = time.monotonic(), 0
        # some servers send the head at once, and work afterwards
        within_s = self._bounds.total_s
        while (piece := self.next(within_s)) is not None:
            within_s = self._bounds.idle_s
            assert isinstance(piece, bytes)
            now_s, size = time.monotonic(), size + len(piece)
            if now_s > self._until_s:
                raise Unanswered(f"no whole answer within {self._bounds.total_s:g} s")
            if now_s - began_s > _PACE_S:
                if size < self._bounds.least_per_s * _PACE_S:
                    raise Unanswered(f"only {size} bytes came in {_PACE_S:g} s")
                began_s, size = now_s, 0
            self._go_on()
            yield piece

    def _go_on(self) -> None:
        """Whether it is to: raises if not, at once or after the grace."""
        try:
            self._look()
        except Stopped as wish:
            if wish.gently:
                return
            now_s = time.monotonic()
            self._grace_until_s = self._grace_until_s or now_s + self._bounds.grace_s
            if now_s >= self._grace_until_s:
                raise

    def hang_up(self) -> None:
        """Nobody waits any more: wake the thread, if it can be woken, and let it end."""
        self._left.set()
        response = self._response
        if response is None or response.is_closed:
            return
        connection = response.extensions["network_stream"].get_extra_info("socket")
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _hand(self, item: Reply | bytes | BaseException | None) -> bool:
        """Give it to the caller; False if that one has left."""
        while not self._left.is_set():
            with suppress(Full):
                self._come.put(item, timeout=_LOOK_S)
                return True
        return False


class Pace:
    """Events that come and tell nothing are no progress, once the first has told something."""

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s
        self._came_s: float | None = None

    def came(self) -> None:
        """An event with data is here."""
        self._came_s = time.monotonic()

    def watch(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces, as long as there is progress."""
        for piece in pieces:
            if self._came_s and time.monotonic() - self._came_s > self._idle_s:
                raise Unanswered(f"nothing but signs of life for {self._idle_s:g} s")
            yield piece


def _bounded(pieces: Iterator[bytes], bounds: Bounds) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > bounds.max_bytes:
            raise BadReply(f"the answer is longer than {bounds.max_bytes / 1e6:.1f} MB: not read")
        yield piece
