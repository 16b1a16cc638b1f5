from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import SCRIPTS

from audiopipe.render.corrections import apply
from audiopipe.render.divided import texts_of
from audiopipe.text.words import shared_out
from audiopipe.values.audio import Span
from audiopipe.values.corrections import Correction
from audiopipe.values.transcript import Segment, Source, Transcript

lines = st.lists(st.sampled_from(SCRIPTS) | st.text(max_size=3), max_size=4).map("".join)


def talk(*texts: str, timed: bool = True) -> Transcript:
    said = []
    for n, text in enumerate(texts):
        span = Span(2 * n, 2 * n + 1.5)
        said.append(Segment(span, text, tuple(shared_out(text, span)) if timed else ()))
    return Transcript(Source("a.wav", "", 60), "transcribe", "en", tuple(said))


@pytest.mark.parametrize(
    ("after", "before", "texts"),
    [
        (" one\ntwo ", " one two", (" one", " two")),
        ("one\ntwo", "one two", ("one", " two")),
        ("我们\n回家", "我们回家", ("我们", "回家")),
        (" one\n\n", " one", (" one",)),
        (" one", "one", (" one",)),
    ],
)
def test_each_line_is_a_passage(after: str, before: str, texts: tuple[str, ...]) -> None:
    assert texts_of(after, before) == texts


@given(st.lists(lines, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_what_is_cut_fills_its_time_and_is_put_together_again(
    parts: list[str], timed: bool, joined: bool
) -> None:
    told = talk(" Hallo Welt.", " Sie sagt, was sie sieht.", timed=timed)
    mends = [Correction(1, told.segments[1].text, "\n".join(parts), joined=joined)]
    made = apply(told, mends).segments
    whole = "".join(texts_of("\n".join(parts), told.segments[1].text))
    if whole.strip():
        assert "".join(each.text for each in made) == told.segments[0].text + whole
        assert made[-1].span.end_s == told.segments[1].span.end_s
    assert (made[0].text != told.segments[0].text) == (joined and bool(whole.strip()))


def test_words_stay_where_they_are_heard() -> None:
    told = talk(" ask not what", " you can do")
    first, second = told.segments
    cut = apply(told, [Correction(0, first.text, " ask\nnot what")]).segments
    assert [each.words for each in cut] == [first.words[:1], first.words[1:], second.words]
    assert [each.span.start_s for each in cut] == [0, first.words[1].span.start_s, 2]
    (one,) = apply(told, [Correction(1, second.text, second.text, joined=True)]).segments
    assert (one.words, one.span) == (first.words + second.words, Span(0, 3.5))
    alone = Correction(0, first.text, first.text, joined=True)
    assert apply(told, [alone]) == replace(told)
