"""Processes of this machine, as an engine: each loads its models once.

On Linux they are forks of one process that has imported what all of them need and runs no thread,
so that to begin one takes a hundredth of a second; elsewhere each is an interpreter of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib.util import find_spec
from multiprocessing.managers import SyncManager
from threading import Lock, Thread, Timer
from typing import Any, Self, TypeVar

from audiopipe.concurrency import Died
from audiopipe.engines.machine import processes, this_machine
from audiopipe.settings import Settings

T = TypeVar("T")
R = TypeVar("R")


_METHOD = "forkserver" if sys.platform == "linux" else "spawn"
_WORK = "audiopipe.workflows.cluster.node"
_EMBEDDED = ("faster_whisper", "audiopipe.backends.local.hear")
"""What the embedded engine needs, and what imports that."""

_GRACE_S = 2.0


class Processes:
    """See `Executor`. When one process dies, so do the others, and new ones are begun.

    Args:
        slots: how many.
        needed: modules that all of them import.
    """

    def __init__(self, slots: int, needed: Sequence[str] = ()) -> None:
        self.slots = slots
        self._context: Any = multiprocessing.get_context(_METHOD)
        self._context.set_forkserver_preload([*needed])
        self._manager = SyncManager(ctx=self._context)
        self._manager.start(_end_with_parent)
        self._lock = Lock()
        self._pool = self._made()

    def submit(self, work: Callable[[T], R], item: T) -> Future[R]:
        done: Future[R] = Future()
        with self._lock:
            try:
                inner = self._pool.submit(work, item)
            except BrokenProcessPool:
                self._pool.shutdown(wait=False)
                self._pool = self._made()
                inner = self._pool.submit(work, item)
        done.set_running_or_notify_cancel()
        inner.add_done_callback(lambda each: _pass_on(each, done))
        return done

    def channel(self, hear: Callable[[Any], None]) -> Callable[[Any], None]:
        queue = self._manager.Queue()

        def listen() -> None:
            try:
                while True:
                    hear(queue.get())
            except (EOFError, OSError):
                return  # the manager has ended

        Thread(target=listen, name="audiopipe-channel", daemon=True).start()
        return queue.put

    def signal(self) -> Any:
        return self._manager.Event()

    def check(self) -> None:
        """This machine is there."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._manager.shutdown()

    def _made(self) -> ProcessPoolExecutor:
        share = max(1, this_machine().cores // self.slots)
        environment = {**os.environ, "OMP_NUM_THREADS": str(share)}
        return ProcessPoolExecutor(self.slots, self._context, _begin, (environment,))


def opened(on: str, settings: Settings) -> Processes:
    """The engine."""
    return Processes(processes(this_machine(), settings.slots), _modules(settings))


def _modules(settings: Settings) -> tuple[str, ...]:
    engine, module = _EMBEDDED
    embedded = settings.backend in ("auto", "local") and find_spec(engine) is not None
    return (_WORK, module) if embedded else (_WORK,)


def _begin(environment: dict[str, str]) -> None:
    """The environment of whoever began us is ours, but for our share of cores: whom we are forked
    from may have been begun under another one. What is under way has a while to end."""
    _end_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: Timer(_GRACE_S, os._exit, (143,)).start())
    os.environ.clear()
    os.environ.update(environment)


def _end_with_parent() -> None:
    """Whoever began us may be killed: then nobody is left to end us. In order it ends us itself,
    whatever signal all of us get."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, name="audiopipe-parent", daemon=True).start()


def _pass_on(inner: Future[R], done: Future[R]) -> None:
    if inner.cancelled():
        done.set_exception(Died("cancelled"))
    elif isinstance(error := inner.exception(), BrokenProcessPool):
        done.set_exception(Died("its process died"))
    elif error:
        done.set_exception(error)
    else:
        done.set_result(inner.result())
