"""Work done at the same time, results in order, never more held than is needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

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
