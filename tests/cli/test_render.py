from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from audiopipe.render import load, save
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript

Run = Callable[..., "CompletedProcess[str]"]

SRT = "1\n00:00:01,000 --> 00:00:02,500\nGood morning.\n"
WHISPER = {
    "text": " Good day.",
    "segments": [{"start": 1.0, "end": 2.5, "text": " Good day.", "avg_logprob": -1.4}],
    "language": "en",
}


def test_others_transcripts_are_rendered_and_each_bad_one_is_a_line(
    audiopipe: Run, tmp_path: Path
) -> None:
    (tmp_path / "a.srt").write_text(SRT)
    (tmp_path / "b.json").write_text(json.dumps(WHISPER))
    (tmp_path / "c.json").write_text('{"model": "x"}')
    (tmp_path / "d.vtt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    done = audiopipe("render", "a.srt", "b.json", "c.json", "d.vtt", "-f", "vtt", "-o", "out")
    assert done.returncode == 3 and done.stdout == ""
    assert [line.split(" is ")[0] for line in done.stderr.splitlines()] == [
        "audiopipe: c.json",
        "audiopipe: d.vtt",
    ]
    assert "00:00:01.000 --> 00:00:02.500\nGood morning." in (tmp_path / "out/a.vtt").read_text()
    assert "Good day." in (tmp_path / "out/b.vtt").read_text()


def test_no_result_is_written_over_its_input(audiopipe: Run, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(SRT)
    done = audiopipe("render", "a.srt", "-f", "srt,json,txt", "--max-line-width", "5")
    assert done.returncode == 0 and "a.srt: not written over" in done.stderr
    assert (tmp_path / "a.srt").read_text() == SRT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.srt", "a.txt"]


def test_a_verbose_json_gives_results_of_its_own_name(audiopipe: Run, tmp_path: Path) -> None:
    told = Transcript(
        Source("a.wav", "", 2), "transcribe", "en", (Segment(Span(0, 1), " Hi there."),)
    )
    save(told, tmp_path / "a.json")
    save(told, tmp_path / "a.verbose.json")
    assert audiopipe("render", "a.verbose.json", "-f", "srt").returncode == 0
    assert load(tmp_path / "a.srt").text == "Hi there."
    counted = json.loads(audiopipe("check", ".", "--json").stdout)
    assert [Path(file["file"]).name for file in counted["files"]] == ["a.json"]


def test_what_others_measured_is_checked(audiopipe: Run, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.dumps(WHISPER))
    done = audiopipe("check", "b.json", "--strict")
    assert done.returncode == 5 and "low-confidence" in done.stdout


def test_a_second_language_stands_below_the_first(audiopipe: Run, tmp_path: Path) -> None:
    (tmp_path / "de").mkdir()
    for name in ("a.srt", "b.srt"):
        (tmp_path / name).write_text(SRT)
        (tmp_path / "de" / name).write_text(SRT.replace("Good morning.", "Guten Morgen."))
    done = audiopipe("render", "a.srt", "b.srt", "--second", "de", "-f", "srt", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert "Good morning.\nGuten Morgen.\n" in (tmp_path / "out" / "b.srt").read_text()
    done = audiopipe("render", "a.srt", "b.srt", "--second", "de/a.srt", "-f", "srt", "-o", "out")
    assert done.returncode == 2 and "--second of several transcripts is a folder" in done.stderr


def test_a_document_goes_to_stdout_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(SRT)
    command = [sys.executable, "-m", "audiopipe", "render", "a.srt", "-f", "docx", "-o", "-"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    assert done.stdout[:2] == b"PK" and zipfile.is_zipfile(io.BytesIO(done.stdout))
