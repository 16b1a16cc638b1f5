"""Recipes through a server that hears what it speaks."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from support import speechlike
from support.mumbling import WORDS, doubtful
from support.server import Server

from audiopipe.audio.mastering import Master
from audiopipe.audio.reading.chapters import chapters
from audiopipe.concurrency import Stop
from audiopipe.errors import AuthError, LimitReached, Stopped, UsageError
from audiopipe.render import load
from audiopipe.render import read as read_file
from audiopipe.render.corrections import add
from audiopipe.session import Session
from audiopipe.values.audio import Chapter, Span
from audiopipe.values.corrections import Correction
from audiopipe.workflows.recipe import Result, Task, read

SOUND = speechlike.make_recording(20)
TRUTH = speechlike.text(range(WORDS))
TITLES = [speechlike.text([51, 52]), speechlike.text([61, 62])]

Cook = Callable[..., list[Result]]


@pytest.fixture
def cook(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cook:
    """Runs a recipe with the server as Groq."""
    for name, value in server.as_groq.items():
        monkeypatch.setenv(name, value)

    def cook(text: str, *sources: Path, stop: Stop | None = None, **flags: Any) -> list[Result]:
        path = tmp_path / "pipeline.toml"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            os.utime(path, (1, 1))
        recipe = read(path, {"output_dir": str(tmp_path / "out"), "tier": "dev", **flags})
        tasks = [Task(str(each), Path(each.stem)) for each in sources]
        with Session(recipe.settings, stop=stop) as session:
            return list(session.run(recipe, tasks))

    return cook


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.wav"
    soundfile.write(path, SOUND, 16_000)
    os.utime(path, (1, 1))
    return path


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """The same with a chapter a sentence."""
    path = tmp_path / "marked.m4a"
    with Master(path, 16_000) as master:
        master.write(SOUND)
        spans = (Span(0, 5), Span(5, 10))
        master.finish({}, [*map(Chapter, TITLES, spans)])
    return path


def stage(name: str, **options: Any) -> str:
    lines = [f"{option} = {json.dumps(value)}" for option, value in options.items()]
    return "\n".join(["[[stage]]", f'name = "{name}"', *lines, ""])


HEAR = stage("transcribe", language="en", voice_check=False)
RENDER = stage("render", output_format="srt")
SPEAK = stage("speak", format="flac")


def lines(body: dict[str, Any]) -> str:
    """A model that gives each line back as it is."""
    rows = [line.split(": ", 1) for line in body["messages"][1]["content"].splitlines()]
    return json.dumps({"lines": [{"number": int(n), "text": text} for n, text in rows]})


def names(results: list[Result]) -> list[str]:
    return [path.name for result in results for path in result.files]


def test_each_stage_works_on_what_earlier_ones_have_made(
    cook: Cook, talk: Path, server: Server, tmp_path: Path
) -> None:
    server.replies.extend(
        [json.dumps({"summary": "Short."}), json.dumps({"items": []}), lines, lines]
    )
    recipe = (
        stage("prepare")
        + HEAR
        + stage("check")
        + stage("summary")
        + stage("actions", output_format="json")
        + stage("clean")
        + stage("translate", into="en", output_format="json,srt")
        + stage("render", output_format="vtt")
        + stage("speak", format="wav")
    )
    results = cook(recipe, talk, workers=1)
    assert [result.error for result in results] == [None]
    assert names(results) == [
        "manifest.json",
        "talk.json",
        "talk.check.json",
        "talk.summary.txt",
        "talk.actions.json",
        "talk.clean.json",
        "talk.clean.en.json",
        "talk.clean.en.srt",
        "talk.clean.en.vtt",
        "talk.clean.en.narration.wav",
    ]
    out = tmp_path / "out"
    assert (out / "talk.summary.txt").read_text() == "Short.\n"
    assert load(out / "talk.clean.en.json").text == speechlike.text(range(20))
    heard = speechlike.hear(*soundfile.read(out / "talk.clean.en.narration.wav", dtype="float32"))
    assert [each.text for each in heard] == speechlike.text(range(20)).split()


def test_nothing_is_done_twice_and_what_would_be_the_same_is_left_alone(
    cook: Cook, talk: Path, server: Server, tmp_path: Path
) -> None:
    recipe = HEAR + stage("render", output_format="srt") + stage("speak", format="flac")
    first = cook(recipe, talk)
    sent = len(server.seen)
    (again,) = cook(recipe, talk)
    assert again.is_skipped and again.files == first[0].files
    (tmp_path / "out" / "talk.srt").unlink()
    (mended,) = cook(recipe, talk)
    assert not mended.is_skipped and (tmp_path / "out" / "talk.srt").exists()
    os.utime(tmp_path / "pipeline.toml")  # written anew, with the same in it
    assert cook(recipe, talk)[0].is_skipped
    assert cook(recipe + "workers = 2\n", talk)[0].is_skipped  # how, and not what
    assert not cook(recipe, talk, overwrite=True)[0].is_skipped
    assert len(server.seen) == sent


def test_what_somebody_mends_is_worked_on_from_then_on(
    cook: Cook, talk: Path, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    heard = tmp_path / "out" / "talk.json"
    cook(HEAR + RENDER, talk)
    first, original, sent = load(heard).segments[0], read_file(heard), len(server.seen)
    add(heard, [Correction(0, first.text, " Mended words.")])
    assert not cook(HEAR + RENDER, talk)[0].is_skipped
    assert "done again: stage corrections is new" in caplog.text
    assert "Mended words." in (tmp_path / "out" / "talk.srt").read_text("utf-8")
    assert read_file(heard).segments == original.segments
    assert cook(HEAR + RENDER, talk)[0].is_skipped
    assert len(server.seen) == sent


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (HEAR + "chunk_length = 50\n" + RENDER + SPEAK, "--chunk-length was .*, is 50"),
        (HEAR + stage("render", output_format="srt", max_line_width=20) + SPEAK, "max_line_width"),
        (HEAR + RENDER + stage("speak", format="flac", title="A"), r"\(speak\) title .* is A"),
        (
            HEAR + RENDER + stage("speak", format="flac", voice="hannah"),
            r"\(speak\) voice .* hannah",
        ),
        (HEAR + RENDER, r"stage 3 \(speak\) is gone"),
    ],
)
def test_a_changed_setting_is_told_and_the_work_done_again(
    cook: Cook, talk: Path, caplog: pytest.LogCaptureFixture, changed: str, told: str
) -> None:
    caplog.set_level("INFO")
    cook(HEAR + RENDER + SPEAK, talk)
    assert not cook(changed, talk)[0].is_skipped
    assert re.search(f"talk.wav: done again: .*{told}", caplog.text)
    assert cook(changed, talk)[0].is_skipped


def test_what_was_stopped_on_its_way_is_not_taken_for_done(
    cook: Cook, talk: Path, tmp_path: Path
) -> None:
    cook(HEAR + RENDER, talk)
    shown = (tmp_path / "out" / "talk.srt").read_text()
    narrow = HEAR + stage("render", output_format="srt", max_line_width=20)
    cook(HEAR, talk, overwrite=True)  # as far as a run came that was to write the first again
    (tmp_path / "out" / "talk.srt").write_text(shown)
    assert not cook(narrow, talk)[0].is_skipped
    assert (tmp_path / "out" / "talk.srt").read_text() != shown


def test_one_recording_that_fails_does_not_stop_the_others(
    cook: Cook, talk: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    results = cook(HEAR + stage("render", output_format="srt"), bad, talk)
    assert [bool(result.error) for result in results] == [True, False]
    assert names(results) == ["talk.json", "talk.srt"]


def test_chapters_of_the_recording_are_spoken_and_translated(
    cook: Cook, marked: Path, server: Server, tmp_path: Path
) -> None:
    server.replies.append(lines)
    recipe = HEAR + stage("translate", into="en") + stage("speak")
    assert cook(recipe, marked)[0].error is None
    chat = next(seen for seen in server.seen if "chat" in seen.path)
    assert TITLES[1] in chat.json["messages"][1]["content"]
    assert TITLES[1] not in load(tmp_path / "out" / "marked.en.json").text
    found = chapters(tmp_path / "out" / "marked.en.narration.m4a")
    assert [each.title for each in found] == TITLES


def test_chapters_of_a_model_go_before_those_of_the_recording(
    cook: Cook, marked: Path, server: Server, tmp_path: Path
) -> None:
    made = {"chapters": [{"time": "0:00:00", "title": "Bababa"}]}
    server.replies.append(json.dumps(made))
    assert cook(HEAR + stage("chapters") + stage("speak"), marked)[0].error is None
    assert [each.title for each in chapters(tmp_path / "out" / "marked.narration.m4a")] == [
        "Bababa"
    ]


def test_a_summary_can_be_spoken_in_its_own_language(
    cook: Cook, talk: Path, server: Server, tmp_path: Path
) -> None:
    server.replies.append(json.dumps({"summary": speechlike.text(range(40, 50))}))
    german = stage("transcribe", language="de", voice_check=False)
    recipe = german + stage("summary", into="en") + stage("speak", of="summary", format="wav")
    assert cook(recipe, talk)[0].error is None
    path = tmp_path / "out" / "talk.narration.wav"
    heard = speechlike.hear(*soundfile.read(path, dtype="float32"))
    assert [each.text for each in heard] == speechlike.text(range(40, 50)).split()


def test_a_strict_check_keeps_a_flagged_recording_from_later_stages(
    cook: Cook, talk: Path, tmp_path: Path
) -> None:
    hear = stage("transcribe", language="en", voice_check=False, flag_limit=["min-avg-logprob=0"])
    recipe = hear + stage("check", strict=True) + stage("speak")
    for _ in range(2):
        (result,) = cook(recipe, talk)
        assert result.error and result.error.exit_code == 5
        assert names([result]) == ["talk.json", "talk.check.json"]
    flags = json.loads((tmp_path / "out" / "talk.check.json").read_text())["flags"]
    assert flags and flags[0]["kind"] == "low-confidence"


def test_repair_asks_again_only_about_what_is_flagged(
    cook: Cook, server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, speechlike.make_recording(WORDS), 16_000)
    server.faults.append(doubtful(20, 30))
    recipe = HEAR + stage("check") + stage("repair") + stage("render", output_format="txt")
    assert cook(recipe, path)[0].error is None
    out = tmp_path / "out"
    assert json.loads((out / "long.check.json").read_text())["flags"]
    assert " ".join((out / "long.txt").read_text().split()) == TRUTH
    assert load(out / "long.json").flags == ()
    assert sum(seen.audio_s > WORDS / 2 - 1 for seen in server.seen) == 1


def test_one_purse_pays_for_all_recordings_and_stages(
    cook: Cook, talk: Path, server: Server, tmp_path: Path
) -> None:
    other = tmp_path / "other.wav"
    soundfile.write(other, np.concatenate([SOUND, SOUND]), 16_000)
    recipe = HEAR + stage("speak")
    with pytest.raises(LimitReached, match="--max-requests 2"):
        cook(recipe, talk, other, max_requests=2)
    assert len(server.seen) == 2


def test_a_wish_to_stop_is_heard(cook: Cook, talk: Path, server: Server) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped):
        cook(HEAR, talk, stop=stop)
    assert server.seen == []


@pytest.mark.parametrize(
    ("recipe", "error", "words"),
    [
        (HEAR + stage("speak", voice="tom"), UsageError, "choose from autumn"),
        (HEAR + stage("translate", into="de") + stage("speak"), UsageError, "not German"),
        (HEAR + stage("summary", backend="local"), AuthError, "nobody to chat with"),
        (stage("transcribe", model="orpheus") + stage("render"), UsageError, "orpheus"),
    ],
)
def test_what_cannot_work_is_told_before_any_work(
    cook: Cook, talk: Path, server: Server, recipe: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        cook(recipe, talk)
    assert server.seen == []


def test_branches_work_on_what_they_name_and_one_that_fails_leaves_the_others(
    cook: Cook, talk: Path, server: Server, tmp_path: Path
) -> None:
    server.replies.extend(["no json at all", "again none", "and none", json.dumps({"items": []})])
    recipe = (
        HEAR
        + stage("summary")
        + stage("speak", of="summary", format="wav")
        + stage("actions", **{"from": "transcribe"})
        + stage("render", **{"from": "transcribe"}, output_format="vtt,ttml")
    )
    (result,) = cook(recipe, talk)
    assert result.error is not None
    assert names([result]) == ["talk.json", "talk.actions.txt", "talk.vtt", "talk.ttml"]


def test_a_text_passes_the_stages_that_listen_as_it_is(
    cook: Cook, talk: Path, server: Server, tmp_path: Path
) -> None:
    book = tmp_path / "book.md"
    book.write_text("# One\n\nIt is late.\n\n# Two\n\nWe go home.\n")
    (result,) = cook(HEAR + stage("render", output_format="srt") + stage("speak"), book)
    assert names([result]) == ["book.json", "book.srt", "book.narration.m4a"]
    assert load(tmp_path / "out" / "book.json").text == "It is late. We go home."
    found = chapters(tmp_path / "out" / "book.narration.m4a")
    assert [each.title for each in found] == ["One", "Two"]
    assert not any("transcriptions" in seen.path for seen in server.seen)
