from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from support.server import Server
from support.spoken import spoken

from audiopipe.render import load

Run = Callable[..., "CompletedProcess[str]"]

TALK = spoken("We begin with the budget. It grew.", "Ann will call the landlord by Friday.")
CHAPTERS = {"chapters": [{"time": "0:00:00", "title": "Búdget"}, {"time": "0:00:07", "title": "B"}]}
CALL = {"time": "0:00:07", "task": "Call the landlord", "owner": "Ann", "due": "by Friday"}


@pytest.fixture
def ask(audiopipe: Run, server: Server, tmp_path: Path) -> Run:
    """The command, with the server as Groq, and talk.json in its folder."""
    TALK.save(tmp_path / "talk.json")

    def run(*arguments: object) -> CompletedProcess[str]:
        return audiopipe("ask", *arguments, **server.as_groq)

    return run


def rewritten(body: dict[str, Any]) -> str:
    rows = [line.split(": ", 1) for line in body["messages"][1]["content"].splitlines()]
    return json.dumps({"lines": [{"number": int(n), "text": text.upper()} for n, text in rows]})


@pytest.mark.parametrize(
    ("job", "reply", "text"),
    [
        ("summary", {"summary": "They met."}, "They met.\n"),
        ("chapters", CHAPTERS, "0:00:00 Búdget\n0:00:07 B\n"),
        ("actions", {"items": [CALL]}, "- [0:00:07] Call the landlord (Ann, by Friday)\n"),
        ("actions", {"items": []}, "No action items.\n"),
    ],
)
def test_a_job_writes_its_result_to_stdout(
    ask: Run, server: Server, job: str, reply: Any, text: str
) -> None:
    server.replies.append(json.dumps(reply))
    done = ask(job, "talk.json")
    assert (done.returncode, done.stdout) == (0, text), done.stderr
    again = ask(job, "talk.json", "-f", "json")
    assert again.returncode == 0 and isinstance(json.loads(again.stdout), dict)
    assert len(server.seen) == 1


def test_json_has_times_in_seconds(ask: Run, server: Server) -> None:
    server.replies.extend([json.dumps(CHAPTERS), json.dumps({"items": [CALL]})])
    rows = json.loads(ask("chapters", "talk.json", "-f", "json").stdout)["chapters"]
    assert [(row["start"], row["end"]) for row in rows] == [(0, 7), (7, 14)]
    (item,) = json.loads(ask("actions", "talk.json", "-f", "json").stdout)["items"]
    assert item == {
        "start": 7.0,
        "task": "Call the landlord",
        "owner": "Ann",
        "due": "by Friday",
    }


def test_a_translation_becomes_subtitles_or_a_transcript(
    ask: Run, server: Server, tmp_path: Path
) -> None:
    server.replies.append(rewritten)
    done = ask("translate", "talk.json", "--into", "de", "-f", "srt")
    assert "00:00:07,000 --> " in done.stdout and "ANN WILL CALL" in done.stdout
    assert ask("translate", "talk.json", "--into", "de", "-f", "json", "-o", ".").returncode == 0
    assert len(server.seen) == 1
    made = load(tmp_path / "talk.de.json")
    assert (made.language, made.text) == ("de", TALK.text.upper())


def test_a_transcript_is_rewritten_as_somebody_asks(ask: Run, server: Server) -> None:
    server.replies.append(rewritten)
    done = ask("rewrite", "talk.json", "--instruct", "Shout.")
    assert (done.returncode, "ANN WILL CALL" in done.stdout) == (0, True), done.stderr
    assert "What the owner asks: Shout." in server.seen[0].json["messages"][0]["content"]


def test_several_results_go_to_a_folder_and_a_bad_one_stops_no_other(
    ask: Run, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text("{}")
    server.replies.append(rewritten)
    done = ask("clean", "bad.json", "talk.json", "-o", "out")
    assert done.returncode == 3
    assert "bad.json is not a transcript" in done.stderr
    assert "BUDGET" in (tmp_path / "out" / "talk.clean.txt").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("translate", "talk.json"), "--into LANG"),
        (("clean", "talk.json", "--into", "de"), "take translate"),
        (("rewrite", "talk.json"), "--instruct TEXT"),
        (("clean", "talk.json", "--instruct", "x"), "--instruct TEXT"),
        (("chapters", "talk.json", "-f", "srt"), "take -f txt or -f json"),
        (("summary", "talk.json", "talk.json"), "-o DIR"),
        (("summary", "talk.json", "--prompts", "missing"), "missing"),
    ],
)
def test_what_cannot_work_is_wrong_usage(
    ask: Run, server: Server, arguments: tuple[str, ...], words: str
) -> None:
    done = ask(*arguments)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert server.seen == []


def test_times_that_stay_wrong_are_an_error_in_one_line(ask: Run, server: Server) -> None:
    wrong = json.dumps(
        {"chapters": [{"time": "0:00:00", "title": "A"}, {"time": "1:00:00", "title": "B"}]}
    )
    server.replies.extend([wrong] * 2)
    done = ask("chapters", "talk.json", "--max-retries", 1)
    assert (done.returncode, done.stdout) == (1, "")
    line = next(line for line in done.stderr.splitlines() if "no valid answer" in line)
    assert "no line begins at 1:00:00" in line


def test_the_length_of_answers_can_be_bounded(ask: Run, server: Server) -> None:
    server.replies.append(json.dumps({"summary": "They met."}))
    assert ask("summary", "talk.json", "--max-tokens", "321").returncode == 0
    assert server.seen[0].json["max_completion_tokens"] == 321
