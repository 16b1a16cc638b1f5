"""Dask, as an engine: a cluster of processes on this machine, or a scheduler with its workers.

A scheduler and its workers run whatever code they are sent: they belong in a private network, and
behind TLS with certificates that only their users have.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from threading import Thread
from typing import Any, Self, TypeVar

from audiopipe._version import __version__
from audiopipe.concurrency import Died
from audiopipe.engines.dask_nodes import Nodes, Other, checked, packed, version_here
from audiopipe.engines.machine import this_machine
from audiopipe.errors import ClusterLost, UsageError
from audiopipe.settings import Settings

T = TypeVar("T")
R = TypeVar("R")

_LOGGER = logging.getLogger("audiopipe")

LOST_S = 15.0
"""So long a scheduler may not answer before it is taken for dead."""
SLOTS = 4
"""Recordings at once in a process: while one is decoded, the others wait for answers."""
_GOES_ON = "what was under way ends on its nodes; the same command goes on"
_CONNECT_S = 5.0
_LOOK_S = 2.0


class Dask:
    """See `Executor`.

    Args:
        address: of the scheduler, or None for processes of this machine.
        slots: of those.
        security: certificates; None for none.

    Raises:
        UsageError: it is not installed, or nobody answers there.
    """

    def __init__(self, address: str | None, slots: int, security: Any = None) -> None:
        self._stack = ExitStack()
        with quiet():
            try:
                self._client = self._connected(address, slots, security)
            except (OSError, TimeoutError, ValueError) as error:
                self._stack.close()
                where = address or "this machine"
                raise UsageError(f"no Dask scheduler answers at {where}: {error}") from error
        self._seen_s, self._nodes = time.monotonic(), Nodes(self._client)
        self._meet()
        Thread(target=self._watch, name="audiopipe-watchdog", daemon=True).start()

    @property
    def slots(self) -> int:
        return max(1, self._nodes.slots)

    def submit(self, work: Callable[[T], R], item: T) -> Future[R]:
        done: Future[R] = Future()
        self._submit(packed(work, item), done)
        return done

    def _submit(self, work: bytes, done: Future[Any]) -> None:
        told = (__version__, work, version_here)
        try:
            inner = self._client.submit(checked, *told, pure=False, retries=0)
        except Exception as error:
            if self._client.status == "running":
                raise
            raise ClusterLost(f"the Dask scheduler is gone: {_GOES_ON}") from error
        inner.add_done_callback(lambda each: self._pass_on(each, done, work))

    def _pass_on(self, inner: Any, done: Future[Any], work: bytes) -> None:
        from distributed import KilledWorker

        if inner.status == "finished":
            version, given = inner.result()
            if version == __version__:
                done.set_result(given)
            else:  # in a thread of its own, as all other outcomes would wait behind it
                unfit = (Other(given, version), done, work)
                Thread(target=self._elsewhere, args=unfit, daemon=True).start()
            return
        error = None if inner.status == "cancelled" else inner.exception()
        if error is None or isinstance(error, KilledWorker):
            error = Died("its process died" if error else "its node was lost")
        done.set_exception(error)

    def _elsewhere(self, other: Other, done: Future[Any], work: bytes) -> None:
        """Work that a node could not do for its version is done by others, without that node."""
        try:
            self._nodes.refuse(other)
            self._submit(work, done)
        except Exception as error:  # noqa: BLE001 - told to whoever waits for the work
            done.set_exception(error)

    def channel(self, hear: Callable[[Any], None]) -> Callable[[Any], None]:
        topic = _new_name()
        self._client.subscribe_topic(topic, lambda event: hear(event[1]))
        return _Topic(topic)

    def signal(self) -> Any:
        from distributed import Event

        return Event(_new_name(), client=self._client)  # type: ignore[no-untyped-call]

    def check(self) -> None:
        silent_s = time.monotonic() - self._seen_s
        if silent_s > LOST_S or self._client.status == "closed":
            raise ClusterLost(
                f"the Dask scheduler has not answered for {silent_s:.0f} s: {_GOES_ON}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        # a scheduler that is dead is not waited for
        closing = Thread(target=self._close, daemon=True)
        closing.start()
        closing.join(_CONNECT_S if time.monotonic() - self._seen_s < LOST_S / 2 else 0.5)

    def _close(self) -> None:
        try:
            self._stack.close()
        except Exception as error:  # noqa: BLE001 - of a scheduler that is gone
            _LOGGER.debug("the cluster could not be left in order: %r", error)

    def _connected(self, address: str | None, slots: int, security: Any) -> Any:
        try:
            from distributed import Client, LocalCluster
        except ImportError as error:
            raise UsageError("--on dask: pip install 'audiopipe[dask]'") from error
        enter = self._stack.enter_context
        if address is None:
            cores = this_machine().cores
            workers = min(cores, slots or cores)
            address = enter(
                LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=workers,
                    threads_per_worker=-(-slots // workers) if slots else SLOTS,
                    env={**os.environ, "OMP_NUM_THREADS": str(cores // workers)},
                    processes=True,
                    dashboard_address="127.0.0.1:0",  # none at all warns of a port in use
                    silence_logs=logging.CRITICAL,
                )
            ).scheduler_address
        return enter(Client(address, security=security, timeout=_CONNECT_S))  # type: ignore[no-untyped-call]

    def _meet(self) -> None:
        """See who is there at first.

        Raises:
            UsageError: a node has another version: it may be at work for others.
        """
        others: list[Other] = []
        self._look()
        asking = Thread(target=lambda: others.extend(self._nodes.ask()), daemon=True)
        asking.start()
        asking.join(_CONNECT_S)
        if others:
            self._stack.close()
            raise UsageError(str(others[0]))

    def _watch(self) -> None:
        """Look every while whether the scheduler answers, and who works."""
        while self._client.status != "closed":
            if self._look():
                Thread(target=self._nodes.admit, name="audiopipe-nodes", daemon=True).start()
            time.sleep(_LOOK_S)

    def _look(self) -> bool:
        """Whether somebody is there who was not asked yet."""
        try:
            has_new = self._nodes.look()
            self._seen_s = time.monotonic()
        except Exception as error:  # noqa: BLE001 - whatever it is, `check` tells of it in time
            _LOGGER.debug("the scheduler does not answer: %r", error)
            return False
        return has_new


class _Topic:
    """Tells the driver through the scheduler."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, message: Any) -> None:
        from distributed import get_worker

        get_worker().log_event(self._name, message)


