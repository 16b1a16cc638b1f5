from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support import speechlike
from support.server import KEY, Server
from support.speechlike import Heard

import audiopipe
from audiopipe.backends.openai.transcribe import Groq
from audiopipe.limits.rules import Limits
from audiopipe.settings import ANSWERS
from audiopipe.store.answers import Store
from audiopipe.values.transcript import Transcript

RATE_HZ = 16_000


@pytest.fixture
def groq(server: Server) -> Iterator[Groq]:
    with Groq(api_key=KEY, base_url=server.url, limits=Limits()) as backend:
        yield backend


def heard(groq: Groq, **changes: Any) -> Transcript:
    """What the server writes for 20 s of tones, which no voice speaks."""
    source = (speechlike.make_recording(40), RATE_HZ)
    return audiopipe.transcribe(source, backend=groq, **changes)


def kinds(transcript: Transcript) -> set[str]:
    return {flag.kind for flag in transcript.flags}


def test_what_a_recogniser_writes_for_tones_is_flagged_as_said_by_nobody(groq: Groq) -> None:
    assert "text-without-speech" in kinds(heard(groq))


def test_without_the_voice_check_nothing_is_known_of_voices(groq: Groq) -> None:
    assert "text-without-speech" not in kinds(heard(groq, voice_check=False))


def test_a_limit_that_is_switched_off_flags_nothing(groq: Groq) -> None:
    assert heard(groq, flag_limits=("min-voice-share=none",)).flags == ()


def test_the_prompt_in_the_text_is_an_echo(groq: Groq) -> None:
    prompt = speechlike.text(range(3, 13))
    assert "prompt-echo" in kinds(heard(groq, prompt=prompt, voice_check=False))


def test_what_is_dropped_is_flagged_still_and_told_of(
    groq: Groq, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "audiopipe")
    dropped = heard(groq, drop=("text-without-speech",))
    assert len(dropped.text) < len(heard(groq).text)
    assert "text-without-speech" in kinds(dropped)
    assert any("dropped as text-without-speech" in line for line in caplog.messages)


def test_voices_are_heard_while_the_answer_is_under_way(
    groq: Groq, server: Server, tmp_path: Path
) -> None:
    found_first = threading.Event()

    def answer_late(samples: NDArray[np.float32], rate_hz: int) -> list[Heard]:
        with Store(tmp_path / ANSWERS) as store:
            for _ in range(3000):
                if "voice" in [each.kind for each in store.info()]:
                    found_first.set()
                    break
                time.sleep(0.01)
        return speechlike.hear(samples, rate_hz)

    server.hear = answer_late
    heard(groq, cache=True, cache_dir=str(tmp_path))
    assert found_first.is_set()
