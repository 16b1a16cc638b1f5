from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from audiopipe.cli.ask import command as ask
from audiopipe.cli.check import command as check
from audiopipe.cli.prepare import command as prepare
from audiopipe.cli.render import command as render
from audiopipe.cli.roundtrip import command as roundtrip
from audiopipe.cli.speak import command as speak
from audiopipe.cli.transcribe import command as transcribe
from audiopipe.errors import UsageError
from audiopipe.workflows.recipe import Recipe, read
from audiopipe.workflows.recipe.stages import OPTIONS


def recipe(folder: Path, text: str, **flags: Any) -> Recipe:
    path = folder / "pipeline.toml"
    path.write_text(text, "utf-8")
    return read(path, flags)


def stages(*named: str) -> str:
    return "".join(f'[[stage]]\nname = "{name}"\n' for name in named)


def test_a_recipe_has_settings_inputs_and_stages_in_order(tmp_path: Path) -> None:
    made = recipe(
        tmp_path,
        'inputs = ["a", "b"]\nbackend = "local"\nmax_cost_usd = 2\nmodel = "base"\n'
        + stages("transcribe")
        + 'chunk-length = 30\nflag_limit = ["max-repeats=none"]\n'
        + stages("render")
        + 'output_format = "srt,md"\n'
        + stages("speak")
        + 'voice = "heart"\npause = 1\nalign = true\n',
    )
    hear, show, say = made.stages
    assert (made.inputs, made.settings.max_cost_usd) == (("a", "b"), 2.0)
    assert (hear.settings.model, hear.settings.chunk_length_s) == ("base", 30.0)
    assert hear.settings.flag_limits == ("max-repeats=none",)
    assert hear.settings.output_formats == ("json",)
    assert show.settings.output_formats == ("srt", "md")
    assert (say.settings.voice, say.settings.pause_s, say.align) == ("heart", 1.0, True)
    assert say.settings.model == ""  # the recogniser's model is no voice


def test_flags_go_before_the_file_and_the_environment_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIOPIPE_TIER", "dev")
    text = 'output_dir = "a"\ntier = "free"\nworkers = 3\n' + stages("transcribe")
    made = recipe(tmp_path, text, output_dir="b").settings
    assert (made.output_dir, made.tier, made.workers) == ("b", "dev", 3)


def test_prepare_cuts_for_those_behind_it_and_repair_hears_as_transcribe_did(
    tmp_path: Path,
) -> None:
    text = (
        stages("prepare")
        + 'channels = "left"\n'
        + stages("transcribe")
        + 'language = "de"\n'
        + stages("check", "repair")
        + "max_repair_cost = 0.5\n"
        + stages("render")
    )
    _, hear, _, mend, show = (stage.settings for stage in recipe(tmp_path, text).stages)
    assert (hear.channels, hear.repair) == ("left", None)
    assert mend == replace(hear, repair=True, max_repair_cost_usd=0.5)
    assert show.language is None


