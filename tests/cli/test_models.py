from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.answers import Answer
from support.server import Server

LIST = b"""{"object": "list", "data": [
  {"id": "whisper-large-v3", "owned_by": "OpenAI", "active": true, "context_window": 448},
  {"id": "openai/gpt-oss-120b", "context_window": 131072, "max_completion_tokens": 65536},
  {"id": "acme/next-1", "owned_by": "Acme", "context_window": 4096, "active": true},
  {"id": "gemma2-9b-it", "active": false}]}"""


def test_the_server_tells_what_the_key_may_use(
    audiopipe: Callable[..., Any], server: Server
) -> None:
    server.faults.append(Answer(200, LIST))
    done = audiopipe("models", "--live", **server.as_groq)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert rows["acme/next-1"].split()[1:] == ["Acme", "4096", "new"]
    assert rows["openai/gpt-oss-120b"].split()[2:4] == ["131072", "65536"]
    assert rows["gemma2-9b-it"].endswith("not active")
    assert rows["whisper-large-v3-turbo"].endswith("gone, or not for this key")


def test_the_table_shows_context_and_most_output(audiopipe: Callable[..., Any]) -> None:
    row = next(
        line
        for line in audiopipe("models").stdout.splitlines()
        if line.startswith("openai/gpt-oss-1")
    )
    assert "131072" in row and "65536" in row


def test_without_key_or_server_it_says_what_is_needed(audiopipe: Callable[..., Any]) -> None:
    done = audiopipe("models", "--live", "--backend", "local")
    assert done.returncode != 0 and "GROQ_API_KEY" in done.stderr
