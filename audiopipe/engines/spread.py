"""Work spread over an engine: a window of it at a time, and what kills its process by itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import TypeVar

from audiopipe.concurrency import Died, Executor, Stop

T = TypeVar("T")
R = TypeVar("R")

_CHECK_S = 0.5
_ALONE = 2
"""Deaths after which a piece is done alone."""

_Piece = tuple[T, int]
"""A piece of work, and how many processes died over it."""


def spread(
    executor: Executor, work: Callable[[T], R], items: Iterable[T], stop: Stop
) -> Iterator[tuple[T, Future[R]]]:
    """Pieces of work as they are done, in no order; never more begun than twice the slots.

    What was under way in a process that died is done again, among the others at first: of many
    nodes some die every hour, and most deaths are nobody's fault. What has been in two such
    processes is done alone: so one that kills its process costs no other. Three deaths are enough.

    Raises:
        Stopped: somebody wished it; what is under way is left.
        AudiopipeError: see `Executor.check`.
    """
    done: SimpleQueue[tuple[_Piece[T], Future[R]]] = SimpleQueue()
    again: deque[_Piece[T]] = deque()
    suspects: deque[_Piece[T]] = deque()
    under_way, todo = 0, ((item, 0) for item in items)

    def begin(piece: _Piece[T]) -> None:
        executor.submit(work, piece[0]).add_done_callback(lambda each: done.put((piece, each)))

    while True:
        for piece in islice(chain(_taken(again), todo), max(0, 2 * executor.slots - under_way)):
            begin(piece)
            under_way += 1
        if not under_way and suspects:
            begin(suspects.popleft())
            under_way = 1
        if not under_way:
            return
        (item, deaths), future = _next_done(done, executor, stop)
        under_way -= 1
        if deaths < _ALONE and isinstance(future.exception(), Died):
            (again if deaths + 1 < _ALONE else suspects).append((item, deaths + 1))
        else:
            yield item, future


def _taken(pieces: deque[T]) -> Iterator[T]:
    while pieces:
        yield pieces.popleft()


def _next_done(
    done: SimpleQueue[tuple[T, Future[R]]], executor: Executor, stop: Stop
) -> tuple[T, Future[R]]:
    while True:
        try:
            return done.get(timeout=_CHECK_S)
        except Empty:
            stop.check()
            executor.check()
