"""What a run may spend counts every try that may be billed, and upload limits are learnt once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.answers import Answer, error, limited
from support.server import KEY, Server

from audiopipe import transcribe
from audiopipe.errors import AudiopipeError, LimitReached
from audiopipe.values.transcript import Transcript

RATE_HZ = 16_000


def sound(seconds: float) -> tuple[np.ndarray[Any, Any], int]:
    return np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * RATE_HZ)), RATE_HZ


def asked(server: Server, seconds: float = 5.0, **settings: Any) -> Transcript:
    return transcribe(
        sound(seconds),
        backend="groq",
        base_url=server.url,
        voice_check=False,
        **settings,
    )


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", KEY)


@pytest.mark.parametrize("fault", ["no-text", "internal", "cut-body", "truncated", "wrong-shape"])
@pytest.mark.parametrize("most", [1, 2])
def test_no_more_requests_are_sent_than_are_allowed(server: Server, fault: str, most: int) -> None:
    server.faults.extend([fault] * 5)
    with pytest.raises(LimitReached, match="--max-requests"):
        asked(server, max_requests=most)
    assert len(server.seen) == most


def test_the_cost_of_each_paid_answer_counts(server: Server) -> None:
    server.faults.extend(["no-text"] * 5)
    with pytest.raises(LimitReached, match="--max-cost"):
        asked(server, max_cost_usd=2.5 * 10 * 0.04 / 3600)
    assert len(server.seen) == 2


def test_a_refusal_for_a_limit_is_billed_by_nobody(server: Server) -> None:
    server.faults.append(limited(wait="20ms", used=6970))
    asked(server, max_requests=1)
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(413, b"<html><h1>413 Request Entity Too Large</h1></html>", "text/html"),
        error(413, "Maximum content size limit (1048576) exceeded"),
        error(400, "file too large - size limit: 1048576"),
    ],
)
def test_an_upload_limit_is_learnt_once(
    server: Server, monkeypatch: pytest.MonkeyPatch, refusal: Answer
) -> None:
    usual = server.answer

    def narrow(seen: Any) -> Answer:
        return refusal if len(seen.audio) > 1 << 20 else usual(seen)

    monkeypatch.setattr(server, "answer", narrow)
    free = ("rpm=none", "rpd=none", "ash=none", "asd=none")
    options = {"chunk_length_s": 120.0, "upload_format": "wav", "workers": 1, "limits": free}
    asked(server, 240.0, **options)
    refused = sum(len(seen.audio) > 1 << 20 for seen in server.seen)
    assert 1 <= refused <= 3
    before = len(server.seen)
    asked(server, 241.0, refresh=True, **options)
    again = [len(seen.audio) > 1 << 20 for seen in server.seen[before:]]
    assert sum(again) <= 1


def test_a_server_that_takes_no_size_fails_the_passage_alone(server: Server) -> None:
    server.faults.extend([error(413, "Request Entity Too Large")] * 50)
    with pytest.raises(AudiopipeError, match="bytes only"):
        asked(server, 3.0)
    assert len(server.seen) < 12
