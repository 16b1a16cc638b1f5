from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.errors import RequestTooLarge, UsageError
from audiopipe.limits.rules import (
    MARGIN,
    RULES,
    Allowance,
    Cost,
    Limits,
    Observed,
    drained,
    schedule,
)

FREE = Limits(rpm=20, rpd=2000, ash=7200, asd=28_800)
HOUR = next(rule for rule in RULES if rule.name == "ash")


@pytest.mark.parametrize(
    ("units", "window_s", "used", "requested", "wait_s"),
    [
        (7200, 3600, 7170, 230, 100),
        (7200, 3600, 5956, 2336, 546),
        (28_800, 86_400, 28_596, 600, 1188),
    ],
)
def test_a_wait_is_the_provider_s_own_formula_with_the_margin_on_top(
    units: float, window_s: float, used: float, requested: float, wait_s: float
) -> None:
    rule = next(r for r in RULES if r.quantity == "audio_s" and r.window_s == window_s)
    expected_s = wait_s + MARGIN * window_s
    assert Allowance(rule, units).wait_s(used, requested) == pytest.approx(expected_s)


def test_a_request_of_the_whole_allowance_fits_an_empty_bucket() -> None:
    (slot,) = schedule({}, Limits(ash=7200), [Cost(audio_s=7200)])
    assert slot.wait_s == 0


def test_a_queue_fills_the_burst_and_then_follows_the_refill() -> None:
    waits_s = [slot.wait_s for slot in schedule({}, Limits(rpm=20), [Cost()] * 30)]
    assert waits_s[:19] == [0] * 19
    steps_s = [later - earlier for earlier, later in pairwise(waits_s[19:])]
    assert steps_s == pytest.approx([3.0] * 10)


def test_a_small_request_does_not_overtake_a_large_one() -> None:
    costs = [Cost(audio_s=7000), Cost(audio_s=7000), Cost(audio_s=1)]
    _, large, small = schedule({}, Limits(ash=7200), costs)
    assert large.wait_s == pytest.approx(6872 / 2)
    assert small.wait_s >= large.wait_s


def test_the_limit_that_holds_longest_is_named_as_the_cause() -> None:
    *_, slot = schedule({"rpm": 20, "ash": 7200}, FREE, [Cost(audio_s=600)])
    assert str(slot.cause) == "7200 audio seconds an hour"
    *_, slot = schedule({"rpm": 20}, FREE, [Cost(audio_s=600)])
    assert str(slot.cause) == "20 requests a minute"


def test_without_limits_nobody_waits() -> None:
    assert {slot.wait_s for slot in schedule({}, Limits(), [Cost(audio_s=1e9)] * 9)} == {0}


@given(
    st.lists(st.builds(Cost, st.just(1.0), st.floats(0, 900), st.floats(0, 7000)), min_size=1),
    st.dictionaries(st.sampled_from(["rpm", "rpd", "tpm", "ash", "asd"]), st.floats(0, 3000)),
    st.floats(0, 10_000),
)
def test_a_schedule_is_in_order_and_never_above_any_limit(
    costs: list[Cost], levels: dict[str, float], wait_s: float
) -> None:
    limits = Limits(rpm=20, rpd=2000, tpm=1000, ash=7200, asd=28_800)
    slots = list(schedule(levels, limits, costs, wait_s))
    times_s = [slot.wait_s for slot in slots]
    assert times_s == sorted(times_s)
    assert times_s[0] >= wait_s
    for allowance in limits.allowances():
        level, now_s = levels.get(allowance.rule.name, 0.0), 0.0
        for cost, time_s in zip(costs, times_s, strict=True):
            level = drained(level, allowance, time_s - now_s) + cost.of(allowance.rule.quantity)
            now_s = time_s
            assert level <= allowance.units * (1 + 1e-9)


def test_what_only_requests_in_flight_fill_does_not_drain() -> None:
    hour = Allowance(HOUR, 7200)
    assert drained(1000, hour, elapsed_s=400) == 200
    assert drained(1000, hour, elapsed_s=400, in_flight=600) == 600
    assert drained(1000, hour, elapsed_s=9000) == 0
    assert drained(1000, hour, elapsed_s=-50) == 1000


def test_a_request_that_never_fits_is_told_the_most_that_does() -> None:
    FREE.check(Cost(audio_s=7200))
    with pytest.raises(RequestTooLarge, match=r"7201 s of audio .* make it at most 7200$"):
        FREE.check(Cost(audio_s=7201))


def test_settings_change_the_limits_they_name() -> None:
    changed = FREE.changed(["rpm=300", "ASH=None", "tpm=6000"])
    assert changed == Limits(rpm=300, rpd=2000, tpm=6000, asd=28_800)


@pytest.mark.parametrize("setting", ["rpm", "rpm=", "rpm=fast", "rph=3", "=3", "rpm=0", "ash=-1"])
def test_a_setting_that_is_no_limit_is_a_usage_error(setting: str) -> None:
    with pytest.raises(UsageError):
        FREE.changed([setting])


def test_the_lower_of_two_limits_holds_and_each_that_stands_alone() -> None:
    theirs = Limits(rpm=10, rpd=9000, tpm=500)
    assert FREE.within(theirs) == Limits(rpm=10, rpd=2000, tpm=500, ash=7200, asd=28_800)


@pytest.mark.parametrize("units", [0, -1, float("nan"), float("inf")])
def test_limits_are_positive_numbers(units: float) -> None:
    with pytest.raises(ValueError, match="not a limit"):
        Limits(rpm=units)


@pytest.mark.parametrize(
    ("observed", "rule"),
    [
        (Observed("requests", 2000, 1999, 43.2), "rpd"),
        (Observed("requests", 500, 499, 0.12), "rpm"),
        (Observed("audio_s", 7200, 7198, 1), "ash"),
        (Observed("audio_s", 28_800, 28_000, 2400), "asd"),
        (Observed("tokens", 8000, 7000, 7.5), "tpm"),
        (Observed("requests", 100, 99, 30), None),
        (Observed("requests", 100, 100, 0), None),
        (Observed("requests", 0, 0, 60), None),
    ],
)
def test_the_pace_of_the_refill_tells_which_limit_a_header_means(
    observed: Observed, rule: str | None
) -> None:
    found = observed.rule()
    assert (found.name if found else None) == rule
