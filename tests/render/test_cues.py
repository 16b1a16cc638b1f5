from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.samples import any_transcripts, subtitle_settings, transcripts

from audiopipe.errors import UsageError
from audiopipe.render.cues import cues
from audiopipe.render.drafts import drafts
from audiopipe.render.timing import LATEST_MS
from audiopipe.render.units import columns
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import milliseconds
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
@example(
    Transcript(Source("", "", 1.0), "transcribe", None, (), failures=(Failure(Span(0, 0), ""),)),
    SubtitleSettings(max_cue_duration_s=0.1875, min_cue_duration_s=0.1875),
)
def test_whatever_is_said_cues_keep_their_rules(t: Transcript, s: SubtitleSettings) -> None:
    shown = cues(t, s)
    assert all(cue.start_ms < cue.end_ms for cue in shown)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(shown))
    end_ms = max(t.duration_s * 1000, len(shown))
    assert all(cue.start_ms >= 0 and cue.end_ms <= end_ms for cue in shown)
    assert all(c.end_ms - c.start_ms <= s.max_cue_duration_s * 1000 for c in shown)
    assert all(1 <= len(cue.lines) <= s.max_line_count for cue in shown)
    # only what may not be broken is wider than a line: what stands alone in the narrowest
    alone = replace(s, max_line_width=1, max_line_count=1)
    whole = {line for cue in cues(t, alone) for line in cue.lines}
    for line in [line for cue in shown for line in cue.lines]:
        assert line == " ".join(line.split()) and len(line.splitlines()) == 1
        assert columns(line) <= s.max_line_width or line in whole


@given(any_transcripts(), settings, st.booleans())
def test_each_draft_is_shown_once_and_soon(
    t: Transcript, s: SubtitleSettings, label_speakers: bool
) -> None:
    said = sorted(drafts(t, s, label_speakers), key=lambda draft: draft.start_s)
    shown = [
        (cue, voice) for cue in cues(t, s, label_speakers=label_speakers) for voice in cue.voices
    ]
    assert [voice.lines for _, voice in shown] == [draft.lines for draft in said]
    for (cue, voice), draft in zip(shown, said, strict=True):
        assert voice.speaker == draft.speaker
        # of those at the same moment each has its millisecond
        assert cue.start_ms <= milliseconds(draft.start_s) + LATEST_MS + len(said)


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


@pytest.mark.parametrize("width", [4, 10, 11, 42])
def test_what_begins_with_a_title_stays_with_it_where_there_is_room(width: int) -> None:
    shown = [row for rows in lines_of(told(spoken("Dr. Watson.", 0, 2)), SubtitleSettings(width))
             for row in rows]  # fmt: skip
    assert shown == (["Dr. Watson."] if width > 10 else ["Dr.", "Watson."])


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


def test_chinese_is_broken_between_words_and_counts_two_columns_a_character() -> None:
    assert lines_of(told(Segment(Span(0, 6), "昨天我们一起去市场")), SubtitleSettings(10)) == [
        ("昨天我们", "一起去市场")
    ]


def test_no_line_begins_with_closing_punctuation() -> None:
    settings = SubtitleSettings(max_line_width=10, max_line_count=9)
    (lines,) = lines_of(told(Segment(Span(0, 6), "昨天我们去。市场买水果」新鲜ちょっと")), settings)
    assert not {line[0] for line in lines} & set("。」っ")


