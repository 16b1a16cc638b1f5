from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from audiopipe.backends.wire.words import Timed, fill, in_order, lay


def words_of(text: Timed, *words: Timed) -> list[tuple[str, float | None, float | None]]:
    (row,) = lay([text], words)
    return [(word.text, word.start_s, word.end_s) for word in row]


def test_words_without_spaces_and_punctuation_get_both_from_the_text() -> None:
    text = Timed(" Well, (he) said: \u201cgo!\u201d", 0, 4)
    said = [Timed("well", 0, 1), Timed("he", 1, 2), Timed("said", 2, 3), Timed("go", 3, 4)]
    assert [word for word, *_ in words_of(text, *said)] == [" Well,", " (he)", " said:", " “go!”"]


def test_punctuation_that_stands_alone_belongs_to_the_word_before_it() -> None:
    said = [Timed("yes", 0, 1), Timed("no", 2, 3)]
    assert words_of(Timed(" Yes \u2013 no .", 0, 3), *said) == [(" Yes –", 0, 1), (" no .", 2, 3)]


def test_parts_of_a_word_become_the_word() -> None:
    said = [Timed(" don", 0, 1), Timed("'t", 1, 1.5), Timed(" well", 2, 3), Timed("-known", 3, 4)]
    text = Timed(" don't well-known", 0, 4)
    assert words_of(text, *said) == [(" don't", 0, 1.5), (" well-known", 2, 4)]


def test_several_words_in_one_share_its_time_by_letters() -> None:
    assert words_of(Timed(" New York", 0, 9), Timed("new york", 1, 8)) == [
        (" New", 1, 4),
        (" York", 4, 8),
    ]


def test_a_word_spelled_otherwise_gets_the_time_between_its_neighbours() -> None:
    said = [Timed("about", 0, 1), Timed("twenty", 1.2, 2.1), Timed("of", 2.2, 3)]
    assert words_of(Timed(" about 20 of", 0, 3), *said)[1] == (" 20", 1, 2.2)


def test_characters_of_a_script_without_spaces_stay_together_as_they_were_heard() -> None:
    said = [Timed("你好", 0, 1), Timed("世界", 1, 2)]
    assert words_of(Timed("你好，世界。", 0, 2), *said) == [("你好，", 0, 1), ("世界。", 1, 2)]


def test_an_opening_bracket_belongs_to_the_word_after_it() -> None:
    said = [Timed("我", 0, 1), Timed("说", 1, 2), Timed("你好", 2, 3)]
    assert words_of(Timed("我说「你好」", 0, 3), *said)[2] == ("「你好」", 2, 3)


def test_words_are_shared_out_to_the_segments_whose_text_has_them() -> None:
    texts = [Timed(" no no", 0, 2), Timed(" no yes", 2, 4)]
    said = [Timed("no", n, n + 1) for n in range(3)] + [Timed("yes", 3, 4)]
    first, second = lay(texts, said)
    assert [word.end_s for word in first] == [1, 2]
    assert [word.start_s for word in second] == [2, 3]


def test_a_segment_whose_words_are_missing_is_timed_by_its_length() -> None:
    texts = [Timed(" one", 0, 1), Timed(" ab abcde", 10, 19), Timed(" two", 20, 21)]
    _, middle, _ = lay(texts, [Timed("one", 0, 1), Timed("two", 20, 21)])
    assert [(word.start_s, word.end_s) for word in middle] == [(10, 13), (13, 19)]


def test_times_far_outside_the_segment_are_not_believed() -> None:
    said = [Timed("one", 0, 1), Timed("two", 500, 501), Timed("three", 2, 3)]
    assert words_of(Timed(" one two three", 0, 3), *said)[1] == (" two", 1, 2)


def test_a_word_is_as_probable_as_its_parts_are_on_average() -> None:
    said = [Timed(" un", 0, 1, 0.5), Timed("do", 1, 2, 0.7), Timed(" it", 2, 3, 0.25)]
    (row,) = lay([Timed(" undo it", 0, 3)], said)
    assert [word.probability for word in row] == [0.6, 0.25]


def test_gaps_are_shared_out_by_length_of_text() -> None:
    items = [Timed("aa"), Timed("bbbb", 6, 8), Timed("c"), Timed("ddd")]
    assert fill(items, 0, 12) == [(0, 6), (6, 8), (8, 9), (9, 12)]


def test_an_item_that_ends_before_it_starts_lasts_until_the_next() -> None:
    assert fill([Timed("a", 5, 1), Timed("b", 7, 8)], 0, 9) == [(5, 7), (7, 8)]


times = st.floats(0, 100)


@given(st.lists(st.tuples(times, times)))
def test_times_in_order_never_fall_and_never_overlap(pairs: list[tuple[float, float]]) -> None:
    ordered = in_order(pairs)
    assert len(ordered) == len(pairs)
    assert all(start <= end for start, end in ordered)
    assert all(a_end <= b_start for (_, a_end), (b_start, _) in pairwise(ordered))


@given(st.lists(st.tuples(times, times)))
def test_times_that_are_in_order_stay_as_they_are(pairs: list[tuple[float, float]]) -> None:
    edges = sorted(edge for pair in pairs for edge in pair)
    ordered = list(zip(edges[::2], edges[1::2], strict=True))
    assert in_order(ordered) == ordered
