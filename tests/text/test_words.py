from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audiopipe.text.words import is_unspaced, split_words


@given(st.text(alphabet=st.sampled_from("ab ,.\n今天ไทยé😀 ")))
def test_the_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(split_words(text)) == text


def test_words_keep_the_space_before_them_and_characters_stand_alone_without_spaces() -> None:
    assert split_words(" So it  is. ") == [" So", " it", "  is. "]
    assert split_words("今天 OK天") == ["今", "天", " OK", "天"]


def test_korean_has_spaces_and_chinese_has_none() -> None:
    assert is_unspaced("天") and not is_unspaced("한")
