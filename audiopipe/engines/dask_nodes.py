"""Which nodes of a Dask cluster may work: those that have this version of audiopipe.

Nodes come and go while a run goes on. Each is asked when it is first seen, and each piece of work
looks before it is unpacked, as another version may not even be able to unpack it. A node of another
version is sent away, and what it was given goes to others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from audiopipe._version import __version__

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
R = TypeVar("R")

_LOGGER = logging.getLogger("audiopipe")


@dataclass(frozen=True, slots=True)
class Other:
    """Work that was not done: the node at this address has another version, or none."""

    node: str
    version: str

    def __str__(self) -> str:
        return (
            f"the node {self.node} has audiopipe {self.version}, this is {__version__}: install "
            "the same on both"
        )


class Nodes:
    """Those of a cluster.

    Args:
        client: of the cluster.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._threads: dict[str, int] = {}
        self._fit: set[str] = set()
        self._asked: set[str] = set()
        self._refused: set[str] = set()
        self._lock = Lock()

    @property
    def slots(self) -> int:
        """Recordings at once, on all that are fit."""
        return sum(slots for node, slots in self._threads.items() if node in self._fit)

    def look(self) -> bool:
        """See who is there; whether somebody is new.

        Raises:
            Exception: whatever the client raises where the scheduler does not answer.
        """
        self._threads = dict(self._client.nthreads())
        self._fit &= self._threads.keys()
        return bool(self._new())

    def ask(self) -> list[Other]:
        """Ask those that are new for their version; the others of them, as far as they answer."""
        new = self._new()
        self._asked |= new
        try:
            told = {"workers": list(new), "on_error": "ignore"}
            versions = self._client.run(version_here, **told) if new else {}
        finally:
            self._asked -= new
        self._fit |= {node for node, version in versions.items() if version == __version__}
        return [Other(*each) for each in versions.items() if each[1] != __version__]

    def admit(self) -> None:
        """Ask those that are new, and send those away that are of another version."""
        try:
            for other in self.ask():
                self.refuse(other)
        except Exception as error:  # noqa: BLE001 - they are asked again at the next look
            _LOGGER.debug("new nodes do not answer: %r", error)

    def refuse(self, other: Other) -> None:
        """Send one away; it is gone, or takes nothing more, when this returns."""
        with self._lock:
            if other.node not in self._refused:
                self._refused.add(other.node)
                _LOGGER.warning("%s; it gets no work", other)
                self._send_away(other)

    def _new(self) -> set[str]:
        return self._threads.keys() - self._fit - self._asked - self._refused

    def _send_away(self, other: Other) -> None:
        told = {"workers": [other.node], "nanny": True, "on_error": "ignore"}
        try:
            # what it holds is moved while it is there
            self._client.retire_workers([other.node], close_workers=False, remove=False)
            if not self._client.run(send_away, str(other), **told):
                self._client.retire_workers([other.node])
        except Exception as error:  # noqa: BLE001 - of a node that leaves just now
            _LOGGER.debug("%s could not be sent away in order: %r", other.node, error)


def _sent(function: F) -> F:
    """Sent as its code, and not as its name: a node may have another of this module, or none."""
    function.__module__ = "__main__"
    return function


@_sent
def version_here() -> str:
    """Of a node."""
    try:
        from audiopipe._version import __version__ as here
    except ImportError as error:
        return f"none that can be used ({error})"
    return here


@_sent
def send_away(why: str, dask_worker: Any) -> bool:
    """End the process that keeps a node's workers, as the user of that machine would."""
    import os
    import signal

    dask_worker.refused = why
    os.kill(os.getpid(), signal.SIGTERM)
    return True


@_sent
def checked(version: str, packed: bytes, version_here: Callable[[], str]) -> tuple[str, Any]:
    """What work gives, and the version that gives it; of another version the node's address."""
    from distributed import get_worker
    from distributed.protocol import pickle

    here = version_here()
    if here != version:
        return here, get_worker().address
    work, item = pickle.loads(packed)  # type: ignore[no-untyped-call]
    return here, work(item)


def packed(work: Callable[[T], R], item: T) -> bytes:
    """For `checked`."""
    from distributed.protocol import pickle

    data: bytes = pickle.dumps((work, item))  # type: ignore[no-untyped-call]
    return data
