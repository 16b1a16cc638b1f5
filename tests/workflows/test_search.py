from __future__ import annotations

from hypothesis import given, settings
from support.samples import transcripts

from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript, Word
from audiopipe.workflows.search import search


def told(*segments: Segment) -> Transcript:
    return Transcript(Source("a", "", 100.0), "transcribe", "en", segments)


def spoken(text: str, start_s: float, speaker: str | None = None) -> Segment:
    words = tuple(
        Word(Span(start_s + n, start_s + n + 0.5), f" {word}")
        for n, word in enumerate(text.split())
    )
    span = Span(start_s, words[-1].span.end_s)
    return Segment(span, "".join(word.text for word in words), words, speaker=speaker)


def test_words_are_found_over_case_punctuation_and_segments() -> None:
    talk = told(spoken("We met in New", 0, "Ann"), spoken("York, in May.", 10), spoken("New?", 20))
    (hit,) = search(talk, "NEW york")
    assert (hit.span, hit.speaker) == (Span(3, 10.5), "Ann")
    assert hit.text == "We met in New York, in May."
    assert [each.span.start_s for each in search(talk, "new")] == [3, 20]
    assert [each.span.start_s for each in search(talk, "in")] == [2, 11]
    assert not [*search(talk, "york new")] and not [*search(talk, " ?! ")]


def test_a_text_without_word_times_or_spaces_is_found_too() -> None:
    (hit,) = search(told(Segment(Span(4, 8), "我能吞下玻璃")), "吞下")
    assert 4 < hit.span.start_s < hit.span.end_s < 8
    (hit,) = search(told(Segment(Span(4, 8), " One two three.")), "two")
    assert 4 < hit.span.start_s < hit.span.end_s < 8


@settings(max_examples=25)
@given(transcripts())
def test_each_transcript_holds_itself(transcript: Transcript) -> None:
    for hit in search(transcript, transcript.text[:200]):
        assert 0 <= hit.span.start_s <= hit.span.end_s
