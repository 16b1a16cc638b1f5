from __future__ import annotations

import json

import pytest

from audiopipe.backends.local.transcribe import Local
from audiopipe.values.audio import Chunk, Span, Window
from audiopipe.values.requests import Request
from audiopipe.values.transcript import Flag


def flags(*rows: tuple[str, str, str]) -> tuple[Flag, ...]:
    """Of an answer whose segments, 5 s each, have languages: written, spoken, maybe spoken."""
    span = Span(100, 100 + 5 * len(rows))
    segments = [
        {"start": 5 * n, "end": 5 * n + 4, "text": " Dober dan.", "language": written}
        | {"spoken": spoken, "maybe": maybe}
        for n, (written, spoken, maybe) in enumerate(rows)
    ]
    body = json.dumps({"language": rows[0][0], "segments": segments}).encode()
    chunk = Chunk(Window(0, (span,), span), b"", "pcm", "00")
    return Local().read(body, chunk, Request("transcribe", "base")).anomalies


def test_a_language_that_may_be_another_is_flagged_from_where_to_where_it_may() -> None:
    sure, unsure = ("sl", "sl", ""), ("sl", "sl", "hr")
    (flag,) = flags(sure, unsure, unsure, sure)
    assert (flag.kind, flag.span) == ("language-unsure", Span(105, 114))
    assert "croatian" in flag.detail.lower()


def test_each_language_that_it_may_be_is_a_flag_of_its_own() -> None:
    found = flags(("es", "es", "ca"), ("es", "es", "it"))
    assert [flag.kind for flag in found] == ["language-unsure"] * 2


@pytest.mark.parametrize("code", ["en", "de", "yo"])
def test_a_language_that_is_clear_is_not_flagged(code: str) -> None:
    assert flags((code, code, "")) == ()


def test_another_language_than_was_told_is_a_switch() -> None:
    (flag,) = flags(("en", "de", ""))
    assert flag.kind == "language-switch"
