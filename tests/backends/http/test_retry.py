from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from audiopipe.backends.http.retry import Retry
from audiopipe.errors import AuthError, BackendError, BadReply, RateLimited, ServerFault


def after(*errors: BackendError | None) -> Callable[[], str]:
    """A call that fails with these errors, one a time, and succeeds after the last."""
    rest: Iterator[BackendError | None] = iter(errors)

    def attempt() -> str:
        error = next(rest, None)
        if error:
            raise error
        return "done"

    return attempt


@pytest.fixture
def slept() -> list[float]:
    return []


def patient(slept: list[float], **policy: float) -> Retry:
    return Retry(sleep=slept.append, uniform=lambda: 1.0, **policy)  # type: ignore[arg-type]


def test_faults_are_met_by_trying_again_after_growing_waits(slept: list[float]) -> None:
    faults = [ServerFault("500"), BadReply("no json"), ServerFault("502"), ServerFault("503")]
    assert patient(slept).call(after(*faults)) == "done"
    assert slept == [0.5, 1.0, 2.0, 4.0]


def test_waits_are_capped_and_random_from_zero_on(slept: list[float]) -> None:
    tenth = Retry(attempts=10, sleep=slept.append, uniform=lambda: 0.1)
    with pytest.raises(ServerFault, match="given up after 10 tries"):
        tenth.call(after(*[ServerFault("500")] * 20))
    assert slept == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 0.8, 0.8, 0.8, 0.8])


def test_what_cannot_succeed_is_not_tried_again(slept: list[float]) -> None:
    with pytest.raises(AuthError):
        patient(slept).call(after(AuthError("401")))
    assert slept == []


def test_a_dictated_wait_is_obeyed_whole_however_long(slept: list[float]) -> None:
    assert patient(slept).call(after(RateLimited("429", 600.0))) == "done"
    assert slept == [600.5]


def test_waiting_for_a_limit_is_no_failed_try(slept: list[float]) -> None:
    refusals = [RateLimited("429", 1.0)] * 20
    assert patient(slept, attempts=2).call(after(*refusals)) == "done"


def test_faults_with_a_dictated_wait_are_counted(slept: list[float]) -> None:
    with pytest.raises(ServerFault, match="given up after 3 tries"):
        patient(slept, attempts=3).call(after(*[ServerFault("503", 1.0)] * 20))


def test_a_longer_wait_than_allowed_is_told_with_its_length(slept: list[float]) -> None:
    with pytest.raises(RateLimited, match="longer than --max-wait 60 s") as caught:
        patient(slept, max_wait_s=60).call(after(RateLimited("429", 99.7)))
    assert caught.value.wait_s == 99.7
    assert slept == []


def test_all_dictated_waits_together_stay_within_the_limit(slept: list[float]) -> None:
    with pytest.raises(RateLimited):
        patient(slept, max_wait_s=100).call(after(*[RateLimited("429", 20.0)] * 99))
    assert sum(slept) <= 100
    assert len(slept) == 4


def test_a_server_that_always_dictates_no_wait_is_given_up(slept: list[float]) -> None:
    with pytest.raises(RateLimited):
        patient(slept, max_wait_s=60).call(after(*[RateLimited("429", 0.0)] * 999))
