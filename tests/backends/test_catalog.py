from __future__ import annotations

import logging
from typing import get_args

import pytest

from audiopipe.backends.catalog import MODELS, TIERS, Status, billed_s, cost_usd, find, resolve


def test_every_id_stands_once_and_its_cells_make_sense() -> None:
    assert len({model.id for model in MODELS}) == len(MODELS)
    for model in MODELS:
        assert model.status in get_args(Status), model
        assert set(model.tasks) <= {"transcribe", "translate", "chat", "speak"}, model
        assert bool(model.voices) == ("speak" in model.tasks), model
        assert model.price_usd is None or 0 <= model.price_usd < 100, model


def test_what_is_retired_has_a_day_and_successors_are_alive() -> None:
    for model in MODELS:
        assert (model.status == "retired") == (model.retired_on is not None), model
        if model.replacement:
            successor = find(model.replacement)
            assert successor and successor.status != "retired", model
            assert set(model.tasks) <= set(successor.tasks), model


def test_every_hosted_model_has_the_limits_of_the_free_tier() -> None:
    for model in MODELS:
        assert (model.limits.rpm is not None) == (model.provider == "groq"), model


def test_whisper_turbo_is_as_the_guide_says() -> None:
    turbo = find("whisper-large-v3-turbo")
    assert turbo is not None
    assert (turbo.price_usd, turbo.tasks, turbo.limits.ash) == (0.04, ("transcribe",), 7200)
    assert (turbo.limits.rpm, turbo.limits.rpd, turbo.limits.asd) == (20, 2000, 28_800)


def test_uploads_leave_room_for_the_rest_of_the_form_under_either_meaning_of_25_mb() -> None:
    assert TIERS["free"].max_upload_bytes < 25_000_000 <= TIERS["free"].max_url_bytes
    assert TIERS["dev"].max_upload_bytes < 25_000_000 < TIERS["dev"].max_url_bytes


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("turbo", "whisper-large-v3-turbo"),
        ("Large-V3", "whisper-large-v3"),
        ("whisper-large-v3", "whisper-large-v3"),
        ("whisper-1", "whisper-1"),
        ("their/own-model", "their/own-model"),
    ],
)
def test_short_names_become_full_ids_and_unknown_ones_go_through(
    name: str, model_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert resolve(name) == model_id
    assert not caplog.records


@pytest.mark.parametrize(
    ("model_id", "advice"),
    [
        ("distil-whisper-large-v3-en", "take whisper-large-v3-turbo"),
        ("llama-3.3-70b-versatile", "take openai/gpt-oss-120b"),
        ("compound-beta", "no successor"),
    ],
)
def test_a_retired_id_goes_through_with_a_warning_that_names_its_successor(
    model_id: str, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert resolve(model_id) == model_id
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("audiopipe", logging.WARNING)
    assert model_id in record.getMessage() and advice in record.getMessage()


def test_less_than_ten_seconds_is_billed_as_ten() -> None:
    assert (billed_s(0.5), billed_s(10), billed_s(61.5)) == (10, 10, 61.5)


def test_an_hour_costs_its_price_and_an_unknown_price_is_none() -> None:
    assert cost_usd("whisper-large-v3", 3600) == 0.111
    assert cost_usd("whisper-large-v3-turbo", 1800) == 0.02
    assert cost_usd("base", 3600) == 0
    assert cost_usd("whisper-1", 3600) is None
    assert cost_usd("openai/gpt-oss-20b", 3600) is None
