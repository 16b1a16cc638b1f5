from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from support.samples import any_transcripts, subtitle_settings, transcripts

from audiopipe.errors import UsageError
from audiopipe.render.cues import cues
from audiopipe.render.units import columns
from audiopipe.settings import SubtitleSettings
from audiopipe.text.words import is_unspaced
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Failure, Segment, Source, Transcript, Word

DEFAULT = SubtitleSettings()

settings = subtitle_settings()


def told(
    *segments: Segment, duration_s: float = 60, failures: tuple[Failure, ...] = ()
) -> Transcript:
    return Transcript(
        Source("talk.wav", "", duration_s), "transcribe", "en", segments, failures=failures
    )


def spoken(text: str, start_s: float, end_s: float, speaker: str | None = None) -> Segment:
    """A segment whose words are of equal length."""
    pieces = text.split()
    step_s = (end_s - start_s) / len(pieces)
    said = tuple(
        Word(Span(start_s + i * step_s, start_s + (i + 1) * step_s), f" {piece}")
        for i, piece in enumerate(pieces)
    )
    return Segment(Span(start_s, end_s), "".join(w.text for w in said), said, speaker=speaker)


def lines_of(transcript: Transcript, settings: SubtitleSettings = DEFAULT) -> list[tuple[str, ...]]:
    return [cue.lines for cue in cues(transcript, settings)]


def letters(text: str) -> str:
    """What is left of a text without spaces and control characters."""
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cc")


@given(any_transcripts(), settings)
def test_cues_never_overlap_and_never_stand_still(t: Transcript, s: SubtitleSettings) -> None:
    shown = cues(t, s)
    assert all(cue.start_ms < cue.end_ms for cue in shown)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(shown))


@given(any_transcripts(), settings)
def test_cues_lie_in_the_file_if_it_has_a_millisecond_for_each(
    t: Transcript, s: SubtitleSettings
) -> None:
    shown = cues(t, s)
    end_ms = max(t.duration_s * 1000, len(shown))
    assert all(cue.start_ms >= 0 and cue.end_ms <= end_ms for cue in shown)


@given(any_transcripts(), settings)
@example(
    Transcript(Source("", "", 1.0), "transcribe", None, (), failures=(Failure(Span(0, 0), ""),)),
    SubtitleSettings(max_cue_duration_s=0.1875, min_cue_duration_s=0.1875),
)
def test_no_cue_is_longer_than_allowed(t: Transcript, s: SubtitleSettings) -> None:
    assert all(c.end_ms - c.start_ms <= s.max_cue_duration_s * 1000 for c in cues(t, s))


@given(transcripts(), settings)
def test_cues_are_long_enough_and_parted_where_the_file_has_room_for_all(
    t: Transcript, s: SubtitleSettings
) -> None:
    shown = cues(t, s)
    room_ms = len(shown) * (1000 * (s.min_cue_duration_s + s.min_gap_s) + 2)
    if room_ms <= t.duration_s * 1000:
        assert all(c.end_ms - c.start_ms >= int(s.min_cue_duration_s * 1000) for c in shown)
        assert all(b.start_ms - a.end_ms >= s.min_gap_s * 1000 for a, b in pairwise(shown))


@given(any_transcripts(), settings)
def test_a_cue_has_no_more_lines_than_allowed(t: Transcript, s: SubtitleSettings) -> None:
    assert all(1 <= len(cue.lines) <= s.max_line_count for cue in cues(t, s))


@given(any_transcripts(), settings)
def test_a_line_is_wider_than_allowed_only_where_it_is_one_word(
    t: Transcript, s: SubtitleSettings
) -> None:
    wide = [line for c in cues(t, s) for line in c.lines if columns(line) > s.max_line_width]
    assert not any(" " in line for line in wide)
    assert not any(
        is_unspaced(a)
        and is_unspaced(b)
        and "\u4e00" <= a <= "\u9fff"
        and "\u4e00" <= b <= "\u9fff"
        for line in wide
        for a, b in pairwise(line)
    )


@given(any_transcripts(), settings)
def test_no_line_is_blank_or_broken_in_itself(t: Transcript, s: SubtitleSettings) -> None:
    assert all(
        line == " ".join(line.split()) and len(line.splitlines()) == 1
        for cue in cues(t, s)
        for line in cue.lines
    )


@given(transcripts(), settings)
def test_every_letter_is_shown_once_and_in_order(t: Transcript, s: SubtitleSettings) -> None:
    whole = Transcript(t.source, t.task, t.language, t.segments)
    shown = "".join(line for cue in cues(whole, s) for line in cue.lines)
    assert letters(shown) == letters(t.text)


def test_lines_break_after_clauses_rather_than_at_the_full_width() -> None:
    text = "It was the epoch of belief, it was the epoch of incredulity."
    assert lines_of(told(spoken(text, 0, 5))) == [
        ("It was the epoch of belief,", "it was the epoch of incredulity.")
    ]


def test_two_lines_without_a_clause_are_of_like_width() -> None:
    text = "The boy who ran along the river bank found his lost shoe"
    assert lines_of(told(spoken(text, 0, 4))) == [
        ("The boy who ran along the", "river bank found his lost shoe")
    ]


def test_text_that_fits_stays_on_one_line() -> None:
    assert lines_of(told(spoken("A line, of less than 42 columns.", 0, 3))) == [
        ("A line, of less than 42 columns.",)
    ]


