from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.samples import texts, transcripts
from support.spoken import spoken

from audiopipe.speech.script import Paragraph, script
from audiopipe.values.audio import Chapter, Span
from audiopipe.values.transcript import Segment, Source, Transcript
from audiopipe.workflows.roundtrip.manuscript import manuscript, markdown, with_headings

TALK = spoken("We came. We saw it all. And", "so they left.")  # 0, 2 and 6 s


def chapters(*starts: tuple[float, str]) -> list[Chapter]:
    return [Chapter(title, Span(start_s, start_s)) for start_s, title in starts]


def said(transcript: Transcript, *, align: bool = False) -> list[tuple[str, bool]]:
    return [(part.text, part.is_heading) for part in manuscript(transcript, align=align)]


def test_a_title_stands_before_the_first_sentence_whose_middle_its_chapter_holds() -> None:
    told = with_headings(TALK, chapters((0, "One"), (3, "Two"), (6.5, "Three"), (9.5, "Four")))
    assert said(told) == [
        ("One", True),
        ("We came.", False),
        ("Two", True),
        ("We saw it all.", False),
        ("Three", True),
        ("And so they left.", False),
        ("Four", True),
    ]


def test_titles_that_follow_one_another_stay_apart() -> None:
    told = with_headings(TALK, chapters((0, "Part 1. The start"), (0, "One")))
    assert said(told)[:2] == [("Part 1. The start", True), ("One", True)]


def test_a_pause_or_another_speaker_begins_a_paragraph() -> None:
    texts_at = [("One.", 0, "A"), ("Two.", 2, "A"), ("Three.", 5.1, "A"), ("Four.", 6.1, "B")]
    segments = [
        Segment(Span(at_s, at_s + 1), f" {text}", speaker=who) for text, at_s, who in texts_at
    ]
    talk = Transcript(Source("a", "", 9), "transcribe", "en", tuple(segments))
    told = said(with_headings(talk, ()))
    assert told == [("One. Two.", False), ("Three.", False), ("Four.", False)]


def test_aligned_each_sentence_begins_no_earlier_than_it_did() -> None:
    told = with_headings(TALK, chapters((2, "Two")))
    starts = [(part.text, part.start_s) for part in manuscript(told, align=True)]
    assert starts == [
        ("We came.", 0),
        ("Two", 2),
        ("We saw it all.", 2),
        ("And so they left.", 6),
    ]


@given(transcripts(), st.booleans())
def test_every_word_is_told_once_and_in_order(transcript: Transcript, align: bool) -> None:
    told = "".join(text for text, _ in said(with_headings(transcript, ()), align=align))
    letters = [c for c in "".join(s.text for s in transcript.segments) if c.isalnum()]
    assert [c for c in told if c.isalnum()] == letters


@given(st.lists(texts(), max_size=8).map("".join))
def test_a_text_read_from_markdown_is_spoken_as_the_paragraph_is(text: str) -> None:
    talk = Transcript(Source("a", "", 9), "transcribe", "en", (Segment(Span(0, 9), text),))
    told = with_headings(talk, ())
    read = script(markdown(told), language=None, most_characters=400)
    spoken_of = script(manuscript(told, align=False), language=None, most_characters=400)
    assert [line.text for line in read] == [line.text for line in spoken_of]


def test_a_paragraph_without_a_time_comes_as_soon_as_it_can() -> None:
    (line,) = script([Paragraph("Hello there.")], language="en", most_characters=99)
    assert (line.start_s, line.chapter) == (None, "")
