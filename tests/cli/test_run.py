from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import soundfile
from support import speechlike
from support.server import Server

Run = Callable[..., CompletedProcess[str]]

RECIPE = """\
inputs = ["talks"]

[[stage]]
name = "transcribe"
language = "en"
voice-check = false

[[stage]]
name = "render"
output-format = "srt"
"""


@pytest.fixture
def cook(audiopipe: Run, server: Server, tmp_path: Path) -> Run:
    """The command, with the server as Groq, and two talks in a folder."""
    (tmp_path / "talks").mkdir()
    for name, words in (("a", 10), ("b", 20)):
        sound = speechlike.make_recording(words)
        soundfile.write(tmp_path / "talks" / f"{name}.wav", sound, 16_000)
    (tmp_path / "p.toml").write_text(RECIPE)

    def run(*arguments: object) -> CompletedProcess[str]:
        return audiopipe("run", *arguments, **server.as_groq)

    return run


def test_the_stages_are_done_for_each_recording_and_a_second_run_costs_nothing(
    cook: Run, server: Server, tmp_path: Path
) -> None:
    done = cook("p.toml", "-o", "out")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "talks/a.wav -> out/a.json, out/a.srt" in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("a.json", "a.srt", "b.json", "b.srt", "batch.json")
    }
    sent = len(server.seen)
    again = cook("p.toml", "-o", "out")
    assert again.returncode == 0 and "done already" in again.stderr
    assert cook("p.toml", "talks/b.wav", "-o", "out", "--overwrite").returncode == 0
    assert len(server.seen) == sent == 2


def test_what_a_run_has_made_is_no_input_of_the_next(cook: Run, tmp_path: Path) -> None:
    more = '\n[[stage]]\nname = "speak"\nformat = "wav"\n'
    (tmp_path / "p.toml").write_text(
        '[[stage]]\nname = "prepare"\n' + RECIPE.partition("\n")[2] + more
    )
    for told in ("talks/b.narration.wav", "done already"):
        done = cook("p.toml", "talks", "-o", "talks")
        assert done.returncode == 0 and told in done.stderr, done.stderr
    assert len([*(tmp_path / "talks").rglob("*.wav")]) == 4
    assert len([*(tmp_path / "talks").rglob("*.json")]) == 5  # with the record


def test_exit_codes_tell_how_it_went(cook: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no")
    assert cook("p.toml", "bad.wav", "-o", "out").returncode == 1
    done = cook("p.toml", "bad.wav", "talks", "-o", "out")
    assert done.returncode == 3 and "bad.wav is not a recording" in done.stderr
    assert cook("p.toml", "-o", "more", "--max-requests", "1").returncode == 0  # answers are kept
    assert cook("p.toml", "-o", "new", "--max-requests", "1", "--no-cache").returncode == 4


def test_a_strict_check_that_finds_flags_has_its_own_code(cook: Run, tmp_path: Path) -> None:
    strict = RECIPE.replace("false", 'false\nflag-limit = ["min-avg-logprob=0"]')
    (tmp_path / "p.toml").write_text(f'{strict}\n[[stage]]\nname = "check"\nstrict = true\n')
    done = cook("p.toml", "-o", "out")
    assert done.returncode == 5 and "a.wav: 1 flags, see out/a.check.json" in done.stderr


@pytest.mark.parametrize(
    ("recipe", "arguments", "words"),
    [
        (RECIPE.replace("render", "rendr"), (), "p.toml: stage 2: there is no stage 'rendr'"),
        (RECIPE, ("-",), "name a file in place of -"),
        (RECIPE.replace('"talks"', ""), (), "no recordings: name some"),
    ],
)
def test_what_cannot_work_is_wrong_usage(
    cook: Run, server: Server, tmp_path: Path, recipe: str, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "p.toml").write_text(recipe)
    done = cook("p.toml", *arguments, "-o", "out")
    assert (done.returncode, done.stdout) == (2, "") and words in done.stderr, done.stderr
    assert server.seen == [] and not (tmp_path / "out").exists()


def test_the_record_tells_status_what_became_of_each(
    cook: Run, audiopipe: Run, tmp_path: Path
) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no")
    assert cook("p.toml", "talks", "bad.wav", "-o", "out").returncode == 3
    done = audiopipe("status", "out")
    assert done.returncode == 3 and "inputs   2 done, 1 failed" in done.stdout, done.stdout
    assert "failed   bad.wav is not a recording" in done.stdout
    cook("p.toml", "talks", "-o", "out")
    rows = json.loads(audiopipe("status", "out", "--json").stdout)["rows"]
    assert [row["status"] for row in rows] == ["skipped", "skipped", "failed"]
    assert rows[0]["outputs"] == ["a.json", "a.srt"]


def test_paths_are_meant_from_the_folder_of_the_file(cook: Run, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "talks").rename(folder / "talks")
    (folder / "p.toml").write_text('output_dir = "made"\n' + RECIPE)
    done = cook("project/p.toml")
    assert done.returncode == 0 and (folder / "made" / "a.srt").exists(), done.stderr


def test_a_dry_run_draws_the_stages_and_does_nothing(
    cook: Run, server: Server, tmp_path: Path
) -> None:
    more = """
[[stage]]
name = "translate"
from = "transcribe"
into = ["de", "fr"]
model = "gpt-oss-20b"

[[stage]]
name = "render"
output-format = "vtt"

[[stage]]
name = "check"
from = "transcribe"
"""
    (tmp_path / "p.toml").write_text(RECIPE + more)
    done = cook("p.toml", "-o", "out", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout
        == """\
p.toml -> out
transcribe                        NAME.json
├─ render                         NAME.srt
├─ translate into de gpt-oss-20b  NAME.de.json
│  render                         NAME.de.vtt
├─ translate into fr gpt-oss-20b  NAME.fr.json
│  render                         NAME.fr.vtt
└─ check                          NAME.check.json
inputs: 2
"""
    )
    assert server.seen == [] and not (tmp_path / "out").exists()


def test_texts_are_inputs(cook: Run, server: Server, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('[[stage]]\nname = "speak"\nformat = ["wav", "flac"]\n')
    (tmp_path / "book.md").write_text("# Title\n\nGood morning.\n")
    (tmp_path / "old.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nGood evening.\n")
    done = cook("p.toml", "book.md", "old.srt", "-o", "out")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "out").glob("*.narration.*")}
    assert names == {
        f"{stem}.narration.{end}" for stem in ("book", "old") for end in ("wav", "flac")
    }
    sent = len(server.seen)
    assert "done already" in cook("p.toml", "book.md", "-o", "out").stderr
    done = cook("p.toml", "talks/a.wav", "book.md", "-o", "out")
    assert done.returncode == 3 and "talks/a.wav: no stage listens to it" in done.stderr
    assert len(server.seen) == sent
