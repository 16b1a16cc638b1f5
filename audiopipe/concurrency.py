"""Work done at the same time, results in order, never more held than is needed."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import partial
from queue import SimpleQueue
from threading import Event, Lock, Semaphore, Thread
from typing import Any, Generic, Protocol, Self, TypeVar, runtime_checkable
from weakref import WeakValueDictionary, ref

from audiopipe.errors import Stopped

T = TypeVar("T")
R = TypeVar("R")


def ordered_map(
    work: Callable[[T], R],
    items: Iterable[T],
    *,
    workers: int,
    chain: Callable[[T], Hashable | None] = lambda _: None,
) -> Iterator[R]:
    """`work` of each item, in the items' order, done by `workers` threads.

    Items are taken as they are needed: one more than there are workers may wait or be under way,
    and while the first is slow, eight results for each worker wait behind it. If the caller stops
    early, or `work` or `items` raises, what has not begun is cancelled and what is under way is
    waited for.

    Args:
        work: called in threads.
        items: read in the caller's thread.
        workers: >= 1.
        chain: what an item has in common with those that are done one after another, each when
            the one before has ended, well or not; None for an item that waits for no other.
    """
    pending: deque[Future[R]] = deque()
    last: WeakValueDictionary[Hashable, Future[R]] = WeakValueDictionary()
    left = Event()

    def in_turn(item: T, before: Future[R] | None) -> R:
        if before:
            # it was begun earlier: the pool takes up items in their order
            wait([before])
            if left.is_set():
                raise CancelledError
        return work(item)

    with ThreadPoolExecutor(workers, thread_name_prefix="audiopipe") as pool:
        try:
            for item in items:
                link = chain(item)
                future = pool.submit(in_turn, item, None if link is None else last.get(link))
                if link is not None:
                    last[link] = future
                pending.append(future)
                while pending and (pending[0].done() or _is_full(pending, workers)):
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            left.set()
            for future in pending:
                future.cancel()


def _is_full(pending: Sequence[Future[R]], workers: int) -> bool:
    waiting = sum(not future.done() for future in pending)
    return waiting > workers or len(pending) >= 8 * workers


class Stop:
    """The wish to end a run, for all its threads; given once, it stands."""

    def __init__(self) -> None:
        self._wished = Event()
        self._gently = False
        self._exit_code = Stopped.exit_code
        self._parts: list[ref[Stop]] = []

    def part(self) -> Stop:
        """The wish to end a part of the run, which this one brings with it, and not the reverse."""
        part = _Part(self, self._parts)
        if self.is_set():
            part.set(gently=self._gently, exit_code=self._exit_code)
        return part

    def set(self, *, gently: bool = False, exit_code: int = Stopped.exit_code) -> None:
        """Wish it: nothing new is begun, and every wait ends at once.

        Args:
            gently: let answers that are under way arrive, as where a budget is empty; else they
                have a second left.
            exit_code: of a run that ends for this wish.
        """
        self._exit_code = exit_code
        self._gently = gently and (self._gently or not self.is_set())
        self._wished.set()
        # a copy made at once: other threads, and signals, may come between
        for known in tuple(self._parts):
            if part := known():
                part.set(gently=gently, exit_code=exit_code)

    def is_set(self) -> bool:
        return self._wished.is_set()

    def check(self) -> None:
        """Go on, unless it is wished.

        Raises:
            Stopped: it is.
        """
        self.sleep(0.0)

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            Stopped: it was wished before or meanwhile.
        """
        if self._wished.wait(seconds):
            raise Stopped("stopped; the same command goes on", self._gently, self._exit_code)


class _Part(Stop):
    """Known to the whole until it is set, which the end of each run does, or nobody holds it."""

    def __init__(self, whole: Stop, siblings: list[ref[Stop]]) -> None:
        super().__init__()
        self._whole = whole  # which must live to be told
        self._forgotten = partial(_without, siblings)
        self._known = ref[Stop](self, self._forgotten)
        siblings.append(self._known)

    def set(self, *, gently: bool = False, exit_code: int = Stopped.exit_code) -> None:
        super().set(gently=gently, exit_code=exit_code)
        if not gently:
            self._forgotten(self._known)


