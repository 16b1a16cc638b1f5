from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whisper_normalizer.english import EnglishTextNormalizer

from audiopipe.speech.numerals import cardinal, number, ordinal, year

figures = EnglishTextNormalizer()


@given(st.integers(2, 10**15 - 1))
def test_a_whole_number_in_words_is_read_back_as_the_same_figures(n: int) -> None:
    assert figures(cardinal(n)) == str(n)


@given(st.integers(0, 10**15 - 1))
def test_an_ordinal_differs_from_its_number_in_the_last_word_only(n: int) -> None:
    *before, last = ordinal(n).replace("-", " ").split()
    assert before == cardinal(n).replace("-", " ").split()[:-1]
    assert last.endswith(("th", "first", "second", "third"))


@given(st.integers(1101, 2099))
def test_a_year_in_words_is_read_back_as_the_same_figures(n: int) -> None:
    assert figures(year(n).replace("oh", "zero")).replace(" hundred", "00") == str(n)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0", "zero"),
        ("1,250,000", "one million two hundred fifty thousand"),
        ("3.14", "three point one four"),
        ("0.05", "zero point zero five"),
        ("007", "zero zero seven"),
        ("12345678901234567", "one two three four five six seven eight nine zero one two three "
         "four five six seven"),
    ],
)  # fmt: skip
def test_a_written_number_is_said_as_english_says_it(written: str, said: str) -> None:
    assert number(written) == said


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1984, "nineteen eighty-four"),
        (1905, "nineteen oh five"),
        (1900, "nineteen hundred"),
        (2000, "two thousand"),
        (2005, "two thousand five"),
        (2026, "twenty twenty-six"),
        (1066, "ten sixty-six"),
    ],
)
def test_a_year_is_said_as_english_says_it(n: int, said: str) -> None:
    assert year(n) == said


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "first"),
        (12, "twelfth"),
        (20, "twentieth"),
        (21, "twenty-first"),
        (100, "one hundredth"),
    ],
)
def test_an_ordinal_has_the_right_ending(n: int, said: str) -> None:
    assert ordinal(n) == said
