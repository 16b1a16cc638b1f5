from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import texts, transcripts

from audiopipe.text.rewording import changed, differences, reworded
from audiopipe.text.words import split_words
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Transcript, Word


def spoken(*texts: str) -> Segment:
    """A word a second, with a silence behind it, each as sure as its place."""
    words = tuple(Word(Span(n, n + 0.8), text, n / 10) for n, text in enumerate(texts))
    return Segment(Span(0, len(texts)), "".join(texts), words)


@pytest.mark.parametrize(
    ("said", "text", "timed"),
    [
        # what stays keeps its time, whatever becomes of the rest
        ((" a", " b", " c"), " a c", [(0, 0.8, " a"), (2, 2.8, " c")]),
        ((" a", " b", " c"), " a x c", [(0, 0.8, " a"), (1, 1.8, " x"), (2, 2.8, " c")]),
        # more share the time of those they replace
        ((" a", " b"), " a x y", [(0, 0.8, " a"), (1, 1.4, " x"), (1.4, 1.8, " y")]),
        # what is added shares the silence
        ((" a", " b"), " a x b", [(0, 0.8, " a"), (0.8, 1, " x"), (1, 1.8, " b")]),
        ((" a", " b"), " a b x", [(0, 0.8, " a"), (1, 1.8, " b"), (1.8, 2, " x")]),
        # capitals and marks are no other word
        ((" hello", " there"), " Hello, there", [(0, 0.8, " Hello,"), (1, 1.8, " there")]),
        # scripts without spaces: a recogniser's word is more than one character
        (
            ("我", "能吞", "下"),
            "我能喝下",
            [(0, 0.8, "我"), (1, 1.4, "能"), (1.4, 1.8, "喝"), (2, 2.8, "下")],
        ),
        ((" שלום", " עולם"), " שלום לכם", [(0, 0.8, " שלום"), (1, 1.8, " לכם")]),
        ((" a", " b"), "", []),
    ],
)
def test_words_that_stay_keep_their_times(
    said: tuple[str, ...], text: str, timed: list[tuple[float, float, str]]
) -> None:
    after = reworded(spoken(*said), text)
    assert after.text == text
    told = [(w.span.start_s, w.span.end_s, w.text) for w in after.words]
    assert [t for *_, t in told] == [t for *_, t in timed]
    for (start, end, _), (a, b, _) in zip(told, timed, strict=True):
        assert (start, end) == pytest.approx((a, b))


@given(transcripts(), st.lists(texts(), max_size=6), st.data())
def test_any_text_can_be_written(t: Transcript, pieces: list[str], data: st.DataObject) -> None:
    for segment in t.segments:
        kept = data.draw(st.lists(st.sampled_from(split_words(segment.text) or [""]), max_size=4))
        text = "".join((*kept, *pieces))
        after = reworded(segment, text)
        assert after.text == text
        assert after.span == segment.span
        if not segment.words:
            assert not after.words
        starts = [word.span.start_s for word in after.words]
        if [w.span.start_s for w in segment.words] == sorted(w.span.start_s for w in segment.words):
            assert starts == sorted(starts)


@given(st.lists(texts()), st.lists(texts()))
def test_differences_lead_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:
    before, after = "".join(old), "".join(new)
    assert changed(Segment(Span(0, 1), before), tuple(differences(before, after))).text == after
    assert not list(differences(before, before))
