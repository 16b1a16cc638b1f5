from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.answers import Answer
from support.server import Server

Run = Callable[..., "CompletedProcess[str]"]

SCHEMA = {
    "type": "object",
    "properties": {"names": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
    "required": ["names"],
}


@pytest.fixture
def chat(audiopipe: Run, server: Server) -> Run:
    """The command, with the server as Groq."""

    def run(*arguments: object, **options: object) -> CompletedProcess[str]:
        return audiopipe("chat", *arguments, **server.as_groq, **options)

    return run


def test_the_answer_goes_to_stdout_alone_and_what_it_took_to_stderr(chat: Run) -> None:
    done = chat("Hello there.")
    assert (done.returncode, done.stdout) == (0, "You said: Hello there.\n")
    assert "openai/gpt-oss-120b: 6 tokens read, 4 written, $0.0000" in done.stderr


def test_flags_reach_the_server(chat: Run, server: Server) -> None:
    done = chat(
        "Hi.", "--system", "Be brief.", "-m", "gpt-oss-20b", "--temperature", 0, "--top-p", 0.5,
        "--max-tokens", 60, "--stop", "six", "--stop", "seven", "--seed", 3,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    body = server.seen[0].json
    assert [each["content"] for each in body.pop("messages")] == ["Be brief.", "Hi."]
    assert body == {
        "model": "openai/gpt-oss-20b",
        "temperature": 1e-8,
        "top_p": 0.5,
        "max_completion_tokens": 60,
        "seed": 3,
        "stop": ["six", "seven"],
    }


def test_a_message_comes_from_stdin_whatever_its_script(chat: Run) -> None:
    assert chat("-", stdin="Grüße, 你好".encode()).stdout == "You said: Grüße, 你好\n"
    done = chat("-", stdin=b"\xff\xfe")
    assert (done.returncode, "stdin is no text in UTF-8" in done.stderr) == (1, True)


def test_a_streamed_answer_is_the_same(chat: Run, server: Server) -> None:
    assert chat("Hello there.", "--stream").stdout == "You said: Hello there.\n"
    assert server.seen[0].json["stream"] is True


def test_json_is_written_as_json_and_a_schema_is_held(
    chat: Run, server: Server, tmp_path: Path
) -> None:
    assert json.loads(chat("Hi.", "--json").stdout) == {"said": "Hi."}
    (tmp_path / "names.json").write_text(json.dumps(SCHEMA))
    server.replies.extend(['{"names": []}', '{"names": ["Ädä"]}'])
    done = chat("Who?", "--schema", "names.json")
    assert done.stdout == '{\n "names": [\n  "Ädä"\n ]\n}\n'
    server.replies.extend(['{"names": []}', '{"names": 3}'])
    done = chat("Who?", "--schema", "names.json", "--max-retries", 1)
    assert (done.returncode, done.stdout) == (1, "")
    assert "in 2 tries: names: " in done.stderr and '{"names": 3}' in done.stderr


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--json", "--stream"), "--stream cannot be used with JSON"),
        (("--json", "--stop", "x"), "--stop cannot be used with JSON"),
        (("--temperature", 3), "--temperature cannot be '3': a number from 0 to 2"),
        (("--schema", "missing.json"), "cannot read the JSON Schema in missing.json"),
        (("-m", "turbo"), "does not chat"),
        (("--logprobs",), "No such option"),
        ((*("--stop", "x") * 5,), "--stop takes one to 4 texts"),
    ],
)
def test_what_cannot_work_is_wrong_usage_and_nothing_is_sent(
    chat: Run, server: Server, flags: tuple[object, ...], words: str
) -> None:
    done = chat("Hi.", *flags)
    assert done.returncode == 2
    assert words in done.stderr
    assert server.seen == []


def test_with_neither_key_nor_server_both_ways_are_named(audiopipe: Run) -> None:
    done = audiopipe("chat", "Hi.")
    assert (done.returncode, done.stdout) == (1, "")
    assert "set GROQ_API_KEY, or name an OpenAI-compatible server with --base-url" in done.stderr


def test_a_server_without_a_key_is_reached_by_its_address(audiopipe: Run, server: Server) -> None:
    done = audiopipe("chat", "Hi.", "-m", "openai/gpt-oss-20b", "--base-url", server.url)
    assert "check the API key" in done.stderr  # this one wants a key, which was not invented
    assert "authorization" not in server.seen[0].headers


def test_a_cut_answer_is_written_with_a_warning(chat: Run) -> None:
    done = chat("one two three", "--max-tokens", 3)
    assert (done.returncode, done.stdout) == (0, "You said: one\n")
    assert "cut off (length): raise --max-tokens" in done.stderr


@pytest.mark.parametrize("flags", [("--temperature", "0"), ("--temperature", "0", "--stream")])
def test_an_answer_that_repeats_is_not_asked_for_again(
    chat: Run, server: Server, flags: tuple[str, ...]
) -> None:
    first, again = chat("Hi.", *flags), chat("Hi.", *flags)
    assert again.stdout == first.stdout
    assert "kept from an earlier run" in again.stderr
    assert len(server.seen) == 1
    chat("Hi.", *flags, "--no-cache")
    assert len(server.seen) == 2


def test_ctrl_c_ends_a_stream_in_order(server: Server, tmp_path: Path) -> None:
    event = b'data: {"choices": [{"delta": {"content": "Once "}}]}\n\n'
    server.faults.append(Answer(200, event * 2, "text/event-stream", slow_s=30.0))
    command = [sys.executable, "-m", "audiopipe", "chat", "Tell me.", "--stream"]
    environment = {**os.environ, **server.as_groq}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout and running.stderr
        assert running.stdout.read(5) == b"Once "  # as it came, before the rest
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (130, b"\n")
    assert err.decode() == "audiopipe: stopped: the answer is not whole\n"
