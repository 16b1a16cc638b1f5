from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.audio.vad import Voice
from audiopipe.stages.flag.evidence import Evidence
from audiopipe.stages.flag.repeats import loops, prompt_echo
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import ChunkTranscript, Flag, Segment, Word

PROMPT = "A meeting of the board about Kubernetes, Grafana and the budget of the year."


def echoes(*texts: str, prompt: str | None = PROMPT) -> list[Flag]:
    segments = tuple(Segment(Span(n, n + 1), f" {text}") for n, text in enumerate(texts))
    whole = Span(0, 1e5)
    transcript = ChunkTranscript(Window(0, (whole,), whole), "en", segments, Usage())
    return list(prompt_echo(Evidence(transcript, Thresholds(), None, prompt)))


def test_the_prompt_in_place_of_speech_is_an_echo_with_its_number_of_words() -> None:
    (found,) = echoes("Well.", "a meeting of the board about Kubernetes", "Well.")
    assert (found.span, found.value, found.limit) == (Span(1, 2), 7, 5)


def test_an_echo_across_segments_is_one() -> None:
    (found,) = echoes("A meeting of the", "board about kubernetes", "grafana and the")
    assert (found.span, found.value) == (Span(0, 3), 10)


def test_each_echo_is_told() -> None:
    said = "the budget of the year."
    assert [f.span for f in echoes(f"and {said}", "no,", f"and {said}")] == [Span(0, 1), Span(2, 3)]


def test_words_that_the_prompt_knows_may_be_said() -> None:
    assert echoes("Kubernetes and Grafana are in the budget of the year, said the board.") == []


def test_a_name_alone_as_prompt_is_no_echo_when_it_is_said() -> None:
    assert echoes("Kubernetes is what we use.", prompt="Kubernetes") == []


def test_a_short_prompt_is_an_echo_when_it_is_said_whole() -> None:
    (found,) = echoes("Kubernetes, Grafana, Prometheus.", prompt="Kubernetes, Grafana, Prometheus")
    assert (found.value, found.limit) == (3, 2)


@pytest.mark.parametrize("prompt", [None, "", " ", "..."])
def test_without_a_prompt_there_is_no_echo(prompt: str | None) -> None:
    assert echoes(PROMPT, prompt=prompt) == []


@given(st.lists(st.sampled_from("abc"), min_size=3), st.lists(st.sampled_from("abcd")))
def test_an_echo_is_as_long_as_the_longest_piece_of_the_prompt_in_the_text(
    prompt: list[str], said: list[str]
) -> None:
    def stands(length: int, start: int) -> bool:
        piece = said[start : start + length]
        return any(prompt[n : n + length] == piece for n in range(len(prompt)))

    longest = max(
        (
            length
            for start in range(len(said))
            for length in range(len(said) - start + 1)
            if stands(length, start)
        ),
        default=0,
    )
    found = echoes(" ".join(said), prompt=" ".join(prompt))
    limit = min(5, len(prompt) - 1)
    assert max((flag.value for flag in found), default=0) == (longest if longest > limit else 0)


def repeated(step_s: float, *, voiced: bool, jitter_s: float = 0.0) -> Evidence:
    starts = [n * step_s + (jitter_s if n % 3 else 0) for n in range(24)]
    words = tuple(
        Word(Span(at_s, at_s + 0.8 * step_s), f" {'never again'.split()[n % 2]}")
        for n, at_s in enumerate(starts)
    )
    whole = Span(0, words[-1].span.end_s)
    segment = Segment(whole, "".join(word.text for word in words), words)
    transcript = ChunkTranscript(Window(0, (whole,), whole), "en", (segment,), Usage())
    voice = (whole,) if voiced else ()
    return Evidence(transcript, Thresholds(), Voice(voice, voice))


def test_what_is_really_said_again_and_again_is_no_loop() -> None:
    assert list(loops(repeated(0.4, voiced=True))) == []


@pytest.mark.parametrize(
    "loop",
    [
        repeated(0.4, voiced=False),
        repeated(0.05, voiced=True),
        repeated(0.9, voiced=True, jitter_s=0.8),
    ],
    ids=["over no voice", "faster than anybody speaks", "by fits and starts"],
)
def test_a_loop_is_told_by_the_sound(loop: Evidence) -> None:
    (found,) = loops(loop)
    assert (found.kind, found.value) == ("repetition", 12)
