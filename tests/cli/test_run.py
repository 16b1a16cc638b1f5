from __future__ import annotations

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
        *("a.json", "a.srt", "b.json", "b.srt")
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
    assert len([*(tmp_path / "talks").rglob("*.json")]) == 4


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
