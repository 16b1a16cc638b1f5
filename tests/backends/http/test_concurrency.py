from __future__ import annotations

import heapq
import random
from collections.abc import Callable

import pytest

from audiopipe.backends.http.concurrency import Lanes
from audiopipe.errors import Stopped
from audiopipe.values.events import Waiting


def go_on(seconds: float, waiting: Waiting) -> None:
    """Nobody stops the run."""


def settled(took_s: Callable[[int], float], most: int = 64, overloaded_above: int = 10**9) -> float:
    """The mean width over the second half of a long simulated run.

    Args:
        took_s: how long a request takes while so many are under way.
        overloaded_above: more under way than this are refused with 503.
    """
    now_s, random_number = 0.0, random.Random(5)
    lanes = Lanes(most, clock=lambda: now_s)
    under_way: list[tuple[float, float, bool]] = []
    widths = []
    for _ in range(4_000):
        while len(under_way) < lanes.width:
            count = len(under_way) + 1
            refused = count > overloaded_above
            length_s = 0.01 if refused else took_s(count) * random_number.uniform(0.8, 1.2)
            heapq.heappush(under_way, (now_s + length_s, now_s, refused))
        now_s, began_s, refused = heapq.heappop(under_way)
        lanes.overloaded(began_s) if refused else lanes.answered(began_s, 1.0)
        widths.append(lanes.width)
    return sum(widths[2_000:]) / 2_000


def test_a_server_that_keeps_its_pace_gets_as_many_requests_as_allowed() -> None:
    assert settled(lambda count: 1.0, most=32) > 30


def test_milliseconds_are_no_sign_of_too_much_to_do() -> None:
    assert settled(lambda count: 0.005 * count, most=32) > 30


def test_a_server_that_works_on_one_at_a_time_gets_few() -> None:
    assert 1 <= settled(lambda count: float(count)) < 4


def test_a_server_with_eight_engines_gets_about_as_many() -> None:
    assert 6 < settled(lambda count: max(1.0, count / 8)) < 24


def test_a_server_that_refuses_above_ten_is_kept_near_ten() -> None:
    assert 5 < settled(lambda count: 1.0, overloaded_above=10) <= 11


@pytest.mark.parametrize("usual_s", [1.0, 3.0, 8.0])
@pytest.mark.parametrize("spell_s", [20.0, 120.0, 1200.0])
@pytest.mark.parametrize("slower", [2.5, 3.3, 10.0])
def test_after_a_slow_spell_a_server_is_used_fully_within_a_minute(
    usual_s: float, spell_s: float, slower: float
) -> None:
    now_s, dice = 0.0, random.Random(7)
    lanes = Lanes(16, clock=lambda: now_s)
    under_way: list[tuple[float, float]] = []
    begins_s, ends_s = 200.0, 200.0 + spell_s
    # what was sent in the spell still takes its time
    while now_s < ends_s + 60 + slower * usual_s:
        while len(under_way) < lanes.width:
            is_slow = begins_s < now_s < ends_s
            length_s = usual_s * (slower if is_slow else 1) * dice.uniform(0.8, 1.2)
            heapq.heappush(under_way, (now_s + length_s, now_s))
        now_s, began_s = heapq.heappop(under_way)
        lanes.answered(began_s, 1.0)
    assert lanes.width >= 14


def test_a_server_that_becomes_slower_for_good_is_used_fully_again() -> None:
    now_s, dice = 0.0, random.Random(7)
    lanes = Lanes(16, clock=lambda: now_s)
    under_way: list[tuple[float, float]] = []
    for number in range(340):
        while len(under_way) < lanes.width:
            length_s = (1 if number < 200 else 3.3) * dice.uniform(0.8, 1.2)
            heapq.heappush(under_way, (now_s + length_s, now_s))
        now_s, began_s = heapq.heappop(under_way)
        lanes.answered(began_s, 1.0)
    assert lanes.width >= 14


def test_one_overload_counts_once_for_all_that_were_under_way() -> None:
    lanes = Lanes(16, clock=lambda: 10.0)
    for _ in range(200):
        lanes.answered(9.0, 1.0)
    assert lanes.width == 16
    for _ in range(16):
        lanes.overloaded(9.5)
    assert lanes.width == 11


def test_who_waits_for_a_lane_hears_of_a_stop() -> None:
    def stopped(seconds: float, waiting: Waiting) -> None:
        raise Stopped("stop")

    lanes = Lanes(1)
    with lanes.lane(go_on), pytest.raises(Stopped), lanes.lane(stopped):
        pass
    with lanes.lane(stopped):
        assert lanes.width == 1
