from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import soundfile as sf
from support.fixtures import JFK
from support.server import Server
from support.speechlike import make_recording

from audiopipe.render import save
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag, Segment, Source, Transcript

Run = Callable[..., "CompletedProcess[str]"]

SAID = Segment(
    Span(61, 64),
    " Thank you for watching.",
    avg_logprob=-0.25,
    compression_ratio=1.5,
    no_speech_prob=0.125,
)
FLAG = Flag("stock-phrase", Span(61, 64), 2.0, 0.0, "Listen, and strike it.")
CLEAN = Transcript(Source("talk.mp3", "", 100), "transcribe", "en", (SAID,))
DOUBTFUL = replace(CLEAN, flags=(FLAG,))
BAD = replace(CLEAN, flags=(FLAG, replace(FLAG, kind="too-slow", span=Span(0, 62))))


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    (tmp_path / "out" / "more").mkdir(parents=True)
    save(CLEAN, tmp_path / "out" / "clean.json")
    save(DOUBTFUL, tmp_path / "out" / "doubtful.json")
    save(BAD, tmp_path / "out" / "very bad.json")
    save(CLEAN, tmp_path / "out" / "more" / "clean.json")
    (tmp_path / "out" / "batch.json").write_text("{}")
    return tmp_path / "out"


def test_each_flag_stands_with_its_times_measure_limit_and_text(
    audiopipe: Run, batch: Path
) -> None:
    done = audiopipe("check", batch / "doubtful.json")
    assert done.returncode == 0, done.stderr
    head, row, *rest = done.stdout.splitlines()
    assert head.endswith("doubtful.json: 1 m 40 s, 1 segments, 1 flags on 3.0% of the time")
    assert (
        row.split()
        == (
            "00:01:01.000 - 00:01:04.000 stock-phrase 2.00 (limit 0) Thank you for watching."
        ).split()
    )
    assert any(line.split(maxsplit=2) == ["1", "stock-phrase", FLAG.detail] for line in rest)


def test_of_a_folder_the_worst_files_come_first(audiopipe: Run, batch: Path) -> None:
    done = audiopipe("check", batch)
    assert done.returncode == 0, done.stderr
    heads = [line.split(":")[0] for line in done.stdout.splitlines() if " segments, " in line]
    assert [Path(head).name for head in heads] == [
        "very bad.json",
        "doubtful.json",
        "clean.json",
        "clean.json",
    ]
    assert "batch.json" not in done.stdout + done.stderr


def test_the_measures_of_each_folder_are_shown_as_they_are_distributed(
    audiopipe: Run, batch: Path
) -> None:
    save(replace(CLEAN, segments=(replace(SAID, avg_logprob=-2.0),)), batch / "more" / "low.json")
    out = audiopipe("check", batch / "more").stdout
    (row,) = [line for line in out.splitlines() if line.split()[:1] == ["avg_logprob"]]
    assert row.split()[1:] == ["-2.000", "-2.000", "-2.000", "-0.250", "-0.250"]


def test_strict_exits_with_5_if_anything_is_flagged(audiopipe: Run, batch: Path) -> None:
    assert audiopipe("check", batch, "--strict").returncode == 5
    assert audiopipe("check", batch / "more", "--strict").returncode == 0


def test_json_has_files_worst_first_their_flags_and_the_folders(
    audiopipe: Run, batch: Path
) -> None:
    done = audiopipe("check", batch, "--json", "--strict")
    assert done.returncode == 5, done.stderr
    told = json.loads(done.stdout)
    assert [Path(each["file"]).stem for each in told["files"]][:2] == ["very bad", "doubtful"]
    assert told["files"][0]["flagged_share"] == 0.64
    assert told["files"][1]["flags"][0]["kind"] == "stock-phrase"
    first, second = told["folders"]
    assert (first["files"], first["kinds"]) == (3, {"stock-phrase": 2, "too-slow": 1})
    assert second["measures"]["avg_logprob"]["median"] == -0.25


def test_what_is_named_and_is_no_transcript_is_told_and_the_rest_is_checked(
    audiopipe: Run, batch: Path, tmp_path: Path
) -> None:
    (batch / "other.json").write_text("{}")
    done = audiopipe("check", batch / "other.json", batch / "clean.json")
    assert done.returncode == 3
    assert "other.json is not a transcript" in done.stderr and "clean.json" in done.stdout
    assert audiopipe("check", batch / "none.json").returncode == 1
    (tmp_path / "empty").mkdir()
    alone = audiopipe("check", tmp_path / "empty")
    assert alone.returncode == 1 and "no transcript below it" in alone.stderr


