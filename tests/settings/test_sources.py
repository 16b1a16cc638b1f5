from __future__ import annotations

from pathlib import Path

import pytest

from audiopipe.errors import UsageError
from audiopipe.settings import Settings, load


def test_flags_win_over_the_environment_which_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "audiopipe.toml"
    file.write_text('model = "a"\nlanguage = "de"\nworkers = 3\n')
    settings = load({"model": "c"}, {"AUDIOPIPE_MODEL": "b", "AUDIOPIPE_LANGUAGE": "fr"}, file)
    assert (settings.model, settings.language, settings.workers) == ("c", "fr", 3)


def test_without_any_source_the_defaults_hold() -> None:
    assert load({"model": None}, {}) == Settings()


def test_text_from_the_environment_takes_the_kind_of_its_setting() -> None:
    settings = load(
        {},
        {
            "AUDIOPIPE_WORD_TIMESTAMPS": "false",
            "AUDIOPIPE_OVERLAP_S": "2.5",
            "AUDIOPIPE_OUTPUT_FORMATS": "srt,vtt",
        },
    )
    assert settings.word_timestamps is False
    assert settings.overlap_s == 2.5
    assert settings.output_formats == ("srt", "vtt")


@pytest.mark.parametrize(
    ("flags", "environment", "named"),
    [
        ({"modle": "x"}, {}, "model"),
        ({"overlap_s": 400.0}, {}, "--overlap"),
        ({"workers": -1}, {}, "--workers"),
        ({}, {"AUDIOPIPE_OVERLAP_S": "much"}, "AUDIOPIPE_OVERLAP_S"),
        ({}, {"AUDIOPIPE_WORD_TIMESTAMPS": "perhaps"}, "AUDIOPIPE_WORD_TIMESTAMPS"),
    ],
)
def test_a_setting_that_cannot_work_is_named(
    flags: dict[str, object], environment: dict[str, str], named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        load(flags, environment)


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text("model = ")
    with pytest.raises(UsageError, match=r"x\.toml"):
        load({}, {}, file)
