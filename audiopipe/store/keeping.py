"""What every keeper of answers does: nobody asks for what is kept, or what another asks for."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from typing import Self, TypeVar

from audiopipe.errors import BackendError
from audiopipe.store.claims import Wait
from audiopipe.store.tables import Kind
from audiopipe.values.audio import Origin

T = TypeVar("T")


class Answers(ABC):
    """Answers by key, wherever they are kept; a context that closes them.

    Args:
        refresh: whether answers of earlier runs are asked for anew, and replaced.
    """

    def __init__(self, *, refresh: bool = False) -> None:
        self._refresh = refresh
        self._fresh: set[bytes] = set()

    @abstractmethod
    def get(self, key: bytes) -> bytes | None:
        """The answer kept under `key`; None if there is none, or it cannot be read."""

    @abstractmethod
    def put(self, key: bytes, kind: Kind, answer: bytes, origin: Origin | None = None) -> None:
        """Keep an answer; once this returns, neither kill -9 nor a power cut loses it.

        If it cannot be written, it is held and written later.

        Args:
            key: see `key`.
            kind: what it is an answer to.
            answer: the reply as the backend gave it: JSON text, or audio.
            origin: the recording that it is about.
        """

    @abstractmethod
    def claim(
        self, key: bytes, wait: Wait = time.sleep, kind: Kind = "transcript"
    ) -> AbstractContextManager[None]:
        """Keep everybody else who shares the answers from asking for one meanwhile.

        Args:
            key: of the answer.
            wait: see `Claims.on`.
            kind: what it is an answer to, which tells how much room it may need.
        """

    @abstractmethod
    def note(self, key: bytes, origin: Origin) -> None:
        """The answer is about this recording."""

    @abstractmethod
    def close(self) -> None:
        """Write what is held, and close what was opened. Closing twice is harmless."""

    @abstractmethod
    def settle(self, origins: Iterable[Origin] = ()) -> None:
        """The refresh has come to its end: the next one asks for all of it anew. One that was
        broken off is gone on with.

        Args:
            origins: recordings of which other processes have refreshed the answers for this run.
        """

    def is_stale(self, key: bytes) -> bool:
        """Whether the answer is to be asked for anew."""
        return self._refresh and key not in self._fresh

    def refreshed(self, key: bytes) -> None:
        """The answer is of this run, if that matters: a server's run goes on for months."""
        if self._refresh:
            self._fresh.add(key)

    def answer(
        self,
        key: bytes,
        kind: Kind,
        ask: Callable[[], bytes],
        read: Callable[[bytes], T],
        *,
        wait: Wait = time.sleep,
        origin: Origin | None = None,
    ) -> tuple[T, bool]:
        """What the kept answer says, or else the one that is asked for now and kept.

        Whoever wants the same at the same time, here or in another process, waits for the one that
        asks for it, and asks if that one fails or dies. A kept answer that cannot be read, as it
        is of an older version, is asked for again.

        Args:
            key, kind, origin: see `put`.
            ask: gives the answer.
            read: what an answer says; raises `BackendError` if it is not one, which is not kept.
            wait: see `Claims.on`.

        Returns:
            What it says, and whether it was kept before.
        """
        if known := self._known(key, read, origin):
            return known[0], True
        with self.claim(key, wait, kind):
            if known := self._known(key, read, origin):
                return known[0], True
            answer = ask()
            said = read(answer)
            self.put(key, kind, answer, origin)
        return said, False

    def _known(
        self, key: bytes, read: Callable[[bytes], T], origin: Origin | None
    ) -> tuple[T] | None:
        """What the kept answer says, if there is one that can be read."""
        with suppress(BackendError):
            if (answer := self.get(key)) is not None:
                said = read(answer)
                if origin:
                    self.note(key, origin)
                return (said,)
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
