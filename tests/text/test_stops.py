from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.text.stops import sentence_ends


def parted(text: str, language: str | None) -> list[str]:
    ends = [0, *sorted(sentence_ends(text, language)), len(text)]
    pieces = [text[a:b].strip() for a, b in pairwise(ends)]
    return [piece for piece in pieces if piece]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            ["We met in St. Mary's.", "Mrs. Jones left at 5 p.m. and Mr. J. R. Ray.", "No."],
        ),
        ("en", ["I like vitamins.", "Approx. five of them, e.g. the third.", "No.", "I can't."]),
        (None, ["Dr. No and Prof. Yes live on Mt. Hood.", "They came."]),
        ("de", ["Am 3. Oktober kam Dr. Müller.", "Er wohnt z. B. in der Hauptstr. 5.", "Gut."]),
        ("fr", ["M. Dupont et Mme. Durand vont à St. Denis.", "C'est tout."]),
        ("es", ["El Sr. García y la Sra. López llegaron.", "Nada más."]),
        ("it", ["Il sig. Rossi e la dott.ssa Bianchi parlano.", "Fine."]),
        ("pt", ["O Sr. Silva mora na Av. Brasil.", "Fim."]),
        ("nl", ["Dhr. Jansen en mevr. de Vries komen.", "Goed."]),
        ("pl", ["To jest ul. Długa, np. tu.", "Koniec."]),
        ("ru", ["А. С. Пушкин жил тут, на ул. Мира.", "Да."]),
        ("hi", ["डॉ. शर्मा आए।", "ठीक है।"]),
    ],
)
def test_only_sentences_end(language: str | None, sentences: list[str]) -> None:
    assert parted(" ".join(sentences), language) == sentences


@given(st.text(max_size=40), st.sampled_from([None, "en", "th", "zh", "xx"]))
def test_places_lie_in_the_text_and_after_something(text: str, language: str | None) -> None:
    for place in sentence_ends(text, language):
        assert 0 <= place <= len(text)
        assert not text[:place] or not text[place - 1].isspace() or not text[:place].strip()
