"""Work spread over an engine: a window of it at a time, and what kills its process by itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TypeVar

from audiopipe.concurrency import Died, Executor, Stop

T = TypeVar("T")
R = TypeVar("R")

_CHECK_S = 0.5


def spread(
    executor: Executor, work: Callable[[T], R], items: Iterable[T], stop: Stop
) -> Iterator[tuple[T, Future[R]]]:
    """Pieces of work as they are done, in no order; never more begun than twice the slots.

    What was under way in a process that died is done again, each piece alone: so one that kills
    its process costs no other. Twice is enough for it.

    Raises:
        Stopped: somebody wished it; what is under way is left.
        AudiopipeError: see `Executor.check`.
    """
    done: SimpleQueue[tuple[T, Future[R]]] = SimpleQueue()
    suspects: deque[T] = deque()
    under_way, todo = 0, iter(items)

    def begin(item: T) -> None:
        executor.submit(work, item).add_done_callback(lambda each: done.put((item, each)))

    while True:
        for item in islice(todo, max(0, 2 * executor.slots - under_way)):
            begin(item)
            under_way += 1
        alone = not under_way and bool(suspects)
        if alone:
            begin(suspects.popleft())
            under_way = 1
        if not under_way:
            return
        item, future = _next_done(done, executor, stop)
        under_way -= 1
        if isinstance(future.exception(), Died) and not alone:
            suspects.append(item)
        else:
            yield item, future


def _next_done(
    done: SimpleQueue[tuple[T, Future[R]]], executor: Executor, stop: Stop
) -> tuple[T, Future[R]]:
    while True:
        try:
            return done.get(timeout=_CHECK_S)
        except Empty:
            stop.check()
            executor.check()
