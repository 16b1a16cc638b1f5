from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from audiopipe.audio.vad import Voice
from audiopipe.stages.repair.passages import Passage, passages
from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import ChunkTranscript, Flag, Segment, Word

WHOLE = Span(0, 120)


def flag(start_s: float, end_s: float, kind: str = "low-confidence") -> Flag:
    return Flag(kind, Span(start_s, end_s), -2, -1, "")


def heard(*flags: Flag, core: Span = WHOLE) -> ChunkTranscript:
    """Phrases of five words in 2 s, a second apart, from 0 to 120 s."""
    segments = []
    for start in range(0, 120, 3):
        words = tuple(Word(Span(start + n * 0.4, start + n * 0.4 + 0.4), " a") for n in range(5))
        segments.append(Segment(Span(start, start + 2), " a a a a a", words))
    return ChunkTranscript(Window(0, (WHOLE,), core), "en", tuple(segments), Usage(), flags)


def found(*flags: Flag, voice: Voice | None = None, core: Span = WHOLE) -> list[Passage]:
    return list(passages(heard(*flags, core=core), voice))


def test_what_is_not_flagged_is_not_asked_about_again() -> None:
    assert found() == []
    assert found(flag(10, 20, "language-switch")) == []


def test_a_passage_goes_from_pause_to_pause_around_its_flag() -> None:
    (passage,) = found(flag(13, 18.5))
    assert passage.span == Span(11.5, 20.5)
    assert passage.kinds == ("low-confidence",)
    assert passage.speech == (passage.span,)


def test_a_short_passage_takes_the_phrases_around_it() -> None:
    (passage,) = found(flag(30.2, 30.4))
    assert passage.span.duration_s >= 5
    assert passage.span.start_s <= 29.5 and passage.span.end_s >= 32.5


@given(st.floats(0.1, 0.9), st.floats(0.1, 1.9), st.booleans())
def test_a_voice_for_which_nothing_is_written_is_asked_about_alone(
    early: float, late: float, paused: bool
) -> None:
    """From 50 s to 60 s nothing is written; beside the phrases around it, it is passed over."""
    phrases = tuple(s for s in heard().segments if s.span.end_s <= 50 or s.span.start_s >= 60)
    gap = flag(50 + early, 60 - late, "speech-without-text")
    whole = ChunkTranscript(Window(0, (WHOLE,), WHOLE), "en", phrases, Usage(), (gap,))
    voice = Voice((Span(0, 50), Span(50.4, 120)) if paused else (WHOLE,), ())
    (passage,) = passages(whole, voice)
    assert passage.kinds == ("speech-without-text",)
    assert passage.span.start_s in ((50, 50.2) if paused else (50,)) and passage.span.end_s == 60


def test_passages_that_touch_are_one_and_have_the_flags_of_both() -> None:
    (passage,) = found(flag(13, 16), flag(16.2, 19, "too-fast"))
    assert passage.kinds == ("low-confidence", "too-fast")


def test_what_only_the_neighbouring_chunk_has_to_say_is_left_to_it() -> None:
    assert found(flag(100, 110), core=Span(0, 90)) == []
    assert found(flag(5, 10), core=Span(20, 120)) == []


def test_a_flag_beyond_the_seam_is_no_reason_to_ask_about_the_phrase_before_it() -> None:
    assert found(flag(90.5, 91), core=Span(0, 90)) == []


def test_where_somebody_listened_a_passage_knows_where_its_speech_is() -> None:
    voice = Voice((Span(0, 14), Span(27, 90)), ())
    silent = ChunkTranscript(Window(0, (WHOLE,), WHOLE), "en", (), Usage(), (flag(16, 20),))
    (passage,) = passages(silent, voice)
    assert passage.span == Span(0, 20.5) or passage.span.start_s <= 16
    assert all(part.start_s < 14.4 or part.end_s > 26.6 for part in passage.speech)
    (passage,) = passages(silent, Voice((), ()))
    assert passage.speech == ()


@given(
    st.lists(
        st.tuples(st.floats(0, 119), st.floats(0, 60)).map(
            lambda pair: flag(pair[0], min(120.0, pair[0] + pair[1]))
        ),
        max_size=6,
    )
)
def test_passages_cover_all_flags_in_order_without_overlap_and_cut_no_word(
    flags: list[Flag],
) -> None:
    transcript = heard(*flags)
    spans = [passage.span for passage in passages(transcript, None)]
    for one, other in itertools.pairwise(spans):
        assert one.end_s <= other.start_s
    for each in flags:
        inside = sum(span.overlap_s(each.span) for span in spans)
        assert abs(inside - each.span.duration_s) < 1e-6
    words = [word.span for segment in transcript.segments for word in segment.words]
    for span in spans:
        assert span.duration_s <= 28
        for edge_s in (span.start_s, span.end_s):
            assert not any(word.start_s < edge_s < word.end_s for word in words)
