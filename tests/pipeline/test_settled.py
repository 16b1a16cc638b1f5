"""What is told before the end stands in the whole, word for word."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support import speechlike
from support.answers import error
from support.server import KEY, Server
from support.speechlike import Heard

import audiopipe
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.transcribe import Groq
from audiopipe.limits.rules import Limits
from audiopipe.pipeline import Outcome
from audiopipe.values.events import Event, Settled
from audiopipe.values.transcript import Segment

WORDS = 200
SHORT: dict[str, Any] = {"chunk_length_s": 20.0, "overlap_s": 4.0, "voice_check": False}


def mishears(samples: NDArray[np.float32], rate_hz: int) -> list[Heard]:
    """Some words differently in each chunk, so that seams disagree."""
    heard = speechlike.hear(samples, rate_hz)
    dice = random.Random(len(samples) + sum(map(ord, "".join(each.text for each in heard))))
    return [
        Heard(f"x{each.text}", each.start_s, each.end_s) if dice.random() < 0.2 else each
        for each in heard
    ]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(mishears) as running:
        yield running


@pytest.fixture
def groq(server: Server) -> Iterator[Groq]:
    retry = Retry(base_s=0.01)
    with Groq(api_key=KEY, base_url=server.url, limits=Limits(), retry=retry) as backend:
        yield backend


def told(groq: Groq, first: int, **settings: Any) -> tuple[Outcome, list[Segment]]:
    """What became of a recording, and the segments that were told before the end."""
    told: list[Segment] = []

    def listen(event: Event) -> None:
        if isinstance(event, Settled):
            assert event.number == 0
            assert event.segments
            told.extend(event.segments)

    source = (speechlike.make_recording(WORDS, first=first), 16_000)
    settings = {**SHORT, **settings, "listener": listen}
    (outcome,) = audiopipe.transcribe_many([source], backend=groq, **settings)
    return outcome, told


@pytest.mark.parametrize("first", [0, 137])
@pytest.mark.parametrize(("length_s", "overlap_s"), [(20, 4), (30, 10), (17, 1)])
def test_what_is_settled_is_the_beginning_of_the_whole(
    groq: Groq, first: int, length_s: float, overlap_s: float
) -> None:
    outcome, settled = told(groq, first, chunk_length_s=length_s, overlap_s=overlap_s)
    whole = outcome.result()
    assert [each.text for each in settled] == [each.text for each in whole.segments[: len(settled)]]
    assert settled[-1].span.end_s > whole.duration_s - 2 * length_s


def test_a_lost_chunk_does_not_shift_what_is_settled(groq: Groq, server: Server) -> None:
    server.faults += [None, error(400, "could not process file")]
    outcome, settled = told(groq, 0, workers=1)
    whole = outcome.result()
    assert len(whole.failures) == 1
    assert tuple(settled) == whole.segments[: len(settled)]


def test_nothing_is_settled_where_the_end_decides(groq: Groq) -> None:
    assert told(groq, 0, drop=("repetition",))[1] == []
    assert told(groq, 0, chunk_length_s=600.0, overlap_s=10.0)[1] == []
