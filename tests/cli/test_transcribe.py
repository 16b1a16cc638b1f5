from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import av
import numpy as np
import pytest
import soundfile as sf
from support import speechlike
from support.answers import error
from support.fixtures import RECORDINGS
from support.server import KEY, Server

from audiopipe.workflows.batch import NAME, read

Run = Callable[..., "CompletedProcess[str]"]

TINY = ("--backend", "local", "-m", "tiny.en")


def silent_video(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 64
        for _ in range(5):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def test_a_folder_with_bad_files_gives_the_good_ones_and_names_each_bad_one(
    audiopipe: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(RECORDINGS / "jfk.flac", folder / "deep" / "speech.flac")
    (folder / "empty.mp3").touch()
    (folder / "text.mp3").write_text("This is no recording. " * 100)
    silent_video(folder / "silent.mp4")
    whole = (RECORDINGS / "reading.mp3").read_bytes()
    (folder / "broken.mp3").write_bytes(whole[: len(whole) // 4])
    done = audiopipe("transcribe", folder, "-o", tmp_path / "out", *TINY)
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert "1 file left out: 1 of 0 bytes" in done.stderr
    for name in ("text.mp3", "silent.mp4", "broken.mp3"):
        assert len([line for line in done.stderr.splitlines() if name in line]) == 1, done.stderr
    assert "local recognises: --backend local was asked for" in done.stderr
    out = tmp_path / "out"
    assert "country" in (out / "deep" / "speech.txt").read_text()
    assert {path.name for path in (out / "deep").iterdir()} == {
        f"speech.{ending}" for ending in ("txt", "srt", "vtt", "json")
    }
    broken = json.loads((out / "broken.json").read_text())
    assert broken["text"] and broken["failures"]
    assert not list(out.glob("empty*")) + list(out.glob("text*")) + list(out.glob("silent*"))


def test_one_worker_and_eight_give_the_same_bytes(audiopipe: Run, tmp_path: Path) -> None:
    for workers in (1, 8):
        done = audiopipe(
            "transcribe", RECORDINGS / "jfk.flac", RECORDINGS / "calls" / "call.mp4", *TINY,
            "-l", "en", "--chunk-length", 6, "--overlap", 1, "-f", "all", "-j", workers,
            "-o", f"out{workers}", "--no-cache",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    ones, eights = (
        {path.name: path.read_bytes() for path in (tmp_path / f"out{n}").iterdir()} for n in (1, 8)
    )
    assert ones.pop(NAME) and eights.pop(NAME)  # they tell of times and runs
    assert len(ones) == 18
    assert ones == eights


def test_what_is_done_is_left_alone_until_its_input_changes(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    recording = tmp_path / "a.flac"
    spoken(recording, 4)
    arguments = ("transcribe", recording, "-o", "out")
    assert "->" in audiopipe(*arguments, **groq(server)).stderr
    again = audiopipe(*arguments, **groq(server))
    assert (again.returncode, "done already" in again.stderr) == (0, True)
    assert "->" in audiopipe(*arguments, "--overwrite", **groq(server)).stderr
    recording.touch()
    assert "->" in audiopipe(*arguments, **groq(server)).stderr


def test_stdin_goes_in_and_stdout_carries_the_text_alone(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    spoken(tmp_path / "a.flac", 4)
    given = (tmp_path / "a.flac").read_bytes()
    done = audiopipe("transcribe", "-", "-o", "-", "-f", "txt", stdin=given, **groq(server))
    assert done.returncode == 0, done.stderr
    assert " ".join(done.stdout.split()) == speechlike.text(range(4))


def test_underscores_and_whisper_names_work(audiopipe: Run, tmp_path: Path, server: Server) -> None:
    done = audiopipe(
        "transcribe", RECORDINGS / "jfk.flac", "--output_dir", "out", "--output_format",
        "verbose_json,tsv", "--initial_prompt", "Kennedy", "--no_word_timestamps", **groq(server),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (asked,) = server.seen
    assert asked.fields["prompt"] == ["Kennedy"]
    assert "timestamp_granularities[]" not in asked.fields
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "jfk.tsv",
        "jfk.verbose.json",
    ]


def test_translating_is_a_command_and_a_task(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    spoken(tmp_path / "a.flac", 4)
    for n, words in enumerate((("translate",), ("transcribe", "--task", "translate"))):
        flags = ("-o", f"out{n}", "-f", "json", "--no-cache")
        done = audiopipe(*words, "a.flac", *flags, **groq(server))
        assert done.returncode == 0, done.stderr
    first, second = ((tmp_path / f"out{n}" / "a.json").read_text() for n in (0, 1))
    assert first == second
    body = json.loads(first)
    assert (body["task"], body["language"]) == ("translate", "en")
    assert [seen.path.rpartition("/")[2] for seen in server.seen] == ["translations"] * 2


def test_a_stored_transcript_is_rendered_without_recognition(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    spoken(tmp_path / "a.flac", 20)
    audiopipe("transcribe", "a.flac", "-f", "json,srt,lrc", "-o", "out", **groq(server))
    made = (tmp_path / "out" / "a.srt").read_text()
    (tmp_path / "out" / "a.srt").unlink()
    done = audiopipe("render", tmp_path / "out" / "a.json", "-f", "srt,vtt")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "a.srt").read_text() == made
    assert (tmp_path / "out" / "a.vtt").read_text().startswith("WEBVTT")
    assert len(server.seen) == 1


def spoken(path: Path, words: int, first: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, speechlike.make_recording(words, first=first), 16_000)


def groq(server: Server) -> dict[str, str]:
    return {**server.as_groq, "AUDIOPIPE_WORKERS": "1"}


def statuses(folder: Path) -> dict[str, str]:
    return {Path(row.source).name: row.status for row in read(folder).rows}


def test_a_batch_leaves_a_record_and_one_file_alone_does_not(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    spoken(tmp_path / "in" / "a.flac", 20)
    audiopipe("transcribe", "in/a.flac", "-o", "alone", **groq(server))
    assert not (tmp_path / "alone" / NAME).exists()
    audiopipe("transcribe", "in", "-o", "folder", **groq(server))
    (row,) = read(tmp_path / "folder").rows
    assert (row.source, row.stem, row.status) == (str(tmp_path / "in" / "a.flac"), "a", "done")
    assert row.outputs == ("a.txt", "a.srt", "a.vtt", "a.json")
    assert (row.duration_s, row.requests, row.billed_s) == (10, 1, 10)
    assert row.cost_usd and row.spent_usd == 0  # the answer was there from the first run
    spoken(tmp_path / "b.flac", 20, first=50)
    audiopipe("transcribe", "b.flac", "-o", "folder", **groq(server))
    assert statuses(tmp_path / "folder") == {"b.flac": "done", "a.flac": "done"}


def test_trying_again_does_what_is_left_as_the_batch_was_asked_for(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    for n in range(3):
        spoken(tmp_path / "in" / "deep" / f"{n}.flac", 20 + n, first=50 * n)
    no = error(400, "could not process file")
    server.faults += [None, no, no]
    flags = ("-f", "txt", "-l", "de", "-m", "large-v3")
    done = audiopipe("transcribe", "in", "-o", "out", *flags, **groq(server))
    assert done.returncode == 3, done.stderr
    assert statuses(tmp_path / "out") == {"0.flac": "done", "1.flac": "failed", "2.flac": "failed"}
    before = len(server.seen)
    again = ("transcribe", "--retry-failed", "-o", "out")
    assert audiopipe(*again, tmp_path / "in" / "deep" / "1.flac", **groq(server)).returncode == 0
    assert statuses(tmp_path / "out") == {"1.flac": "done", "0.flac": "done", "2.flac": "failed"}
    assert audiopipe(*again, **groq(server)).returncode == 0
    assert set(statuses(tmp_path / "out").values()) == {"done"}
    assert len(server.seen) == before + 2
    assert {seen.fields["language"][0] for seen in server.seen} == {"de"}
    assert len({seen.fields["model"][0] for seen in server.seen}) == 1
    names = {path.name for path in (tmp_path / "out" / "deep").iterdir()}
    assert names == {"0.txt", "1.txt", "2.txt"}
    assert audiopipe(*again, **groq(server)).returncode == 0  # nothing is left


def test_a_recording_that_lacks_a_passage_is_done_again_and_asks_for_that_passage_alone(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    spoken(tmp_path / "in" / "a.flac", 60)
    server.faults += [None, error(400, "could not process file")]
    command = ("transcribe", "in", "-o", "out", "--chunk-length", 12, "--overlap", 2)
    done = audiopipe(*command, **groq(server))
    assert done.returncode == 3, done.stderr
    (row,) = read(tmp_path / "out").rows
    assert row.status == "partial" and "nothing from" in row.reason
    before = len(server.seen)
    assert audiopipe(*command, **groq(server)).returncode == 0
    assert len(server.seen) == before + 1
    assert statuses(tmp_path / "out") == {"a.flac": "done"}
    assert audiopipe(*command, **groq(server)).returncode == 0
    assert statuses(tmp_path / "out") == {"a.flac": "skipped"}


def test_subtitles_keep_to_the_limits_that_are_asked_for_and_are_rendered_anew_to_others(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    def widest() -> int:
        lines = (tmp_path / "a.srt").read_text().splitlines()
        return max(len(line) for line in lines if "-->" not in line)

    spoken(tmp_path / "a.flac", 60)
    limits = ("--max-line-width", 16, "--max-cue-duration", 3, "--min-gap", 0, "--overwrite")
    done = audiopipe("transcribe", "a.flac", "-f", "srt,json", *limits, **groq(server))
    assert done.returncode == 0, done.stderr
    assert 8 < widest() <= 16
    done = audiopipe("render", "a.json", "-f", "srt", "--max-line-width", 30)
    assert done.returncode == 0, done.stderr
    assert 20 < widest() <= 30
    done = audiopipe("render", "a.json", "-f", "srt", AUDIOPIPE_MAX_LINE_WIDTH="20")
    assert 16 < widest() <= 20
    done = audiopipe("render", "a.json", "--max-cue-duration", 0.5)
    assert (done.returncode, "0.833 s" in done.stderr) == (2, True), done.stderr


def test_a_glossary_is_used_again_when_a_batch_is_tried_again_from_elsewhere(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    for n in range(2):
        spoken(tmp_path / "in" / f"{n}.flac", 20 + n, first=50 * n)
    (tmp_path / "terms.txt").write_text(f"{speechlike.word(51)} => Ada\n")
    server.faults += [None, error(400, "could not process file")]
    flags = ("-f", "txt", "--glossary", "terms.txt", "--condition-on-previous-text")
    assert audiopipe("transcribe", "in", "-o", "out", *flags, **groq(server)).returncode == 3
    (tmp_path / "out").rename(tmp_path / "moved")
    done = audiopipe("transcribe", "--retry-failed", "-o", "moved", **groq(server))
    assert done.returncode == 0, done.stderr
    assert {seen.fields["prompt"][0] for seen in server.seen} == {"Ada"}
    assert " Ada " in (tmp_path / "moved" / "1.txt").read_text()


def test_short_recordings_come_first_and_the_record_keeps_the_order_of_the_inputs(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    for name, words in (("a", 40), ("b", 20), ("c", 30)):
        spoken(tmp_path / "in" / f"{name}.flac", words, first=words)
    done = audiopipe("transcribe", "in", "-o", "out", **groq(server))
    told = [line for line in done.stderr.splitlines() if "->" in line]
    assert [line.split(":")[1] for line in told] == [" in/b.flac", " in/c.flac", " in/a.flac"]
    assert list(statuses(tmp_path / "out")) == ["a.flac", "b.flac", "c.flac"]


def test_what_goes_to_stdout_keeps_the_order_of_the_inputs_and_leaves_no_record(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    for name, words in (("a", 40), ("b", 20)):
        spoken(tmp_path / "in" / f"{name}.flac", words, first=words)
    done = audiopipe("transcribe", "in", "-o", "-", "-f", "txt", **groq(server))
    assert done.stdout.split()[0] == speechlike.word(40)
    assert not list(tmp_path.glob(f"**/{NAME}"))


def test_an_input_that_would_write_over_the_record_keeps_its_ending(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    spoken(tmp_path / "in" / "batch.flac", 20)
    done = audiopipe("transcribe", "in", "-o", "out", **groq(server))
    assert done.returncode == 0, done.stderr
    assert statuses(tmp_path / "out") == {"batch.flac": "done"}
    assert (tmp_path / "out" / "batch.flac.json").exists()


def test_another_file_with_the_name_of_the_record_is_left_alone(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    spoken(tmp_path / "in" / "a.flac", 20)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / NAME).write_text('{"my": "own"}')
    done = audiopipe("transcribe", "in", "-o", "out", **groq(server))
    assert done.returncode == 0, done.stderr
    assert "not the record of a batch" in done.stderr
    assert (tmp_path / "out" / NAME).read_text() == '{"my": "own"}'


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("transcribe",), 2, "Missing argument"),
        (("transcribe", "--retry-failed", "-o", "none"), 1, "no batch in none"),
        (("transcribe", "x.mp3", "-f", "doc"), 2, "docx"),
        (("transcribe", "x.mp3", "--overlap", "400"), 2, "--overlap"),
        (("transcribe", "x.mp3", "--channels", "both"), 2, ", left, right, split"),
        (("prepare", "x.mp3", "--chunk-length", "nan"), 2, "a number above 0"),
        (("transcribe", "x.mp3", "--no-such-flag"), 2, "--no-such-flag"),
        (("transcribe", "x.mp3", "--config", "none.toml"), 2, "none.toml"),
        (("transcribe", "no-such-file.mp3"), 1, "no-such-file.mp3: no such file"),
        (("transcribe", RECORDINGS / "jfk.flac", "--backend", "groq"), 1, "GROQ_API_KEY"),
        (("transcribe", RECORDINGS / "jfk.flac", "--glossary", "none.txt", *TINY), 2, "none.txt"),
        (("render", "none.json"), 1, "none.json"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_its_exit_code(
    audiopipe: Run, arguments: tuple[object, ...], code: int, said: str
) -> None:
    done = audiopipe(*arguments)
    *_, last = done.stderr.splitlines()
    assert (done.returncode, said in last) == (code, True), done.stderr


def test_a_variable_that_is_wrong_or_misspelt_is_one_line_that_names_it(audiopipe: Run) -> None:
    for variable, value, said in (
        ("AUDIOPIPE_UPLOAD_FORMAT", "mp3", "flac, wav, opus"),
        ("AUDIOPIPE_CHANELS", "left", "did you mean AUDIOPIPE_CHANNELS?"),
    ):
        done = audiopipe("transcribe", "x.mp3", **{variable: value})
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert variable in done.stderr and said in done.stderr


def test_the_table_of_models_names_successors(audiopipe: Run) -> None:
    done = audiopipe("models")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "distil-whisper-large-v3-en" in line]
    assert "retired" in line and "whisper-large-v3-turbo" in line


def test_a_key_that_is_refused_half_way_keeps_what_is_written(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    (tmp_path / "in").mkdir()
    for n in range(4):
        sf.write(tmp_path / "in" / f"{n}.flac", speechlike.make_recording(20, first=n), 16_000)
    server.faults += [None, "spend"]
    done = audiopipe("transcribe", "in", "-o", "out", "-j", 1, **server.as_groq)
    assert done.returncode == 3, done.stderr
    assert "groq recognises: --backend groq was asked for" in done.stderr
    assert "billing" in done.stderr
    assert KEY not in done.stderr
    assert (tmp_path / "out" / "0.txt").read_text().split()[0] == speechlike.word(0)


def test_a_limit_that_lasts_too_long_is_exit_code_4(
    audiopipe: Run, tmp_path: Path, server: Server
) -> None:
    server.faults += ["limited"]
    done = audiopipe("transcribe", RECORDINGS / "jfk.flac", "--max-wait", 1, **server.as_groq)
    assert done.returncode == 4, done.stderr
