from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from audiopipe.backends.local.tongues import Guess, Tongues, passages, rival
from audiopipe.values.audio import Span

ENGLISH, GERMAN, UNSURE = {"en": 1.0, "de": 0.0}, {"en": 0.0, "de": 1.0}, {"en": 0.3, "de": 0.7}


def course(*guesses: Guess, length_s: float = 5.0) -> list[str]:
    return Tongues().course(guesses, [length_s] * len(guesses))


@given(st.lists(st.floats(0.05, 28), min_size=1, max_size=20))
def test_passages_cover_a_window(lengths_s: list[float]) -> None:
    found = passages(tuple(Span(100 * n, 100 * n + each) for n, each in enumerate(lengths_s)))
    assert found[0].start_s == 0 and abs(found[-1].end_s - sum(lengths_s)) < 1e-6
    assert all(left.end_s == right.start_s for left, right in pairwise(found))
    assert len(found) == 1 or all(each.duration_s >= 2.9 for each in found)
    assert all(each.duration_s < 9.1 for each in found)


def test_a_passage_ends_where_a_piece_does() -> None:
    pieces = (Span(0, 4), Span(10, 12.5), Span(20, 21.5))
    assert passages(pieces) == [Span(0, 4), Span(4, 8)]


def test_a_language_that_is_spoken_for_long_enough_is_heard() -> None:
    assert course(ENGLISH, GERMAN, GERMAN, ENGLISH) == ["en", "de", "de", "en"]
    assert course(ENGLISH, ENGLISH, GERMAN) == ["en", "en", "de"]


def test_a_passage_that_is_not_sure_says_nothing_against_those_around_it() -> None:
    assert course(ENGLISH, UNSURE, UNSURE, ENGLISH) == ["en"] * 4
    assert course(UNSURE, ENGLISH) == ["en", "en"]
    assert course(ENGLISH, GERMAN, ENGLISH) == ["en"] * 3


def test_a_moment_says_less_than_a_sentence() -> None:
    assert Tongues().course([GERMAN, ENGLISH], [0.5, 5]) == ["en", "en"]


def test_what_cannot_be_placed_is_no_rare_language() -> None:
    unclear = {"es": 0.01, "tl": 0.65}
    assert course({"es": 1.0, "tl": 0.0}, *[unclear] * 3, {"es": 1.0, "tl": 0.0}) == ["es"] * 5
    assert course(*[{"es": 0.0, "tl": 1.0}] * 2) == ["tl"] * 2


def test_what_is_told_of_the_language_is_contradicted_by_what_is_clear_alone() -> None:
    assert Tongues.told("en").course([GERMAN], [5.0]) == ["de"]
    assert Tongues.told("en").course([UNSURE, UNSURE], [5.0, 5.0]) == ["en", "en"]


@given(st.lists(st.sampled_from([ENGLISH, GERMAN, UNSURE]), min_size=2, max_size=30))
def test_what_came_before_counts(guesses: list[Guess]) -> None:
    tongues = Tongues()
    tongues.course(guesses[:1], [5.0])
    later = tongues.course(guesses[1:], [5.0] * (len(guesses) - 1))
    assert later[-1] == course(*guesses)[-1]


@given(
    st.lists(
        st.dictionaries(st.sampled_from("de en ru tl".split()), st.floats(0, 1), min_size=1),
        min_size=1,
        max_size=8,
    )
)
def test_guesses_may_name_other_languages_than_those_before(guesses: list[Guess]) -> None:
    """Where the words settle it the likeliest few are left."""
    found = course(*guesses)
    assert len(found) == len(guesses)
    assert {*found} <= {code for guess in guesses for code in guess}


def test_a_language_that_nobody_named_before_is_heard_from_then_on() -> None:
    words = {"en": 1.0, "de": 0.1}
    assert course(words, {"ru": 1.0}, {"ru": 1.0, "en": 0.0}) == ["en", "ru", "ru"]


def test_a_language_that_is_as_likely_is_in_doubt() -> None:
    assert rival("en", [UNSURE]) == "de"
    assert rival("de", [UNSURE]) == "en"
    assert rival("en", [{"en": 0.9, "de": 0.1}]) == "de"
    assert rival("en", [{"en": 0.98, "de": 0.02}]) == ""
    assert rival("en", [ENGLISH, UNSURE]) == ""
    assert rival("en", [{"en": 1.0}]) == ""


def test_of_a_rare_language_it_takes_more_to_be_in_doubt() -> None:
    assert rival("en", [{"en": 0.6, "yo": 0.4}]) == ""
    assert rival("yo", [{"yo": 0.6, "en": 0.4}]) == "en"


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["en", "ru", "uk", "yo"]), st.floats(0, 1), min_size=1),
        min_size=1,
        max_size=8,
    )
)
def test_passages_of_which_only_some_languages_are_named(guesses: list[Guess]) -> None:
    tongues = Tongues()
    heard = [*tongues.course(guesses, [5.0] * len(guesses)), *tongues.course(guesses[:1], [5.0])]
    assert len(heard) == len(guesses) + 1
    assert {*heard} <= {code for guess in guesses for code in guess}
