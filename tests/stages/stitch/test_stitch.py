from __future__ import annotations

import copy
import random
import sys
from itertools import accumulate
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.hearing import Result, Spoken, hear, join, prose, text_of, windows
from support.samples import SCRIPTS

from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import (
    ChunkFailure,
    ChunkTranscript,
    Flag,
    Segment,
    Transcript,
    Word,
)


@settings(max_examples=60, deadline=None)
@example(n=146, length_s=58.0, overlap_s=1.0, seed=7, phrase=1)  # "in in in in" over the seam
@given(
    n=st.integers(1, 300),
    length_s=st.floats(8, 60),
    overlap_s=st.floats(0.8, 3.9),
    seed=st.integers(0, 9),
    phrase=st.integers(1, 20),
)
def test_what_was_cut_and_perfectly_heard_is_whole_again(
    n: int, length_s: float, overlap_s: float, seed: int, phrase: int
) -> None:
    spoken, duration_s = prose(n, seed), 0.4 * n
    parts = windows(duration_s, length_s, overlap_s)
    results = [hear(part, spoken, phrase=phrase) for part in parts]
    assert join(results, duration_s).text == text_of(spoken)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(20, 200),
    length_s=st.floats(5, 30),
    share=st.floats(0.5, 0.9),
    seed=st.integers(0, 9),
    phrase=st.integers(1, 20),
)
def test_so_it_is_when_many_chunks_overlap_at_once(
    n: int, length_s: float, share: float, seed: int, phrase: int
) -> None:
    spoken, duration_s = prose(n, seed), 0.4 * n
    parts = windows(duration_s, length_s, share * length_s)
    results = [hear(part, spoken, phrase=phrase) for part in parts]
    assert join(results, duration_s).text == text_of(spoken)


def test_so_it_is_when_a_chunk_lies_inside_another() -> None:
    spoken = prose(200)
    spans = [(Span(0, 60), Span(0, 30)), (Span(20, 40), Span(30, 55)), (Span(50, 80), Span(55, 80))]
    parts = [Window(n, (heard,), core) for n, (heard, core) in enumerate(spans)]
    assert join([hear(part, spoken) for part in parts], 80).text == text_of(spoken)


LANGUAGES = {
    "Chinese": [*"今天天气很好我们去公园散步吧明天也会是晴朗的一"],
    "Japanese": "今日 は とても いい 天気 です から 公園 へ 散歩 に 行きました 。".split(),
    "Thai": "วันนี้ อากาศ ดี มาก เรา ไป เดิน เล่น ที่ สวน กัน เถอะ".split(),
    "Arabic": [" " + w for w in "الجو جميل اليوم فلنذهب إلى الحديقة، ثم نعود في المساء".split()],
    "Hebrew": [" " + w for w in "מזג האוויר יפה היום, בואו נלך לגן ונחזור בערב".split()],
    "without leading spaces": "one two three four five six seven eight nine ten".split(),
}


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), length_s=st.floats(10, 30), timed=st.booleans())
def test_so_it_is_in_every_script(language: str, seed: int, length_s: float, timed: bool) -> None:
    rng = random.Random(seed)
    spoken = [(rng.choice(LANGUAGES[language]), 0.4 * i) for i in range(100)]
    if not timed:  # without times only the text can tell one copy of a word from another
        spoken = [(f"{text}{chr(0x4E00 + i)}", at_s) for i, (text, at_s) in enumerate(spoken)]
    results = [hear(part, spoken, timed=timed) for part in windows(40, length_s, 4)]
    assert join(results, 40).text == text_of(spoken)


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(1, 18))
def test_the_order_in_which_chunks_arrive_changes_nothing_and_nothing_is_changed(
    random_: random.Random, overlap_s: float
) -> None:
    spoken = prose(200)
    results = [hear(part, spoken) for part in windows(80, 20, overlap_s)]
    before = copy.deepcopy(results)
    shuffled = random_.sample(results, len(results))
    assert join(shuffled, 80) == join(results, 80)
    assert results == before


def test_one_chunk_alone_is_given_back_as_it_is() -> None:
    result = hear(windows(40, 60, 5)[0], prose(100))
    assert join([result], 40).segments == result.segments
    again = ChunkTranscript(result.window, "en", join([result], 40).segments, result.usage)
    assert join([again], 40) == join([result], 40)


