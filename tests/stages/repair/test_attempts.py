from __future__ import annotations

from dataclasses import replace

import numpy as np
from support.audio import babble

from audiopipe.audio.excerpt import samples_of
from audiopipe.stages.chunk import Cutting, chunk
from audiopipe.stages.repair.attempts import Attempt, attempts
from audiopipe.stages.repair.passages import Passage
from audiopipe.values.audio import Chunk, Span
from audiopipe.values.requests import Request

ASKED = Request("transcribe", "base", prompt="Dr. Fergus")
WARMER = replace(ASKED, temperature=0.2)
BETTER = replace(ASKED, model="large")
SPOKEN = Passage(Span(4, 14), ("low-confidence",), (Span(4, 14),))


def whole(skip_silence_s: float | None = None) -> Chunk:
    samples = babble(30)[: 20 * 16_000].copy()
    samples[6 * 16_000 : 12 * 16_000] = 0
    (only,) = chunk([samples], Cutting(60, 1, 25_000_000, "flac", skip_silence_s=skip_silence_s))
    return only


def tried(passage: Passage, denoise: bool = False, of: Chunk | None = None) -> list[Attempt]:
    of = of or whole()
    return list(attempts(of, samples_of(of), passage, ASKED, (BETTER, WARMER), denoise))


def test_a_passage_is_cut_out_then_asked_otherwise_in_the_order_of_the_backend() -> None:
    found = tried(SPOKEN)
    assert [each.how for each in found] == ["cut elsewhere", "model large", "temperature 0.2"]
    assert [each.request for each in found] == [ASKED, BETTER, WARMER]
    assert {each.chunk.window.span for each in found} == {Span(4, 14)}


def test_silence_is_trimmed_where_there_is_much_of_it_and_times_stay_those_of_the_file() -> None:
    parts = (Span(4, 6.3), Span(11.7, 14))
    found = tried(replace(SPOKEN, speech=parts))
    assert [each.how for each in found][:2] == ["cut elsewhere", "silence trimmed"]
    assert found[1].chunk.window.stretches == parts
    assert found[1].chunk.window.audio_s < 5


def test_where_nobody_can_be_heard_nothing_is_asked() -> None:
    assert tried(replace(SPOKEN, speech=())) == []


def test_after_an_echo_the_prompt_is_left_out() -> None:
    found = tried(replace(SPOKEN, kinds=("prompt-echo",)))
    assert [each.request.prompt for each in found] == [None] * 3


def test_noise_is_reduced_only_when_asked_for_and_nothing_moves() -> None:
    found = tried(SPOKEN, denoise=True)
    assert found[-1].how == "noise reduced"
    clean, plain = samples_of(found[-1].chunk), samples_of(found[0].chunk)
    assert len(clean) == len(plain)
    assert np.corrcoef(clean, plain)[0, 1] > 0.9


def test_a_passage_of_a_chunk_without_its_silence_is_cut_at_the_right_place() -> None:
    skipped = whole(skip_silence_s=1.0)
    assert skipped.window.audio_s < 16
    (first, *_) = tried(SPOKEN, of=skipped)
    rate = 16_000
    kept = [samples_of(whole())[round(s.start_s * rate) : round(s.end_s * rate)]
            for s in first.chunk.window.stretches]  # fmt: skip
    assert np.array_equal(samples_of(first.chunk), np.concatenate(kept))
    assert first.chunk.window.span.start_s == 4 and first.chunk.window.span.end_s == 14
