from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audiopipe.backends.prompt import (
    MOST_PROMPT_CHARACTERS,
    MOST_PROMPT_TOKENS,
    with_tail,
    with_terms,
)
from audiopipe.text.tokens import tokens_about

own = st.text(alphabet="ab é名", max_size=300).map(str.strip)
terms = st.lists(st.text(alphabet="xy é名", min_size=1, max_size=400).map(lambda t: f"q{t}q"))


def is_within(prompt: str) -> bool:
    return len(prompt) <= MOST_PROMPT_CHARACTERS and tokens_about(prompt) <= MOST_PROMPT_TOKENS


@given(own, terms)
def test_terms_follow_the_prompt_within_the_limits_and_the_rest_is_counted(
    prompt: str, terms: list[str]
) -> None:
    longer, left_out = with_terms(prompt, terms)
    assert longer.startswith(prompt)
    assert is_within(longer) or longer == prompt
    assert sum(term in longer for term in terms) >= len(terms) - left_out


def test_the_most_important_term_stands_last_and_stays_when_there_are_too_many() -> None:
    many = [f"term {n}" for n in range(500)]
    prompt, left_out = with_terms("A talk.", many)
    kept = 500 - left_out
    assert 80 < kept < 120
    assert prompt == "A talk. " + ", ".join(reversed(many[:kept]))


def test_a_prompt_that_is_too_long_already_stays_as_it_is() -> None:
    assert with_terms("x" * 900, ["Ada", "Zoë"]) == ("x" * 900, 2)
    assert with_tail("x" * 900, "and so on") == "x" * 900


def test_without_terms_and_tail_a_prompt_stays_as_it_is() -> None:
    assert with_terms("A talk.", []) == ("A talk.", 0)
    assert with_tail("A talk.", "") == "A talk."
    assert with_terms("", []) == ("", 0)


@given(own, st.text(alphabet="ab é名\n", max_size=2000))
def test_the_tail_is_the_end_of_the_text_in_whole_words(prompt: str, text: str) -> None:
    longer = with_tail(prompt, text)
    assert longer.startswith(prompt) and is_within(longer)
    tail = longer.removeprefix(prompt).strip()
    assert text.rstrip().endswith(tail)
    before = text.rstrip().removesuffix(tail)[-1:]
    assert not tail or before in ("", " ", "\n") or "名" in (before, tail[0])


def test_the_tail_takes_the_room_that_is_left() -> None:
    tail = with_tail("A talk.", "word " * 400)
    assert MOST_PROMPT_CHARACTERS - len(" word") <= len(tail) <= MOST_PROMPT_CHARACTERS
