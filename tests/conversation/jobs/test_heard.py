from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.conversation.jobs.heard import Heard


@pytest.mark.parametrize(
    ("language", "said", "told"),
    [
        ("en", "at seven thirty p.m.", "7:30 pm"),
        ("en", "in nineteen eighty-four", "1984"),
        ("en", "one thousand two hundred fifty", "1,250"),
        ("en", "it was 1250 euros", "1.250"),
        ("de", "im Jahr neunzehnhundertvierundachtzig", "1984"),
        ("de", "Die Häuser der Straße", "Häusern, Strasse"),
        ("fr", "à trois heures", "3 heures"),
        ("zh", "我们明天去北京", "明天北京"),
        (None, "Ann calls", "ann called"),
    ],
)
def test_what_was_said_is_found_however_it_is_written(
    language: str | None, said: str, told: str
) -> None:
    assert Heard(said, language).unsaid(told) == []


@pytest.mark.parametrize("told", ["Robert", "1985", "8:30", "Thursday"])
def test_what_was_not_said_is_not_found(told: str) -> None:
    assert Heard("At seven thirty on Friday in 1984, said Ann.", "en").unsaid(told)


@given(st.text(), st.sampled_from(["en", "de", "ja", "xx", None]))
def test_a_text_says_itself(text: str, language: str | None) -> None:
    heard = Heard(text, language)
    assert heard.unsaid(text) == [] and heard.says(text)
