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


def test_a_setting_is_known_by_its_name_and_by_its_flag(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    for key in ("chunk_length_s", "chunk_length", "chunk-length"):
        file.write_text(f"{key} = 30\n")
        assert load({}, {}, file).chunk_length_s == 30
    for variable in ("AUDIOPIPE_CHUNK_LENGTH", "AUDIOPIPE_CHUNK_LENGTH_S"):
        assert load({}, {variable: "30"}).chunk_length_s == 30
    both = {"AUDIOPIPE_CHUNK_LENGTH": "30", "AUDIOPIPE_CHUNK_LENGTH_S": "40"}
    assert load({}, both).chunk_length_s == 40


def test_values_that_cannot_go_together_are_told_with_their_places(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text("overlap = 20\nmax-cue-duration = 3\n")
    with pytest.raises(UsageError, match=r"AUDIOPIPE_CHUNK_LENGTH 30 s .*x\.toml: overlap 20 s"):
        load({}, {"AUDIOPIPE_CHUNK_LENGTH": "30"}, file)
    with pytest.raises(UsageError, match=r"--min-cue-duration 4 s .*x\.toml: max-cue-duration 3 s"):
        load({"min_cue_duration_s": 4.0}, {}, file)


@pytest.mark.parametrize(
    ("flags", "environment", "named"),
    [
        ({"modle": "x"}, {}, "model"),
        ({"overlap_s": 400.0}, {}, "--overlap"),
        ({"workers": -1}, {}, "--workers"),
        ({}, {"AUDIOPIPE_OVERLAP_S": "much"}, "AUDIOPIPE_OVERLAP_S"),
        ({}, {"AUDIOPIPE_UPLOAD_FROMAT": "wav"}, "did you mean AUDIOPIPE_UPLOAD_FORMAT"),
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
