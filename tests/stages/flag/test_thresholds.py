from __future__ import annotations

from dataclasses import fields, replace

import pytest

from audiopipe.errors import UsageError
from audiopipe.stages.flag.thresholds import Thresholds, thresholds_for


def test_limits_are_changed_by_name() -> None:
    changed = thresholds_for("base", ["min-avg-logprob=-0.8", "max-repeats=none"])
    assert changed == replace(Thresholds(), min_avg_logprob=-0.8, max_repeats=None)


def test_a_model_keeps_those_of_its_limits_that_are_not_changed() -> None:
    assert thresholds_for("whisper-large-v3", ["max-repeats=9"]).max_no_speech_prob == 0.06


@pytest.mark.parametrize("name", [field.name for field in fields(Thresholds)])
def test_every_limit_has_a_name(name: str) -> None:
    changed = thresholds_for("base", [f"{name.replace('_', '-')}=0.125"])
    assert getattr(changed, name) == 0.125


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("loudness=3", "no limit of that name, but min-avg-logprob"),
        ("max-repeats", "is not a number"),
        ("max-repeats=many", "'many' is not a number"),
        ("min-rated-s=none", "'none' is not a number"),
    ],
)
def test_what_is_no_limit_is_refused_with_what_is(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        thresholds_for("base", [text])