def test_cues_end_with_sentences() -> None:
    text = "We had been walking since the morning. Nobody knew where the old road would lead us to."
    assert lines_of(told(spoken(text, 0, 8))) == [
        ("We had been walking since the morning.",),
        ("Nobody knew where the old", "road would lead us to."),
    ]


def test_a_long_silence_parts_cues() -> None:
    assert lines_of(told(spoken("Well then", 0, 1), spoken("yes", 3, 4))) == [
        ("Well then",),
        ("yes",),
    ]


def test_segments_that_follow_closely_share_a_cue() -> None:
    assert lines_of(told(spoken("One and", 0, 1), spoken("two.", 1, 2))) == [("One and two.",)]


def test_a_cue_is_timed_by_its_words_and_not_by_its_segment() -> None:
    said = (Word(Span(12, 13), " Only"), Word(Span(13, 14), " here."))
    (cue,) = cues(told(Segment(Span(5, 30), " Only here.", said)), DEFAULT)
    assert (cue.start_ms, cue.end_ms) == (12_000, 14_000)


def test_a_segment_without_words_is_interpolated_over_its_text() -> None:
    text = " A sentence of forty columns at any rate. A sentence of forty columns at any rate."
    narrow = SubtitleSettings(max_line_count=1)
    first, second = cues(told(Segment(Span(10, 20), text)), narrow)
    assert first.start_ms == 10_000
    assert second.start_ms == pytest.approx(15_000, abs=20)
    assert second.end_ms == 20_000


def test_a_short_cue_is_held_into_the_silence_until_it_is_read() -> None:
    (cue,) = cues(told(spoken("Thirty-four columns take two secs.", 1, 1.5)), DEFAULT)
    assert (cue.start_ms, cue.end_ms) == (1_000, 3_000)


def test_a_held_cue_leaves_the_gap_before_the_next() -> None:
    first, second = cues(
        told(spoken("Thirty-four columns take two secs.", 1, 1.5), spoken("Next.", 2.6, 3)), DEFAULT
    )
    assert (first.end_ms, second.start_ms) == (2_516, 2_600)


def test_a_word_at_the_very_end_pulls_its_cue_into_the_file() -> None:
    (cue,) = cues(told(Segment(Span(60, 60), " End.")), DEFAULT)
    assert (cue.start_ms, cue.end_ms) == (60_000 - 833, 60_000)


def test_chinese_is_broken_by_character_and_counts_two_columns_each() -> None:
    assert lines_of(told(Segment(Span(0, 6), "一二三四五六七八九十")), SubtitleSettings(10)) == [
        ("一二三四五", "六七八九十")
    ]


def test_no_line_begins_with_closing_punctuation() -> None:
    settings = SubtitleSettings(max_line_width=10, max_line_count=9)
    (lines,) = lines_of(told(Segment(Span(0, 6), "一二三四五。六七八九十」一二三っ")), settings)
    assert not {line[0] for line in lines} & set("。」っ")


def test_no_line_ends_with_an_opening_bracket() -> None:
    settings = SubtitleSettings(max_line_width=10, max_line_count=9)
    (lines,) = lines_of(told(Segment(Span(0, 6), "一二三四「五六」七八九十")), settings)
    assert not {line[-1] for line in lines} & set("「")


def test_word_pieces_without_a_space_stay_together() -> None:
    said = tuple(Word(Span(i, i + 1), text) for i, text in enumerate([" twenty", "-five", " men"]))
    t = told(Segment(Span(0, 3), " twenty-five men", said))
    assert lines_of(t, SubtitleSettings(max_line_width=9)) == [("twenty-five", "men")]


def test_a_failure_is_a_cue_of_its_own_at_the_start_of_its_gap() -> None:
    gap = Failure(Span(10, 50), "the server failed")
    t = told(spoken("Before.", 8, 9.9), spoken("After.", 50, 51), failures=(gap,))
    assert [(c.start_ms, c.end_ms, c.lines) for c in cues(t, DEFAULT)][1] == (
        10_000,
        17_000,
        ("[no transcript: the server failed]",),
    )


def test_speakers_never_share_a_cue() -> None:
    t = told(spoken("Yes?", 0, 1, "Anna"), spoken("No.", 1, 2, "Bob"))
    assert [(c.speaker, c.lines) for c in cues(t, DEFAULT)] == [
        ("Anna", ("Yes?",)),
        ("Bob", ("No.",)),
    ]


def test_a_label_stands_where_the_speaker_changes_and_not_after_it() -> None:
    t = told(
        spoken("Yes?", 0, 1, "Anna"), spoken("No.", 1, 2, "Bob"), spoken("Never.", 8, 9, "Bob")
    )
    assert [c.lines for c in cues(t, DEFAULT, label_speakers=True)] == [
        ("Anna: Yes?",),
        ("Bob: No.",),
        ("Never.",),
    ]


def test_silence_gives_no_cue() -> None:
    assert cues(told(), DEFAULT) == []


def test_words_that_run_backwards_keep_their_order() -> None:
    said = (Word(Span(5, 6), " one"), Word(Span(2, 3), " two"), Word(Span(0, 1), " three"))
    assert lines_of(told(Segment(Span(0, 6), " one two three", said))) == [("one two three",)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_line_width": 0},
        {"max_line_count": 0},
        {"max_cue_duration_s": 0.5},
        {"min_cue_duration_s": 0.0},
        {"min_gap_s": -1.0},
        {"reading_speed_cps": 0.0},
        {"max_cue_duration_s": float("nan")},
        {"max_cue_duration_s": float("inf")},
        {"reading_speed_cps": float("nan")},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        SubtitleSettings(**wrong)  # type: ignore[arg-type]