def _without(known: list[ref[Stop]], gone: ref[Stop]) -> None:
    with suppress(ValueError):
        known.remove(gone)


class OneAtATime:
    """Keeps two threads from working on the same thing at once."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._users: dict[Hashable, tuple[Lock, int]] = {}

    @contextmanager
    def on(self, thing: Hashable) -> Iterator[None]:
        """Wait until nobody works on it, then hold it."""
        with self._guard:
            lock, users = self._users.get(thing, (Lock(), 0))
            self._users[thing] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._guard:
                _, users = self._users.pop(thing)
                if users > 1:
                    self._users[thing] = lock, users - 1


class PerProcess(Generic[T]):
    """A value that each process makes for itself when it first needs it; for many threads.

    A child made by `fork` shares the sockets, files and locks of its parent: it may neither use
    them, or two processes read each other's answers, nor close them. It leaves the parent's value
    alone and makes its own.

    Args:
        make: gives the value.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, tuple[Lock, list[T]]] = {}

    def get(self) -> T:
        """This process's value."""
        # a lock of the parent's may have been held by a thread that the fork did not copy
        lock, made = self._made.setdefault(os.getpid(), (Lock(), []))
        with lock:
            if not made:
                made.append(self._make())
            return made[0]

    def take(self) -> T | None:
        """This process's value, no longer held here, for closing it; None if there is none."""
        lock, made = self._made.setdefault(os.getpid(), (Lock(), []))
        with lock:
            return made.pop() if made else None


class prefetch(Generic[T]):  # noqa: N801 - it is called like the iterators of itertools
    """The same items, made ahead by a thread of their own.

    An iterator, and a context that closes it. Whatever making the items raises is raised here.
    Closing, or dropping it, ends the thread after the item under way and closes `items` there.

    Args:
        items: read and closed in the thread.
        depth: >= 1, items that may be ready and waiting.
    """

    def __init__(self, items: Iterator[T], *, depth: int) -> None:
        self._read = _read_ahead(items, depth)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        return next(self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the thread. Closing twice is harmless."""
        self._read.close()


def _read_ahead(items: Iterator[T], depth: int) -> Generator[T, None, None]:
    ready: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
    room, stop = Semaphore(depth - 1), Event()

    def fill() -> None:
        try:
            with closing(items) if isinstance(items, Generator) else nullcontext():
                for item in items:
                    ready.put((item,))
                    room.acquire()
                    if stop.is_set():
                        return
            ready.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again in the reader's thread
            ready.put(error)

    thread = Thread(target=fill, name="audiopipe-prefetch", daemon=True)
    thread.start()
    try:
        while (entry := ready.get()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            room.release()
            yield entry[0]
    finally:
        stop.set()
        room.release()
        thread.join()


class Died(Exception):
    """The process that did a piece of work died, and nobody knows of what."""


class Signal(Protocol):
    """A flag that is set once, and seen everywhere."""

    def set(self) -> None: ...

    def is_set(self) -> bool: ...


@runtime_checkable
class Executor(Protocol):
    """An engine: where pieces of work are done beside this process. A context, which ends it."""

    @property
    def slots(self) -> int:
        """Pieces that are done at once; it may change while nodes come and go."""

    def submit(self, work: Callable[[T], R], item: T) -> Future[R]:
        """Begin a piece of work when a slot is free.

        Args:
            work: a function of a module; what it takes, gives and raises must pickle.
            item: what it takes.

        Returns:
            Its result, or what it raised; `Died` where its process did.
        """

    def channel(self, hear: Callable[[Any], None]) -> Callable[[Any], None]:
        """What workers call, as a part of an item, to have `hear` called here."""

    def signal(self) -> Signal:
        """A flag that workers see, as a part of an item."""

    def check(self) -> None:
        """Go on, unless whoever hands out the work is lost; called once a second.

        Raises:
            AudiopipeError: it is.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...
