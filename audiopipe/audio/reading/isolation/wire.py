"""Messages between us and a decoder process.

Each has a head of fixed size. It tells of a block of samples, which goes another way (`ring`), or
how many bytes of JSON follow; files may come with these.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_HEAD = struct.Struct("!cIIB")
_FACTS, _PLACE = b"{", b"["

_MOST_BYTES = 1 << 26
"""No message is longer: whoever is at the other end may have lost its mind."""


class Gone(Exception):
    """The other end is closed, or says what cannot be."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block lies, channel by channel, in the slot of that number."""

    frames: int
    channels: int
    slot: int


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked about a file: to `open` it, as `open_reader` wants it, its `chapters`, or its
    `tags`."""

    what: str
    name: str
    track: int | None = None
    raw: str | None = None


class Link:
    """One end of the line.

    Args:
        line: a connected stream socket; if it has a time-out, `waits` is called after each in which
            nothing came, and ends the wait by raising.
    """

    def __init__(self, line: socket.socket, waits: Callable[[], None] = lambda: None) -> None:
        self._line = line
        self._waits = waits

    def send(self, facts: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send facts and open files.

        Raises:
            Gone: nobody is there.
        """
        body = json.dumps(facts).encode()
        message = _HEAD.pack(_FACTS, len(body), 0, 0) + body
        try:
            sent = socket.send_fds(self._line, [message], descriptors)
            self._line.sendall(message[sent:])
        except OSError as error:
            raise Gone from error

    def point(self, places: Iterable[Place]) -> None:
        """Tell of blocks.

        Raises:
            Gone: nobody is there.
        """
        heads = (_HEAD.pack(_PLACE, place.frames, place.channels, place.slot) for place in places)
        try:
            self._line.sendall(b"".join(heads))
        except OSError as error:
            raise Gone from error

    def receive(self) -> dict[str, Any] | Place:
        """The next facts or block.

        Raises:
            Gone: there are none.
        """
        return self._message(self._exactly(_HEAD.size))

    def receive_with_file(self) -> tuple[dict[str, Any] | Place, int | None]:
        """The next facts, and the descriptor that came with them, which is now ours.

        Raises:
            Gone: there are none.
        """
        try:
            head, descriptors, _, _ = socket.recv_fds(self._line, _HEAD.size, 1)
        except OSError as error:
            raise Gone from error
        if not head:
            raise Gone
        head += self._exactly(_HEAD.size - len(head))
        return self._message(head), next(iter(descriptors), None)

    def close(self) -> None:
        self._line.close()

    def forget(self) -> None:
        """Close our copy of the line after a fork, whoever may be using it."""
        os.close(self._line.detach())

    def _message(self, head: bytes) -> dict[str, Any] | Place:
        kind, size, channels, slot = _HEAD.unpack(head)
        if kind == _PLACE:
            return Place(size, channels, slot)
        if kind != _FACTS or size > _MOST_BYTES:
            raise Gone
        try:
            facts: dict[str, Any] = json.loads(self._exactly(size))
        except ValueError as error:
            raise Gone from error
        return facts

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                part = self._line.recv(size - len(data))
            except TimeoutError:
                self._waits()
                continue
            except OSError as error:
                raise Gone from error
            if not part:
                raise Gone
            data += part
        return data