def steps(results: list[Result], duration_s: float) -> int:
    """How many functions are called to stitch."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        join(results, duration_s)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("overlap_s", [4.0, 14.0])
def test_twice_as_long_a_recording_takes_twice_as_many_steps(overlap_s: float) -> None:
    taken = []
    for n in (1000, 2000, 4000):
        parts, spoken = windows(0.4 * n, 20, overlap_s), prose(n)
        taken.append(steps([hear(part, spoken) for part in parts], 0.4 * n))
    assert taken[2] - taken[1] <= 2.2 * (taken[1] - taken[0])


# --- whatever was heard ---------------------------------------------------------------------------


@st.composite
def any_chunks(draw: st.DrawFn) -> list[Result]:
    """Chunks with any words at any times: backwards, equal, outside the chunk and the file."""
    results: list[Result] = []
    overlap_s = draw(st.sampled_from([0.0, 3.0, 9.0]))
    seconds = st.floats(0, 50) | st.sampled_from([0.0, 12.0, 30.0])
    for window in windows(30, 12, overlap_s):
        if draw(st.integers(0, 5)) == 0:
            results.append(ChunkFailure(window, "lost"))
            continue
        segments = []
        for _ in range(draw(st.integers(0, 3))):
            said = [
                Word(Span(*sorted((draw(seconds), draw(seconds)))), text)
                for text in draw(st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=6))
            ]
            text = "".join(word.text for word in said)
            span = Span(*sorted((draw(seconds), draw(seconds))))
            segments.append(Segment(span, text, tuple(said) if draw(st.booleans()) else ()))
        kind = st.sampled_from(["likely-no-speech", "low-confidence"])
        flags = [Flag(draw(kind), s.span, 1, 0, "") for s in segments if draw(st.booleans())]
        results.append(ChunkTranscript(window, "en", tuple(segments), Usage(), tuple(flags)))
    return results


def assert_in_order(transcript: Transcript) -> None:
    now_s = 0.0
    for segment in transcript.segments:
        assert now_s <= segment.span.start_s
        at_s = segment.span.start_s
        for word in segment.words:
            assert at_s <= word.span.start_s
            at_s = word.span.end_s
        assert at_s <= segment.span.end_s
        now_s = segment.span.end_s
    assert now_s <= transcript.duration_s


@settings(max_examples=150, deadline=None)
@given(any_chunks())
def test_times_rise_inside_the_file_and_words_are_of_their_segment(results: list[Result]) -> None:
    transcript = join(results, 30)
    assert_in_order(transcript)
    for segment in transcript.segments:
        assert not segment.words or "".join(w.text for w in segment.words) == segment.text
    assert transcript.text == "".join(segment.text for segment in transcript.segments).strip()


@settings(max_examples=100, deadline=None)
@given(any_chunks())
def test_no_word_comes_from_nowhere(results: list[Result]) -> None:
    heard = "".join(s.text for r in results if isinstance(r, ChunkTranscript) for s in r.segments)
    for segment in join(results, 30).segments:
        for word in segment.words:
            assert word.text in heard


@settings(max_examples=100, deadline=None)
@given(any_chunks())
def test_what_was_stitched_is_one_chunk_that_stitching_leaves_as_it_is(
    results: list[Result],
) -> None:
    segments = join(results, 30).segments
    whole = ChunkTranscript(Window(0, (Span(0, 30),), Span(0, 30)), "en", segments, Usage())
    assert join([whole], 30).segments == segments


def test_words_that_share_a_time_or_run_backwards_keep_their_order() -> None:
    window = windows(30, 60, 5)[0]
    times = [(1.0, 1.0), (1.0, 1.0), (0.5, 0.7), (40.0, 41.0)]
    said = tuple(Word(Span(*t), f" w{n}") for n, t in enumerate(times))
    segment = Segment(Span(0.5, 41), " w0 w1 w2 w3", said)
    transcript = join([ChunkTranscript(window, "en", (segment,), Usage())], 30)
    assert transcript.text == "w0 w1 w2 w3"
    assert_in_order(transcript)


def test_a_word_without_text_does_no_harm() -> None:
    window = windows(30, 60, 5)[0]
    real = Segment(Span(2, 3), " yes", (Word(Span(2, 3), " yes"),))
    empty = Segment(Span(0, 1), "", (Word(Span(0, 1), ""),))
    transcript = join([ChunkTranscript(window, "en", (real, empty), Usage())], 30)
    assert transcript.text == "yes"
    assert_in_order(transcript)


def test_segments_without_length_are_kept() -> None:
    window = windows(30, 60, 5)[0]
    points = tuple(Segment(Span(5, 5), text) for text in (" One.", " Two.", " Three."))
    assert join([ChunkTranscript(window, "en", points, Usage())], 30).segments == points


# --- failed and empty chunks ----------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=8), st.floats(0, 16))
def test_gaps_and_what_was_heard_cover_the_file_and_share_nothing(
    failed: list[bool], overlap_s: float
) -> None:
    duration_s = 20 + (len(failed) - 1) * (20 - overlap_s)
    parts = windows(duration_s, 20, overlap_s)
    results: list[Result] = [
        ChunkFailure(part, "lost") if lost else hear(part, [])
        for part, lost in zip(parts, failed, strict=False)
    ]
    transcript = join(results, duration_s)
    assert len(transcript.failures) == sum(failed[: len(parts)])
    heard = [r.window.span for r in results if isinstance(r, ChunkTranscript)]
    gaps = [failure.span for failure in transcript.failures if failure.span.duration_s]
    assert not any(gap.overlap_s(span) for gap in gaps for span in heard)
    covered = sorted([*gaps, *heard], key=lambda span: span.start_s)
    ends = accumulate((span.end_s for span in covered), max)
    assert all(end_s >= after.start_s for end_s, after in zip(ends, covered[1:], strict=False))
    assert max(span.end_s for span in covered) == pytest.approx(duration_s)
    assert covered[0].start_s == 0


def test_a_failed_chunk_leaves_a_gap_as_long_as_what_nobody_heard() -> None:
    parts = windows(58, 22, 4)
    spoken = prose(145)
    lost = ChunkFailure(parts[1], "HTTP 500")
    transcript = join([hear(parts[0], spoken), lost, hear(parts[2], spoken)], 58)
    (failure,) = transcript.failures
    assert (failure.span, failure.reason) == (Span(22, 36), "HTTP 500")
    heard = [word.span for word in transcript.words]
    assert not any(span.overlap_s(failure.span) for span in heard)
    assert len(heard) == sum(end <= 22 or start >= 36 for start, end in times(spoken))


def times(spoken: list[Spoken]) -> list[tuple[float, float]]:
    return [(at_s, at_s + 0.3) for _, at_s in spoken]


def test_an_empty_chunk_takes_nothing_from_its_neighbours() -> None:
    parts, spoken = windows(58, 22, 4), prose(145)
    for silent in range(3):
        results = [hear(part, [] if part.index == silent else spoken) for part in parts]
        heard = {
            at_s
            for part in parts
            if part.index != silent
            for text, at_s in spoken
            if part.span.start_s <= at_s and at_s + 0.3 <= part.span.end_s
        }
        assert len(join(results, 58).words) == len(heard)
    assert join([hear(part, []) for part in parts], 60).segments == ()


# --- language and flags ---------------------------------------------------------------------------


def test_the_language_is_what_most_of_the_file_is_in_unless_it_was_asked_for() -> None:
    parts = windows(58, 22, 4)
    results = [hear(part, prose(150), language="de" if part.index == 0 else "en") for part in parts]
    assert join(results, 58).language == "en"
    assert join(results, 58, language="fr").language == "fr"
    assert join(results, 58, task="translate").language == "en"


def test_segments_in_another_language_than_most_say_so() -> None:
    parts = windows(58, 22, 4)
    results = [hear(part, prose(150), language="de" if part.index == 0 else "en") for part in parts]
    for segment in join(results, 58).segments:
        assert segment.language == ("de" if segment.span.end_s <= 20 else None)
    told = join(results, 58, language="en")
    assert all(segment.language is None for segment in told.segments)


def test_a_translation_keeps_the_language_that_was_spoken() -> None:
    parts = windows(58, 22, 4)
    results = [hear(part, prose(150), language="de" if part.index == 0 else "en") for part in parts]
    for segment in join(results, 58, task="translate").segments:
        assert segment.language == ("de" if segment.span.end_s <= 20 else None)


def test_silence_has_no_vote() -> None:
    left, right = windows(40, 30, 4)
    assert join([hear(left, [], language="cy"), hear(right, prose(99))], 40).language == "en"


def test_flags_are_those_of_the_text_that_stands() -> None:
    left, right = windows(40, 24, 8)
    flags = [Flag("low-confidence", Span(*at), -2, -1, "listen") for at in ((21, 24), (15, 24))]
    transcript = join([hear(left, prose(100), flags=flags), hear(right, prose(100))], 40)
    (flag,) = transcript.flags
    assert flag.span.start_s == 15 and 19.5 < flag.span.end_s <= 20


def test_a_flag_goes_with_its_words() -> None:
    left, right = windows(40, 24, 8)
    looped = [*prose(100)[:50], *[(" la", 20.0 + n / 10) for n in range(40)]]
    flag = Flag("repetition", Span(20, 24), 40, 4, "listen")
    transcript = join([hear(left, looped, flags=[flag]), hear(right, prose(100))], 40)
    assert "la la" not in transcript.text
    assert {flag.kind for flag in transcript.flags} == {"seam-disagreement"}


def test_a_voice_without_text_is_told_where_no_chunk_has_words_for_it() -> None:
    left, right = windows(40, 24, 8)
    silent = [word for word in prose(100) if not 17 <= word[1] < 22]
    found = Flag("speech-without-text", Span(17, 22), 5, 2, "listen")
    for theirs, kinds in ((silent, {"speech-without-text"}), (prose(100), set())):
        results = [hear(left, silent, flags=[found]), hear(right, theirs, flags=[found])]
        flags = join(results, 40).flags
        assert {flag.kind for flag in flags} == kinds and len(flags) == len(kinds)


def test_each_segment_keeps_the_seek_of_the_window_it_was_decoded_in() -> None:
    parts, spoken = windows(58, 22, 4), prose(145)
    results = []
    for part in parts:
        chunk = hear(part, spoken)
        sought = tuple(
            Segment(s.span, s.text, s.words, seek=round(part.span.start_s * 100))
            for s in chunk.segments
        )
        results.append(ChunkTranscript(part, "en", sought, chunk.usage))
    seeks = [segment.seek for segment in join(results, 58).segments]
    assert seeks == sorted(seeks)
    assert set(seeks) == {0, 1800, 3600}
