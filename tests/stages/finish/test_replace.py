from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import any_transcripts, transcripts

from audiopipe.stages.finish.glossary import Replacement
from audiopipe.stages.finish.replace import replace_words
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag, Segment, Source, Transcript, Word

HEARD = ("the", "quick,", "brown fox.", "don't", "五", "能吞", "コーヒー", "ครับ", "three", "שלום")
UNHEARD = ("Zoë", "Ada Lovelace", "O'Neill & Sons", "新宿", "x")

replacements = st.lists(
    st.builds(Replacement, st.sampled_from(HEARD), st.sampled_from(UNHEARD)), max_size=4
)


def told(*segments: Segment) -> Transcript:
    flag = Flag("low-confidence", Span(1, 2), -2.0, -1.0, "Listen.")
    return Transcript(Source("talk.wav", "", 60), "transcribe", "en", segments, (flag,))


def spoken(*texts: str) -> Segment:
    """A word a second, each as sure as its place."""
    words = tuple(Word(Span(n, n + 0.8), text, n / 10) for n, text in enumerate(texts))
    return Segment(Span(0, len(texts)), "".join(texts), words)


def written(segment: Segment, *pairs: tuple[str, str]) -> Segment:
    (after,) = replace_words(told(segment), [Replacement(*pair) for pair in pairs]).segments
    return after


def text(said: str, *pairs: tuple[str, str]) -> str:
    return written(Segment(Span(0, 9), said), *pairs).text


@given(any_transcripts(), replacements)
def test_only_texts_and_words_change(t: Transcript, pairs: list[Replacement]) -> None:
    after = replace_words(t, pairs)
    assert len(after.segments) == len(t.segments)
    restored = [
        replace(new, text=old.text, words=old.words)
        for old, new in zip(t.segments, after.segments, strict=True)
    ]
    assert replace(after, segments=tuple(restored)) == t


@given(transcripts(), replacements)
def test_times_rise_as_before_and_start_and_end_where_they_did(
    t: Transcript, pairs: list[Replacement]
) -> None:
    for a, b in zip(t.segments, replace_words(t, pairs).segments, strict=True):
        if a.words:
            assert b.words[0].span.start_s == a.words[0].span.start_s
            assert b.words[-1].span.end_s == pytest.approx(a.words[-1].span.end_s)
        for left, right in pairwise(word.span for word in b.words):
            assert left.end_s <= right.start_s or left.end_s == pytest.approx(right.start_s)


@given(any_transcripts(), replacements)
def test_a_word_that_shares_nothing_with_what_is_heard_stands_as_it_was(
    t: Transcript, pairs: list[Replacement]
) -> None:
    letters = {letter for pair in pairs for letter in pair.heard.casefold()} - {" "}
    for before, after in zip(t.segments, replace_words(t, pairs).segments, strict=True):
        apart = [w for w in before.words if w.text.strip() and not letters & {*w.text.casefold()}]
        assert all(word in after.words for word in apart)


@given(any_transcripts(), replacements)
def test_a_second_time_changes_nothing(t: Transcript, pairs: list[Replacement]) -> None:
    once = replace_words(t, pairs)
    assert replace_words(once, pairs) == once


@given(any_transcripts())
def test_without_a_match_the_transcript_is_the_same(t: Transcript) -> None:
    assert replace_words(t, [Replacement("nobody says this", "x")]) == t


def test_case_does_not_matter_and_punctuation_stays() -> None:
    assert text(" “FERGUS,” said Fergus.", ("fergus", "Furgus")) == " “Furgus,” said Furgus."


def test_a_part_of_a_word_is_no_word() -> None:
    assert (
        text(" cat, concatenate, cats, cat's", ("cat", "dog")) == " dog, concatenate, cats, dog's"
    )
    assert text(" हिन्दी", ("हिन", "x")) == " हिन्दी"
    assert text(" e\u0301cole", ("e", "x")) == " e\u0301cole"


def test_in_scripts_without_spaces_the_text_itself_is_compared() -> None:
    assert text("他在东京住", ("东京", "京都")) == "他在京都住"
    assert text("我用ai写", ("AI", "人工智能")) == "我用人工智能写"


def test_the_longest_of_several_is_made_and_none_in_what_another_wrote() -> None:
    pairs = (("new", "old"), ("new york", "New Amsterdam"), ("amsterdam", "York"))
    assert text(" New York is new.", *pairs) == " New Amsterdam is old."


def test_as_many_words_keep_their_own_times_and_probabilities() -> None:
    after = written(spoken(" jane", " osten,", " she"), ("jane osten", "Jane Austen"))
    assert after.words == spoken(" Jane", " Austen,", " she").words


def test_more_or_fewer_words_share_the_time_of_those_they_replace() -> None:
    more = written(spoken(" in", " newyork", " now"), ("newyork", "New York"))
    assert [word.text for word in more.words] == [" in", " New", " York", " now"]
    assert (more.words[1].span.start_s, more.words[2].span.end_s) == (1, 1.8)
    fewer = written(spoken(" a", " sea", " sharp"), ("sea sharp", "C#"))
    assert fewer.words[1] == Word(Span(1, 2.8), " C#", 0.1)


def test_a_word_that_is_cut_in_pieces_is_found_whole() -> None:
    after = written(spoken(" un", "fair", ".", " fair"), ("unfair", "cruel"), ("fair", "just"))
    assert [word.text for word in after.words] == [" cruel", ".", " just"]
    assert after.words[0].span == Span(0, 1.8)
