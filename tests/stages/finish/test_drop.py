from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.samples import transcripts

from audiopipe.stages.finish.drop import drop
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag, Segment, Source, Transcript, Word


def flagged(kind: str, start_s: float, end_s: float) -> Flag:
    return Flag(kind, Span(start_s, end_s), 0.0, 0.1, "Listen.")


def told(segments: list[Segment], *flags: Flag) -> Transcript:
    return Transcript(Source("talk.mp3", "", 100), "transcribe", "en", tuple(segments), flags)


def words(text: str, start_s: float) -> Segment:
    timed = tuple(
        Word(Span(start_s + n, start_s + n + 1), f" {w}") for n, w in enumerate(text.split())
    )
    whole = Span(start_s, timed[-1].span.end_s)
    return Segment(whole, "".join(word.text for word in timed), timed)


TALK = [words("he left", 0), words("thank you", 10), words("at noon thank you", 20)]


def test_text_under_the_named_flags_goes_and_the_flags_stay() -> None:
    before = told(TALK, flagged("likely-no-speech", 9, 13), flagged("low-confidence", 0, 2))
    after = drop(before, {"likely-no-speech"})
    assert after.text == "he left at noon thank you"
    assert after.flags == before.flags


def test_of_a_segment_that_is_flagged_in_part_the_rest_stays_with_its_own_times() -> None:
    after = drop(told(TALK, flagged("stock-phrase", 22, 24)), {"stock-phrase"})
    assert (after.segments[2].text, after.segments[2].span) == (" at noon", Span(20, 22))


def test_a_segment_without_word_times_goes_by_its_middle() -> None:
    said = [Segment(Span(0, 10), " he left"), Segment(Span(10, 20), " thank you")]
    assert drop(told(said, flagged("too-slow", 12, 18)), {"too-slow"}).text == "he left"


def test_no_kind_drops_nothing() -> None:
    before = told(TALK, flagged("likely-no-speech", 0, 100))
    assert drop(before, frozenset()) == before


@given(transcripts(), st.sets(st.sampled_from(["low-confidence", "repetition", "too-slow"])))
def test_what_is_left_is_what_no_flag_of_the_kinds_covers(
    before: Transcript, kinds: set[str]
) -> None:
    struck = [flag.span for flag in before.flags if flag.kind in kinds]
    after = drop(before, kinds)
    assert drop(after, kinds) == after
    kept = [word for word in before.words if not _covered(word.span, struck)]
    assert list(after.words) == kept


def _covered(span: Span, struck: list[Span]) -> bool:
    return any(each.start_s <= span.middle_s <= each.end_s for each in struck)