class quiet:  # noqa: N801 - a context, as those of contextlib
    """Keeps what the library logs from the terminal: it is told in our words."""

    def __enter__(self) -> None:
        import dask
        import distributed

        named = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
        for name in (distributed.__name__, *named, "tornado.application", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        dask.config.set(worker_settings())

    def __exit__(self, *error: object) -> None:
        """What was set holds for the process."""


def worker_settings() -> dict[str, Any]:
    """Settings of Dask for processes that work.

    MALLOC_TRIM_THRESHOLD_ is not set, which Dask sets to 64 KB: that turns off the growing
    threshold of glibc's malloc, and costs half as much CPU again where samples are decoded.
    """
    return {
        "distributed.nanny.pre-spawn-environ": {},
        "distributed.scheduler.allowed-failures": 0,  # `spread` tries again
        "distributed.comm.timeouts.connect": f"{_CONNECT_S:g}s",
        "distributed.comm.retry.count": 2,
        "distributed.worker.daemon": False,  # decoders are processes of their own
    }


def opened(on: str, settings: Settings) -> Dask:
    """The engine: `dask`, or `dask://HOST:PORT`."""
    place = on.partition("://")[2]
    if not place:
        return Dask(None, settings.slots)
    scheme = "tls" if settings.tls_ca else "tcp"
    return Dask(f"{scheme}://{place}", 0, security_of(settings))


def security_of(settings: Settings) -> Any:
    """The certificates that the settings name; None where they name none.

    Raises:
        UsageError: a part of them is missing.
    """
    if not settings.tls_ca:
        return None
    if not settings.tls_cert:
        raise UsageError("--tls-ca needs --tls-cert, and --tls-key if the key is not in it")
    from distributed.security import Security

    cert, key = settings.tls_cert, settings.tls_key or settings.tls_cert
    sides = {
        f"tls_{side}_{what}": path
        for side in ("client", "worker", "scheduler")
        for what, path in (("cert", cert), ("key", key))
    }
    return Security(tls_ca_file=settings.tls_ca, require_encryption=True, **sides)  # type: ignore[no-untyped-call]


def _new_name() -> str:
    """The scheduler knows by it: two runs of one engine may not see each other's end."""
    return f"audiopipe-{uuid.uuid4().hex}"
