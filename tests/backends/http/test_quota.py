from __future__ import annotations

import json

import pytest

from audiopipe.backends.http.quota import Refusal, observed, refusal
from audiopipe.backends.http.reply import Reply
from audiopipe.limits.rules import Observed

NOW_S = 1_800_000_000.0
REAL = {
    "x-ratelimit-limit-audio-seconds": "7200",
    "x-ratelimit-remaining-audio-seconds": "7198",
    "x-ratelimit-reset-audio-seconds": "1s",
    "x-ratelimit-limit-requests": "2000",
    "x-ratelimit-remaining-requests": "1998",
    "x-ratelimit-reset-requests": "1m26.4s",
}


def test_headers_tell_what_is_left_and_of_which_limit_by_the_pace_of_its_refill() -> None:
    told = observed(Reply(200, REAL, b""), NOW_S)
    assert told == (Observed("requests", 2000, 1998, 86.4), Observed("audio_s", 7200, 7198, 1.0))
    assert [each.rule().name for each in told if each.rule()] == ["rpd", "ash"]  # type: ignore[union-attr]


@pytest.mark.parametrize("broken", [{}, {"x-ratelimit-limit-requests": "2000"}])
def test_headers_that_are_missing_tell_nothing(broken: dict[str, str]) -> None:
    assert observed(Reply(200, broken, b""), NOW_S) == ()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "on seconds of audio per hour (ASPH): Limit 7200, Used 7170, Requested 230.",
            Refusal("ash", 7200, 7170),
        ),
        (
            "on seconds of audio per day (ASPD): Limit 28,800, Used 28596, Requested 600.",
            Refusal("asd", 28800, 28596),
        ),
        (
            "on requests per minute (RPM): Limit 20, Used 20, Requested 1.",
            Refusal("rpm", 20, 20),
        ),
        (
            "on tokens per day (TPD): Limit 3600, Used 3598.5, Requested 9.",
            Refusal("tpd", 3600, 3598.5),
        ),
        (
            "on seconds of audio per day (ASPD): Limit 28800, Requested 42762, please reduce",
            Refusal("asd", 28800, 0),
        ),
        ("Too many requests", Refusal()),
    ],
)
def test_the_figures_of_a_refusal_are_read_from_its_words(words: str, expected: Refusal) -> None:
    message = f"Rate limit reached for model `m` in organization `o` {words}"
    body = json.dumps({"error": {"message": message}}).encode()
    assert refusal(Reply(429, {}, body)) == expected