def test_no_line_ends_with_an_opening_bracket() -> None:
    settings = SubtitleSettings(max_line_width=10, max_line_count=9)
    (lines,) = lines_of(told(Segment(Span(0, 6), "昨天我们「一起」去市场")), settings)
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
    assert [(v.speaker, v.lines) for c in cues(t, DEFAULT) for v in c.voices] == [
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


def test_a_short_text_is_not_spread_over_a_long_segment() -> None:
    (cue,) = cues(told(Segment(Span(0, 30), " Thank you.")), DEFAULT)
    assert (cue.start_ms, cue.end_ms, cue.lines) == (0, 7_000, ("Thank you.",))


@pytest.mark.parametrize(
    ("text", "seconds"), [("谢谢大家", 29), (" Yes, of course I do.", 60), ("ขอบคุณครับ", 25)]
)
def test_nobody_speaks_slower_than_people_do(text: str, seconds: float) -> None:
    shown = cues(told(Segment(Span(0, seconds), text)), DEFAULT)
    assert len(shown) == 1 and shown[0].end_ms <= 7_000


@pytest.mark.parametrize("width", [12, 16, 20, 26, 32, 42])
@pytest.mark.parametrize(
    ("language", "text", "bad_start", "bad_end"),
    [
        ("en", "The man whom we met long ago in St. Mary's told Mrs. Jones and Dr. Fell all.", "",
         "St. Mrs. Dr."),
        ("fr", "Il a dit « Bonjour, mon ami » hier soir. — Quoi ? — Si ! Voilà : c'est M. Roy.",
         "» ? ! :", "« — M."),
        ("ru", "— Ты идёшь домой? — Да, конечно. — Тогда пойдём вместе, как пришли.", "", "—"),
        ("es", "— ¿Vienes a casa? – Sí, claro. Lo dijo el Sr. López ( ayer ) en la calle.", ")",
         "— – ( ¿ Sr."),
        ("pl", "Powiedział „ dzień dobry ” i poszedł - tak mówi prof. Nowak - do domu.", "”",
         "„ - prof."),
        ("en", 'It cost $ 5 or 10 % more, " they say " in a low voice, ♪ la la ♪ and so on.', "%",
         "$"),
    ],
)  # fmt: skip
def test_no_mark_stands_on_the_wrong_side_of_a_break(
    language: str, text: str, bad_start: str, bad_end: str, width: int
) -> None:
    t = replace(told(spoken(text, 0, 12)), language=language)
    for count in (1, 2):
        rows = [row for shown in lines_of(t, SubtitleSettings(width, count)) for row in shown]
        assert " ".join(rows) == text
        assert not {row.split()[0] for row in rows} & {*bad_start.split()}
        assert not {row.split()[-1] for row in rows[:-1]} & {*bad_end.split()}


def test_speakers_at_once_share_cues_and_nobody_is_late() -> None:
    segments = []
    for n in range(40):
        left = f"The left side talks on and on about its number {n} without any pause."
        right = f"While the right one says its own things about {n}, come what may."
        segments += [
            spoken(left, 4 * n, 4 * n + 3.9, "left"),
            spoken(right, 4 * n + 0.3, 4 * n + 4.1, "right"),
        ]
    t = told(*segments, duration_s=170)
    for label_speakers in (False, True):
        shown = cues(t, DEFAULT, label_speakers=label_speakers)
        assert all([v.speaker for v in cue.voices] == ["left", "right"] for cue in shown)
        assert all(cue.end_ms - cue.start_ms >= 833 for cue in shown)
        for n in range(40):
            (cue,) = (c for c in shown if any("The left side" in line for line in c.lines)
                      and abs(c.start_ms - 4_000 * n) < 2_000)  # fmt: skip
            assert cue.start_ms == pytest.approx(4_000 * n, abs=LATEST_MS)


def test_who_does_not_speak_at_once_shares_no_cue() -> None:
    t = told(spoken("Yes?", 0, 1, "Anna"), spoken("No, never ever.", 0.9, 2, "Bob"))
    assert [len(cue.voices) for cue in cues(t, DEFAULT)] == [1, 1]


@st.composite
def crosstalk(draw: st.DrawFn) -> Transcript:
    """Two to four speakers who do not wait for each other."""
    segments = []
    for speaker in "ABCD"[: draw(st.integers(2, 4))]:
        now_s = draw(st.floats(0, 2))
        for length in draw(st.lists(st.integers(1, 14), min_size=1, max_size=6)):
            end_s = now_s + length * draw(st.sampled_from([0.15, 0.3, 0.5]))
            segments.append(spoken(" ".join(["word,"] * length), now_s, end_s, speaker))
            now_s = end_s + draw(st.sampled_from([0.0, 0.1, 1.5]))
    return told(*sorted(segments, key=lambda s: s.span.start_s), duration_s=120)


@given(crosstalk(), st.booleans(), st.integers(1, 3))
def test_whatever_is_spoken_at_once_no_cue_is_late(
    t: Transcript, label_speakers: bool, count: int
) -> None:
    s = SubtitleSettings(max_line_count=count)
    said = sorted(drafts(t, s, label_speakers), key=lambda draft: draft.start_s)
    shown = cues(t, s, label_speakers=label_speakers)
    voiced = [(cue, voice) for cue in shown for voice in cue.voices]
    for (cue, voice), draft in zip(voiced, said, strict=True):
        assert voice.lines == draft.lines
        assert cue.start_ms <= milliseconds(draft.start_s) + LATEST_MS + len(said)
        assert cue.start_ms >= milliseconds(draft.start_s) - 1000 * s.max_cue_duration_s
        assert len(cue.lines) <= count


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