def test_a_transcript_without_measures_is_checked_too(audiopipe: Run, tmp_path: Path) -> None:
    save(replace(CLEAN, segments=()), tmp_path / "silent.json")
    done = audiopipe("check", tmp_path / "silent.json")
    assert done.returncode == 0, done.stderr
    assert "avg_logprob" not in done.stdout


def test_dropped_text_is_gone_its_flags_stay_and_the_log_says_how_much(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    sf.write(tmp_path / "a.flac", make_recording(20), 16_000)
    asked = ["transcribe", "a.flac", "-f", "json"]
    flags = ("-o", "kept", "--flag-limit", "min-avg-logprob=0")
    assert audiopipe(*asked, *flags, **server.as_groq).returncode == 0
    kept = json.loads((tmp_path / "kept" / "a.json").read_text())
    limits = ["--flag-limit", "min-avg-logprob=0", "--drop", "low-confidence"]
    done = audiopipe(*asked, "-o", "dropped", *limits, **server.as_groq)
    assert done.returncode == 0, done.stderr
    dropped = json.loads((tmp_path / "dropped" / "a.json").read_text())
    assert kept["text"] and dropped["text"] == "" and dropped["flags"] == kept["flags"]
    assert f"{len(kept['segments'])} segments dropped as low-confidence" in done.stderr


@pytest.mark.parametrize(
    ("flags", "reason"),
    [(["--drop", "noise"], "'noise'"), (["--flag-limit", "loudness=3"], "loudness=3")],
)
def test_a_kind_or_limit_that_does_not_exist_is_refused_before_anything_is_read(
    audiopipe: Run, flags: list[str], reason: str
) -> None:
    done = audiopipe("transcribe", JFK, "--backend", "local", *flags)
    assert done.returncode == 2 and reason in done.stderr


def test_rules_are_checked_on_subtitles_as_they_stand(audiopipe: Run, tmp_path: Path) -> None:
    fast = "1\n00:00:01,000 --> 00:00:02,000\nMuch too much to be read\nin a single second.\n"
    (tmp_path / "fast.srt").write_text(fast)
    (tmp_path / "slow.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:03.000\nFine.\n")
    done = audiopipe("check", "fast.srt", "slow.vtt", "--rules", "netflix", "-l", "english")
    assert done.returncode == 0, done.stderr
    head, row, other = done.stdout.splitlines()
    assert head == "fast.srt: 1 subtitles, 1 break the rules of netflix"
    assert row.split()[:8] == "1 00:00:01.000 - 00:00:02.000 reading-speed 43 (limit 20".split()
    assert other == "slow.vtt: 1 subtitles, 0 break the rules of netflix"
    told = audiopipe("check", ".", "--rules", "netflix", "--json", "--strict")
    assert told.returncode == 5
    first, second = json.loads(told.stdout)["files"]
    assert first["breaches"][0]["rule"] == "reading-speed" and second["breaches"] == []


def test_rules_are_checked_on_a_transcript_as_it_would_be_shown(
    audiopipe: Run, batch: Path
) -> None:
    done = audiopipe("check", batch / "clean.json", "missing.srt", "--rules", "bbc")
    assert done.returncode == 3 and "clean.json: 1 subtitles, 0 break" in done.stdout
    assert "missing.srt" in done.stderr


@pytest.mark.parametrize("command", [("render", "-f", "srt"), ("check", "--rules", "ebu")])
def test_a_pattern_of_the_shell_may_name_the_record_of_a_batch_too(
    audiopipe: Run, batch: Path, command: tuple[str, ...]
) -> None:
    done = audiopipe(command[0], *sorted(batch.glob("*.json")), *command[1:])
    assert done.returncode == 0 and "batch.json" not in done.stderr, done.stderr
    assert audiopipe(command[0], batch / "batch.json", *command[1:]).returncode == 1


def test_the_record_among_the_files_of_a_batch_is_no_transcript(
    audiopipe: Run, batch: Path
) -> None:
    done = audiopipe("check", *sorted(batch.glob("*.json")))
    assert done.returncode == 0 and "batch.json" not in done.stderr + done.stdout, done.stderr
    assert audiopipe("check", batch / "batch.json").returncode != 0
