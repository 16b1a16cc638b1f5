"""Work done at the same time, results in order, never more held than is needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, nullcontext
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ordered_map(work: Callable[[T], R], items: Iterable[T], *, workers: int) -> Iterator[R]:
    """`work` of each item, in the items' order, done by `workers` threads.

    Items are taken as they are needed: at most two for each worker are held, waiting, under way
    or done and not yet given out. If the caller stops early, or `work` or `items` raises, what has
    not begun is cancelled and what is under way is waited for.

    Args:
        work: called in threads.
        items: read in the caller's thread.
        workers: >= 1.
    """
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="audiopipe") as pool:
        try:
            for item in items:
                pending.append(pool.submit(work, item))
                while pending and (len(pending) >= 2 * workers or pending[0].done()):
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def prefetch(items: Iterator[T], *, depth: int) -> Iterator[T]:
    """The same items, made ahead by a thread of their own.

    Whatever making them raises is raised here. Closing the result, or dropping it, stops the
    thread after the item under way and closes `items` there.

    Args:
        items: read and closed in the thread.
        depth: >= 1, items that may be ready and waiting.
    """
    ready: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
    room = Semaphore(depth - 1)
    stop = Event()

    def fill() -> None:
        try:
            with closing(items) if hasattr(items, "close") else nullcontext():
                for item in items:
                    ready.put((True, item))
                    room.acquire()
                    if stop.is_set():
                        return
            ready.put((False, None))
        except BaseException as error:  # noqa: BLE001 - raised again in the reader's thread
            ready.put((False, error))

    thread = Thread(target=fill, name="audiopipe-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            more, item = ready.get()
            if not more:
                if item is not None:
                    raise item
                return
            room.release()
            yield item
    finally:
        stop.set()
        room.release()
        thread.join()
