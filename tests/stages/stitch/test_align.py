from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from audiopipe.stages.stitch.align import align
from audiopipe.text.words import Heard, normal_form
from audiopipe.values.audio import Span


def heard(*words: tuple[str, float]) -> list[Heard]:
    return [Heard(text, Span(at_s, at_s + 0.2)) for text, at_s in words]


def test_case_and_punctuation_do_not_tell_words_apart() -> None:
    assert normal_form(" “Hello,”") == normal_form("HELLO") == "hello"


def test_of_two_copies_of_a_phrase_the_one_at_the_right_time_is_taken() -> None:
    left = heard(("it", 0), ("was", 0.3), ("it", 2), ("was", 2.3))
    right = heard(("it", 2.1), ("was", 2.4))
    assert align(left, right, tolerance_s=1) == [(2, 0), (3, 1)]


def test_a_lone_match_at_another_time_is_not_believed() -> None:
    left, right = heard(("the", 0), ("cat", 1)), heard(("a", 0.2), ("the", 0.9))
    assert align(left, right, tolerance_s=1) == []


def test_a_lone_match_at_the_same_time_is_believed() -> None:
    assert align(heard(("cat", 1)), heard(("cat", 1.2)), tolerance_s=1) == [(0, 0)]


words = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 5)), max_size=12)


@given(words, words)
def test_pairs_rise_on_both_sides_and_join_equal_words_within_the_tolerance(
    a: list[tuple[str, float]], b: list[tuple[str, float]]
) -> None:
    left, right = heard(*a), heard(*b)
    pairs = align(left, right, tolerance_s=1)
    assert all(i < k and j < m for (i, j), (k, m) in itertools.pairwise(pairs))
    for i, j in pairs:
        assert left[i].norm == right[j].norm
        assert abs(left[i].span.middle_s - right[j].span.middle_s) <= 1


@given(words)
def test_a_sequence_aligns_with_itself_word_by_word(a: list[tuple[str, float]]) -> None:
    side = heard(*sorted(a, key=lambda word: word[1]))
    assert align(side, side, tolerance_s=1) == [(n, n) for n in range(len(side))]


def test_a_loop_of_one_word_on_both_sides_is_aligned_in_linear_time() -> None:
    loop = [Heard("ja", Span(n / 5000, n / 5000)) for n in range(30_000)]
    assert align(loop, loop[3:], 1.0) == [(n, n) for n in range(30_000 - 3)]
