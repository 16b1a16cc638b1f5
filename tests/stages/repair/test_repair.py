from __future__ import annotations

from dataclasses import replace

import pytest

from audiopipe.stages.repair import Answer, repair
from audiopipe.stages.repair.passages import Passage
from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import ChunkTranscript, Flag, Segment, Word

WHOLE = Span(0, 60)
PASSAGE = Passage(Span(10, 20), ("low-confidence",), (Span(10, 20),))
PAID = Usage(requests=1, audio_s=10, cost_usd=0.01)


def phrase(text: str, start_s: float, avg_logprob: float = -0.1) -> Segment:
    """Words of half a second each."""
    words = tuple(
        Word(Span(start_s + n / 2, start_s + n / 2 + 0.5), f" {word}")
        for n, word in enumerate(text.split())
    )
    span = Span(start_s, words[-1].span.end_s)
    text = "".join(word.text for word in words)
    return Segment(span, text, words, avg_logprob=avg_logprob)


def heard(*segments: Segment, flags: tuple[Flag, ...] = (), span: Span = WHOLE) -> ChunkTranscript:
    window = Window(0, (span,), span)
    return ChunkTranscript(window, "en", segments, PAID, flags, spent=PAID)


def flagged(start_s: float, end_s: float, kind: str = "low-confidence") -> Flag:
    return Flag(kind, Span(start_s, end_s), -2, -1, "")


FIRST = heard(
    phrase("before it all", 2),
    phrase("hit was the vest of times", 12, -1.5),
    phrase("and after that", 30),
    flags=(flagged(12, 15),),
)
BETTER = heard(phrase("it was the best of times", 12), span=PASSAGE.span)


def mended(first: ChunkTranscript, *answers: ChunkTranscript, of: Passage = PASSAGE) -> str:
    result = repair(first, of, [Answer("cut elsewhere", each) for each in answers])
    return "".join(segment.text for segment in result.segments).strip()


def test_an_answer_that_leaves_less_in_doubt_stands_and_the_rest_is_untouched() -> None:
    result = repair(FIRST, PASSAGE, [Answer("cut elsewhere", BETTER)])
    assert result.segments == (FIRST.segments[0], BETTER.segments[0], FIRST.segments[2])
    (note,) = result.repairs
    assert (note.first, note.second) == ("hit was the vest of times", "it was the best of times")
    assert note.replaced and note.how == "cut elsewhere" and "better" in note.reason
    assert result.usage == result.spent == PAID + PAID


def test_an_answer_as_doubtful_as_the_first_does_not_stand_and_is_noted() -> None:
    doubtful = replace(BETTER, flags=(flagged(12, 15),))
    result = repair(FIRST, PASSAGE, [Answer("cut elsewhere", doubtful)])
    assert result.segments == FIRST.segments
    (note,) = result.repairs
    assert not note.replaced and note.second == "it was the best of times"


def test_of_several_answers_the_one_with_the_least_doubt_stands_then_the_surest() -> None:
    half = heard(phrase("it is the best of times", 12), flags=(flagged(12, 13),))
    sure = heard(phrase("it was the best of times", 12, -0.05))
    unsure = heard(phrase("it was a best of times", 12, -0.8))
    assert "it was the best of times" in mended(FIRST, half, unsure, sure)


@pytest.mark.parametrize("kinds", [("low-confidence",), ("speech-without-text",)])
def test_no_words_are_lost_for_less_doubt(kinds: tuple[str, ...]) -> None:
    of = replace(PASSAGE, kinds=kinds)
    assert "vest of times" in mended(FIRST, heard(phrase("it was", 12)), of=of)
    assert "vest of times" in mended(FIRST, heard(), of=of)


def test_words_that_are_made_up_may_be_fewer_afterwards_but_not_gone_while_somebody_speaks() -> (
    None
):
    looped = heard(
        phrase("times times times times times times", 12), flags=(flagged(12, 15, "repetition"),)
    )
    of = replace(PASSAGE, kinds=("repetition",))
    assert mended(looped, heard(phrase("of times", 12)), of=of) == "of times"
    assert mended(looped, heard(), of=of).startswith("times times")


def test_words_that_seem_made_up_do_not_go_for_a_less_sure_answer() -> None:
    """On a recording "here the explosion of mirth" became "the explosion of Murth"."""
    over_music = heard(phrase("it was here", 12), flags=(flagged(13, 13.5, "text-without-speech"),))
    of = replace(PASSAGE, kinds=("text-without-speech",))
    assert mended(over_music, heard(phrase("it vas", 12, -0.6)), of=of) == "it was here"
    assert mended(over_music, heard(phrase("it was", 12, -0.05)), of=of) == "it was"


def test_where_nobody_speaks_two_signs_strike_the_words_and_one_does_not() -> None:
    made_up = heard(phrase("thank you", 12), flags=(flagged(12, 13, "text-without-speech"),))
    of = Passage(Span(10, 20), ("text-without-speech",), ())
    assert mended(made_up, of=of) == "thank you"
    two = replace(of, kinds=("text-without-speech", "stock-phrase"))
    assert mended(made_up, of=two) == ""


def test_a_segment_across_the_edge_of_the_passage_keeps_its_words_outside() -> None:
    across = heard(
        phrase("one two three four five six seven eight", 8, -1.5), flags=(flagged(8, 12),)
    )
    answer = heard(phrase("V VI VII VIII", 10), span=PASSAGE.span)
    assert mended(across, answer) == "one two three four V VI VII VIII"


def test_without_an_answer_the_reason_says_why() -> None:
    result = repair(FIRST, PASSAGE, [], "No more repairs of this chunk are allowed.")
    assert result.segments == FIRST.segments
    assert result.repairs[0].reason == "No more repairs of this chunk are allowed."


def test_lyrics_do_not_become_music() -> None:
    sung = heard(phrase("row your boat gently down", 12), flags=(flagged(12, 15, "repetition"),))
    of = replace(PASSAGE, kinds=("repetition",))
    assert mended(sung, heard(phrase("music music", 12)), of=of) == "row your boat gently down"
