from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fixtures import FIXTURES
from support.samples import SCRIPTS

from audiopipe.text.breaks import line_breaks
from audiopipe.text.clusters import cluster_ends
from audiopipe.text.joints import joint
from audiopipe.text.words import split_words

TABLE = [row.split("\t") for row in (FIXTURES / "boundaries.tsv").read_text("utf-8").splitlines()]
texts = st.lists(st.sampled_from(SCRIPTS) | st.text(max_size=4), max_size=8).map("".join)


def broken(text: str) -> list[str]:
    """The text between places where a line may end."""
    return [text[a:b] for a, b in pairwise((0, *line_breaks(text), len(text)))]


@pytest.mark.parametrize(("language", "words", "clusters"), TABLE, ids=[row[0] for row in TABLE])
def test_another_icu_finds_no_word_and_no_cluster_cut(
    language: str, words: str, clusters: str
) -> None:
    text = words.replace("|", "")
    edges = set(accumulate(map(len, words.split("|"))))
    whole = list(accumulate(map(len, clusters.split("|"))))
    found = set(line_breaks(text))
    assert found <= edges
    assert list(cluster_ends(text)) == whole
    assert set(accumulate(map(len, split_words(text)))) <= set(whole)
    # and there are places enough for lines of twenty characters
    assert max(map(len, broken(text))) <= 20


@given(texts)
def test_places_rise_inside_the_text_and_between_clusters(text: str) -> None:
    places = list(line_breaks(text))
    assert places == sorted({*places}) and all(0 < place < len(text) for place in places)
    assert {*places} <= {*cluster_ends(text)}


@given(texts)
def test_words_are_made_of_whole_clusters(text: str) -> None:
    pieces = split_words(text)
    assert "".join(pieces) == text
    if not any(character.isspace() for character in text):
        assert {*accumulate(map(len, pieces))} <= {*cluster_ends(text)}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("twenty-five and/or so", ["twenty-five ", "and/or ", "so"]),
        ("« Oui ! » dit-il", ["« Oui ! » ", "dit-il"]),
        ("»Ja«, sagte er", ["»Ja«, ", "sagte ", "er"]),
        ("5\u202f000\u00a0€ de plus", ["5\u202f000\u00a0€ ", "de ", "plus"]),
        ("コーヒーだっけ、「はい」。", ["コーヒー", "だっけ、", "「はい」。"]),
        ("水果、蔬菜", ["水果、", "蔬菜"]),
        ("half \ud83d character", ["half ", "\ud83d ", "character"]),
    ],
)
def test_a_line_ends_where_readers_expect_it(text: str, pieces: list[str]) -> None:
    assert broken(text) == pieces


@pytest.mark.parametrize(
    ("before", "after", "between"),
    [
        ("สวัสดีครับ", "ผมชื่อสมชาย", " "),
        ("สวัส", "ดีครับ", ""),
        ("ຂ້ອຍໄປ", "ຕະຫຼາດ", " "),
        ("ខ្ញុំចង់ទៅ", "ផ្សារ", " "),
        ("သွားပြီ။", "အိမ်ပြန်", " "),
        ("สวัสดี ", "ครับ", ""),
        ("我能吞下玻璃", "而不伤身体", ""),
        ("私は", "行く", ""),
        (" One and", " two", ""),
        ("", "ครับ", ""),
    ],
)
def test_a_space_parts_phrases_where_the_script_has_it(
    before: str, after: str, between: str
) -> None:
    assert joint(before, after) == between
