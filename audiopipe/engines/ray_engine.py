"""Ray, as an engine: a cluster on this machine, or one that runs elsewhere."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Thread
from typing import Any, Self, TypeVar

from audiopipe.concurrency import Died
from audiopipe.engines.machine import this_machine
from audiopipe.errors import ClusterLost, UsageError
from audiopipe.settings import Settings

T = TypeVar("T")
R = TypeVar("R")

SLOTS = 4
_LOOK_S = 0.25
_LOST_S = 15.0


class Ray:
    """See `Executor`.

    Args:
        address: of a cluster, or None for one of this machine.
        slots: recordings at once on that.

    Raises:
        UsageError: it is not installed, or nobody answers there.
    """

    def __init__(self, address: str | None, slots: int) -> None:
        try:
            import ray
        except ImportError as error:
            raise UsageError("--on ray: pip install 'audiopipe[ray]'") from error
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        self._ray: Any = ray  # whose types depend on whether it is installed
        self._ended = Event()
        more: dict[str, Any] = {"address": address}
        if address is None:
            more |= {"num_cpus": slots, "include_dashboard": False}
        try:
            ray.init(
                logging_level=logging.CRITICAL,
                log_to_driver=False,
                configure_logging=False,
                ignore_reinit_error=True,
                **more,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise UsageError(f"no Ray cluster answers at {address}: {error}") from error
        self._mail: Any = ray.remote(num_cpus=0)(_Mail).remote()
        self._call: Any = ray.remote(max_retries=0)(_called)
        self._seen_s = time.monotonic()
        self._hear: Callable[[Any], None] | None = None
        self._thread = Thread(target=self._listen, name="audiopipe-channel", daemon=True)
        self._thread.start()

    @property
    def slots(self) -> int:
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def submit(self, work: Callable[[T], R], item: T) -> Future[R]:
        done: Future[R] = Future()
        begun = self._call.remote(work, item)
        begun.future().add_done_callback(lambda inner: self._pass_on(inner, done))
        return done

    def channel(self, hear: Callable[[Any], None]) -> Callable[[Any], None]:
        self._hear = hear
        return _Letter(self._mail)

    def signal(self) -> Any:
        return _Flag(self._mail)

    def check(self) -> None:
        silent_s = time.monotonic() - self._seen_s
        if silent_s > _LOST_S:
            raise ClusterLost(
                f"the Ray cluster has not answered for {silent_s:.0f} s: the same command goes on"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join(2 * _LOOK_S)
        self._ray.shutdown()

    def _listen(self) -> None:
        while not self._ended.wait(_LOOK_S):
            try:
                letters = self._ray.get(self._mail.taken.remote(), timeout=_LOST_S)
            except Exception as error:  # noqa: BLE001 - whatever it is, `check` tells of it in time
                logging.getLogger("audiopipe").debug("Ray does not answer: %r", error)
                continue
            self._seen_s = time.monotonic()
            if self._hear:
                for letter in letters:
                    self._hear(letter)

    def _pass_on(self, inner: Future[Any], done: Future[Any]) -> None:
        errors = self._ray.exceptions
        error = inner.exception()
        if isinstance(error, errors.WorkerCrashedError | errors.NodeDiedError):
            done.set_exception(Died("its process died"))
        elif error:
            done.set_exception(getattr(error, "cause", None) or error)
        else:
            done.set_result(inner.result())


def _called(work: Callable[[T], R], item: T) -> R:
    return work(item)


class _Mail:
    """An actor: what nodes tell until the driver asks, and whether the run has ended."""

    def __init__(self) -> None:
        self._letters: list[Any] = []
        self._is_set: set[str] = set()

    def put(self, letter: Any) -> None:
        self._letters.append(letter)

    def taken(self) -> list[Any]:
        taken, self._letters = self._letters, []
        return taken

    def set(self, name: str) -> None:
        self._is_set.add(name)

    def is_set(self, name: str) -> bool:
        return name in self._is_set


class _Letter:
    """Tells the driver."""

    def __init__(self, mail: Any) -> None:
        self._mail = mail

    def __call__(self, message: Any) -> None:
        self._mail.put.remote(message)


class _Flag:
    """A flag of a run, by its name."""

    def __init__(self, mail: Any) -> None:
        self._mail, self._name = mail, os.urandom(8).hex()

    def set(self) -> None:
        self._mail.set.remote(self._name)

    def is_set(self) -> bool:
        import ray

        return bool(ray.get(self._mail.is_set.remote(self._name)))


def opened(on: str, settings: Settings) -> Ray:
    """The engine: `ray`, or `ray://HOST:PORT`."""
    return Ray(on if "://" in on else None, settings.slots or this_machine().cores * SLOTS)
