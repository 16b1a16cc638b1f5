"""Turns: nobody before its own, nobody starved."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from audiopipe.server.queue import FairQueue

CLIENTS = st.lists(st.sampled_from("abcde"), min_size=1, max_size=60)


@given(CLIENTS, st.integers(1, 4))
def test_all_are_served_and_places_hold(clients: list[str], places: int) -> None:
    queue: FairQueue[int] = FairQueue(places, 100)
    for number, client in enumerate(clients):
        queue.put(client, number)
    served, running = [], []
    while queue.waiting:
        while taken := queue.take():
            running.append(taken[0])
            served.append(taken[1])
            assert len(running) <= max(places, min(len(set(clients)), queue.most_running))
        queue.end(running.pop(0))
    assert sorted(served) == list(range(len(clients)))
    for client in set(clients):
        own = [number for number in served if clients[number] == client]
        assert own == sorted(own)


@given(CLIENTS)
def test_clients_take_turns(clients: list[str]) -> None:
    queue: FairQueue[int] = FairQueue(1, 100)
    for number, client in enumerate(clients):
        queue.put(client, number)
    left, had = Counter(clients), Counter[str]()
    while taken := queue.take():
        client, _ = taken
        others = [had[other] for other in left if left[other] and other != client]
        assert had[client] <= min(others, default=had[client])
        had[client] += 1
        left[client] -= 1
        queue.end(client)
    assert not left.total()


def test_a_newcomer_does_not_wait_for_the_long_work_of_others() -> None:
    queue: FairQueue[str] = FairQueue(2, 100)
    for number in range(9):
        queue.put("long", f"long {number}")
    assert [queue.take(), queue.take()] == [("long", "long 0"), ("long", "long 1")]
    assert queue.take() is None
    queue.put("short", "short")
    assert queue.take() == ("short", "short")
    assert queue.take() is None


@given(st.integers(1, 3), st.integers(0, 5))
def test_who_comes_again_at_once_has_its_turn_behind_those_who_wait(
    places: int, newest: int
) -> None:
    """A client that asks for its next when it has the last is served as often as any other."""
    clients = [chr(ord("a") + n) for n in range(6 * places)]
    queue: FairQueue[str] = FairQueue(places, 100)
    for client in clients:
        queue.put(client, client)
    served, running = Counter[str](), list[str]()
    for _ in range(20 * len(clients)):
        while taken := queue.take():
            served[taken[0]] += 1
            running.append(taken[0])
        ended = running.pop(-1 - newest % len(running))
        queue.end(ended)
        queue.put(ended, ended)
        waiting = [served[each] for each in clients if each not in running]
        assert max(waiting) - min(waiting) <= 1 + places * newest


def test_only_what_waits_counts_for_a_full_queue() -> None:
    queue: FairQueue[int] = FairQueue(1, 2)
    for number in range(2):
        assert not queue.is_full("a")
        queue.put("a", number)
    assert queue.is_full("a")
    assert not queue.is_full("b")
    queue.take()
    assert not queue.is_full("a")
    queue.drop(lambda _: True)
    assert queue.waiting == 0