def test_translate_is_done_by_a_recogniser_or_with_into_by_chat(tmp_path: Path) -> None:
    (heard,) = recipe(tmp_path, stages("translate")).stages
    assert heard.hears and heard.settings.task == "translate"
    *_, chat = recipe(tmp_path, stages("transcribe", "translate") + 'into = "de"\n').stages
    assert chat.chats and chat.stem(Path("a")) == Path("a.de")
    assert chat.files(Path("a")) == (Path("a.de.json"),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "name the stages"),
        ("stage = 3", "name the stages"),
        (stages("transcripe"), "stage 1: there is no stage 'transcripe': did you mean transcribe?"),
        (stages("transcribe", "xyz"), "stage 2: there is no stage 'xyz': choose from prepare"),
        (stages("transcribe") + 'langage = "de"', "no option 'langage': did you mean language?"),
        (stages("transcribe", "render") + 'voice = "x"', "choose from output_format"),
        (
            stages("transcribe", "render") + 'output_format = "srtt"',
            "(render): output_format cannot be 'srtt'",
        ),
        (stages("transcribe", "chapters") + 'output_format = "srt"', "no format 'srt'"),
        ('bakend = "local"\n' + stages("transcribe"), "did you mean backend?"),
        ('workers = "many"\n' + stages("transcribe"), "workers cannot be 'many'"),
        (stages("transcribe") + "workers = -1", "(transcribe): workers cannot be -1"),
        (stages("transcribe") + "word_timestamps = 7", "word_timestamps cannot be 7"),
        (stages("transcribe", "check") + "strict = 1", "strict cannot be 1: true or false"),
        (stages("transcribe", "summary") + "max_retries = -1", "max_retries cannot be -1: a whole"),
        ("inputs = 3\n" + stages("transcribe"), "inputs must be a list of texts"),
        ("[[stage]\n", "cannot read the settings"),
        (stages("render", "transcribe"), "stage 1 (render) needs a transcript: put transcribe"),
        (stages("speak"), "stage 1 (speak) needs a transcript"),
        (stages("transcribe", "prepare"), "would change nothing: put it before transcribe"),
        (stages("transcribe", "transcribe"), "would begin anew"),
        (stages("transcribe", "translate"), "would begin anew"),
        (stages("transcribe", "clean", "repair"), "would undo clean: put it before that"),
        (stages("transcribe", "rewrite"), "needs to be told what to do"),
        (stages("transcribe", "speak") + 'of = "summary"', "put summary before it"),
        (stages("transcribe", "speak") + 'of = "sumary"', "choose from transcript, summary"),
        (stages("transcribe", "speak") + 'format = "aac"', "choose from wav, flac, mp3, m4a, opus"),
        (stages("transcribe", "summary") + 'prompts = "none"', "is no folder"),
        (stages("transcribe", "summary", "summary"), "would write what stage 2 (summary)"),
        (stages("transcribe", "render") + 'from = "transcripe"', "did you mean transcribe?"),
        (stages("transcribe", "render") + 'from = "render"', "no stage before it is named"),
        ('inputs = ["a.mp3"]\n' + stages("speak"), "or give it texts"),
    ],
)
def test_what_cannot_work_is_one_line_that_names_the_file(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(UsageError) as told:
        recipe(tmp_path, text)
    assert words in str(told.value) and "pipeline.toml" in str(told.value)
    assert len(str(told.value).splitlines()) == 1


COMMANDS = {
    "prepare": prepare,
    "transcribe": transcribe,
    "translate": transcribe,
    "repair": transcribe,
    "check": check,
    "render": render,
    "speak": speak,
}


@pytest.mark.parametrize("stage", OPTIONS)
def test_options_are_those_of_the_command_line(stage: str) -> None:
    commands: list[click.Command] = [COMMANDS.get(stage, ask), ask, roundtrip]
    flags = {
        name.strip("-").replace("-", "_")
        for command in commands
        for option in command.params
        for name in (*option.opts, *option.secondary_opts)
    }
    own = {"of"} if stage == "speak" else set()
    assert not set(OPTIONS[stage]) - flags - own


def test_a_recipe_that_is_missing_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read(tmp_path / "none.toml", {})


def test_a_stage_of_several_languages_is_several_and_what_follows_works_on_each(
    tmp_path: Path,
) -> None:
    text = (
        stages("transcribe", "translate")
        + 'id = "others"\ninto = ["de", "fr"]\n'
        + stages("speak")
        + 'format = ["mp3", "wav"]\n'
        + stages("render")
        + 'from = "others"\n'
        + stages("check")
        + 'from = "transcribe"\n'
    )
    made = recipe(tmp_path, text)
    names = [each.name for each in made.stages]
    assert names == ["transcribe", *["translate"] * 2, *["speak"] * 4, *["render"] * 2, "check"]
    assert [each.after for each in made.stages] == [None, 0, 0, 1, 1, 2, 2, 1, 2, 0]
    written = {str(path) for path in made.files(Path("a"))}
    assert {"a.json", "a.de.json", "a.fr.narration.mp3", "a.de.srt", "a.check.json"} <= written
    assert "a.srt" not in written


def test_texts_need_no_stage_that_listens(tmp_path: Path) -> None:
    assert not recipe(tmp_path, 'inputs = ["a.md"]\n' + stages("speak")).hears
    path = tmp_path / "pipeline.toml"
    path.write_text(stages("render"))
    assert read(path, {}, ["talk.srt"]).stages[0].name == "render"


def test_inputs_are_meant_from_the_folder_of_the_file(tmp_path: Path) -> None:
    text = 'inputs = ["a", "/b", "https://x.example/c.mp3"]\n' + stages("transcribe")
    made = recipe(tmp_path, text)
    assert made.sources == (str(tmp_path / "a"), "/b", "https://x.example/c.mp3")
