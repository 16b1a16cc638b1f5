from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.text.clocks import clock, in_words, milliseconds, short_clock, whole_clock


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "00:00:00.000"),
        (0.0004, "00:00:00.000"),
        (59.9996, "00:01:00.000"),
        (3599.9999, "01:00:00.000"),
        (360_000.001, "100:00:00.001"),
    ],
)
def test_times_are_rounded_once_to_whole_milliseconds(seconds: float, text: str) -> None:
    assert clock(milliseconds(seconds)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9994, "0:00:00"), (59.9996, "0:01:00"), (36_000, "10:00:00")]
)
def test_whole_seconds_are_cut_from_whole_milliseconds(seconds: float, text: str) -> None:
    assert short_clock(seconds) == text
    assert whole_clock(seconds) == f"{text:>08}"


@given(st.floats(0, 1e6))
def test_every_form_names_the_same_second(seconds: float) -> None:
    exact = clock(milliseconds(seconds))
    assert whole_clock(seconds) == exact[:-4]
    assert short_clock(seconds) == re.sub("^0(?=.:)", "", exact[:-4])


@given(st.floats(0, 1e6))
def test_durations_in_words_are_right_to_their_last_unit(seconds: float) -> None:
    units = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
    told = re.findall(r"(\d+) ([dhms])", in_words(seconds))
    last = units[told[-1][1]]
    assert abs(sum(int(number) * units[unit] for number, unit in told) - seconds) <= last
