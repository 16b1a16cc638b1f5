from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from weakref import ref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiopipe.concurrency import OneAtATime, PerProcess, Stop, ordered_map


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers()), st.integers(1, 8))
def test_results_come_in_the_order_of_the_items(items: list[int], workers: int) -> None:
    assert list(ordered_map(lambda item: item * 2, items, workers=workers)) == [
        item * 2 for item in items
    ]


def test_as_many_items_as_workers_are_under_way_at_once() -> None:
    together = threading.Barrier(4)
    assert list(ordered_map(lambda _: together.wait(10) >= 0, range(4), workers=4)) == [True] * 4


def test_no_more_than_two_items_a_worker_are_held() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1, 101):
            taken.append(item)
            yield item

    go = threading.Event()
    results = ordered_map(lambda item: (go.wait(10), item)[1], items(), workers=3)
    threading.Timer(0.2, go.set).start()
    assert next(results) == 1
    assert len(taken) <= 6
    assert list(results) == list(range(2, 101))


def test_an_error_in_the_work_reaches_the_caller_and_cancels_what_has_not_begun() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        raise ValueError(item)

    with pytest.raises(ValueError, match="0"):
        list(ordered_map(work, range(100), workers=2))
    assert len(begun) <= 4


def test_closing_early_reads_no_further_items() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = ordered_map(lambda item: item, items(), workers=2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert len(taken) <= 5


def test_two_threads_never_work_on_the_same_thing_at_once() -> None:
    alone = OneAtATime()
    busy: Counter[int] = Counter()
    most: Counter[int] = Counter()
    guard = threading.Lock()

    def work(item: int) -> None:
        with alone.on(item % 3):
            with guard:
                busy[item % 3] += 1
                most[item % 3] = max(most[item % 3], busy[item % 3])
            time.sleep(0.001)
            with guard:
                busy[item % 3] -= 1

    list(ordered_map(work, range(200), workers=8))
    assert dict(most) == {0: 1, 1: 1, 2: 1}


def test_different_things_are_worked_on_together() -> None:
    alone = OneAtATime()
    together = threading.Barrier(3)

    def work(item: int) -> bool:
        with alone.on(item):
            return together.wait(10) >= 0

    assert list(ordered_map(work, range(3), workers=3)) == [True] * 3


def test_items_of_a_chain_are_done_one_after_another_and_those_of_others_meanwhile() -> None:
    ended: list[int] = []
    together = threading.Barrier(3)

    def work(item: int) -> list[int]:
        if item < 3:
            together.wait(10)
        before = list(ended)
        ended.append(item)
        return before

    seen = list(ordered_map(work, range(60), workers=5, chain=lambda item: item % 3))
    for item, before in enumerate(seen):
        assert set(range(item % 3, item, 3)) <= set(before)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_a_chain_ends_with_the_first_error_and_nothing_waits_for_ever(workers: int) -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 20:
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="20"):
        list(ordered_map(work, range(1000), workers=workers, chain=lambda item: "all"))
    assert begun == sorted(begun)
    assert len(begun) <= 21 + workers + 1


def test_what_waits_in_a_chain_has_not_begun_when_the_caller_leaves() -> None:
    begun: list[int] = []
    go = threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if item:
            go.wait(10)
        return item

    results = ordered_map(work, range(100), workers=8, chain=lambda item: None if item == 0 else 1)
    assert next(results) == 0
    threading.Timer(1, go.set).start()
    results.close()  # type: ignore[attr-defined]
    assert begun in ([0], [0, 1])


def test_a_wish_reaches_the_parts_of_a_run_and_no_part_ends_the_whole() -> None:
    whole = Stop()
    one, other = whole.part(), whole.part()
    one.set()
    assert (whole.is_set(), one.is_set(), other.is_set()) == (False, True, False)
    whole.set()
    assert other.is_set() and whole.part().is_set()


def test_a_part_that_nobody_holds_is_forgotten_and_one_within_it_is_told() -> None:
    whole = Stop()
    inner = whole.part().part()
    gone = ref(whole.part())
    assert gone() is None
    whole.set()
    assert inner.is_set()


def test_each_process_makes_its_own_value_once() -> None:
    held = PerProcess(object)
    with ThreadPoolExecutor(8) as pool:
        values = set(pool.map(lambda _: id(held.get()), range(64)))
    assert values == {id(held.get())}
    reader, writer = os.pipe()
    if not (child := os.fork()):
        os.write(writer, b"same" if id(held.get()) in values else b"other")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 8) == b"other"
    assert held.take() is not None
    assert held.take() is None


def test_a_child_makes_its_value_though_a_thread_held_the_lock_when_it_was_forked() -> None:
    begun, done = threading.Event(), threading.Event()

    def slow() -> int:
        if os.getpid() == parent:
            begun.set()
            done.wait()
        return os.getpid()

    parent = os.getpid()
    held = PerProcess(slow)
    thread = threading.Thread(target=held.get)
    thread.start()
    begun.wait()
    if not (child := os.fork()):
        os._exit(0 if held.get() == os.getpid() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    done.set()
    thread.join()
