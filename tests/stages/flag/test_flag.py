from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import any_segments

from audiopipe.audio.vad import Voice
from audiopipe.stages.flag import flag
from audiopipe.stages.flag.thresholds import Thresholds, thresholds_for
from audiopipe.values.audio import Span, Window
from audiopipe.values.flags import KINDS
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import ChunkTranscript, Flag, Segment, Word

DEFAULT = Thresholds()


@st.composite
def voices(draw: st.DrawFn) -> Voice:
    """Voice somewhere, what is certain inside what is possible."""
    possible, certain, now_s = [], [], 0.0
    for _ in range(draw(st.integers(0, 4))):
        start_s = now_s + draw(st.floats(0.3, 100))
        now_s = start_s + draw(st.floats(0.2, 100))
        possible.append(Span(start_s, now_s))
        if draw(st.booleans()):
            certain.append(possible[-1])
    return Voice(tuple(possible), tuple(certain))


OFF = Thresholds(
    min_avg_logprob=None,
    max_no_speech_prob=None,
    max_compression_ratio=None,
    max_repeats=None,
    max_syllables_per_s=None,
    min_syllables_per_s=None,
    min_segment_s=None,
    max_segment_s=None,
    min_voice_share=None,
    max_untranscribed_s=None,
    max_prompt_words=None,
    max_stock_signs=None,
    max_other_script=None,
    min_language_share=None,
)


def heard(*segments: Segment) -> ChunkTranscript:
    whole = Span(0, 1e5)
    return ChunkTranscript(Window(0, (whole,), whole), "en", segments, Usage())


def flags_of(*segments: Segment, thresholds: Thresholds = DEFAULT) -> tuple[Flag, ...]:
    return flag(heard(*segments), thresholds=thresholds).flags


def kinds_of(*segments: Segment, thresholds: Thresholds = DEFAULT) -> list[str]:
    return [flag.kind for flag in flags_of(*segments, thresholds=thresholds)]


GOOD = Segment(
    Span(0, 3),
    " And so, my fellow Americans, ask not.",
    avg_logprob=-0.2,
    compression_ratio=1.4,
    no_speech_prob=0.01,
)


def test_good_speech_is_not_flagged() -> None:
    assert flags_of(GOOD) == ()


def test_a_segment_without_measures_is_not_flagged() -> None:
    assert flags_of(Segment(GOOD.span, GOOD.text)) == ()


@pytest.mark.parametrize(
    ("kind", "change", "limit"),
    [
        ("low-confidence", {"avg_logprob": -1.01}, -1.0),
        ("likely-no-speech", {"no_speech_prob": 0.61}, 0.6),
        ("repetition", {"compression_ratio": 2.41}, 2.4),
    ],
)
def test_each_measure_is_flagged_with_its_value_and_limit(
    kind: str, change: dict[str, float], limit: float
) -> None:
    (found,) = flags_of(replace(GOOD, **change))  # type: ignore[arg-type]
    (value,) = change.values()
    assert (found.kind, found.span, found.value, found.limit) == (kind, GOOD.span, value, limit)
    assert found.detail.endswith(".")


@pytest.mark.parametrize(
    "change", [{"avg_logprob": -1.0}, {"no_speech_prob": 0.6}, {"compression_ratio": 2.4}]
)
def test_a_measure_at_its_limit_is_not_flagged(change: dict[str, float]) -> None:
    assert flags_of(replace(GOOD, **change)) == ()  # type: ignore[arg-type]


def test_segments_of_one_window_with_the_same_measure_are_one_flag() -> None:
    doubtful = [replace(GOOD, span=Span(i, i + 1), avg_logprob=-1.5) for i in range(3)]
    (found,) = flags_of(*doubtful)
    assert found.span == Span(0, 3)


def test_segments_with_different_measures_are_flags_of_their_own() -> None:
    doubtful = [replace(GOOD, span=Span(i, i + 1), avg_logprob=-1.5 - i) for i in range(3)]
    assert [found.value for found in flags_of(*doubtful)] == [-1.5, -2.5, -3.5]


def test_a_phrase_again_and_again_is_a_repetition_with_its_count() -> None:
    (found,) = flags_of(Segment(Span(0, 9), " I see." + " We will go now." * 5 + " Then home."))
    assert (found.kind, found.value, found.limit) == ("repetition", 5, 4)


def test_a_loop_is_placed_by_its_words() -> None:
    texts = [" So", *[" no"] * 6, " more"]
    said = tuple(Word(Span(i, i + 1), text) for i, text in enumerate(texts))
    (found,) = flags_of(Segment(Span(0, 8), "".join(texts), said))
    assert found.span == Span(1, 7)


def test_a_loop_across_segments_is_one_flag() -> None:
    looped = [Segment(Span(2 * i, 2 * i + 2), " We go home.") for i in range(6)]
    (found,) = flags_of(*looped)
    assert (found.kind, found.value, found.span) == ("repetition", 6, Span(0, 12))


def test_case_and_punctuation_do_not_hide_a_loop() -> None:
    assert kinds_of(Segment(Span(0, 5), " Go on, go on. Go on! GO ON? Go on…")) == ["repetition"]


def test_a_loop_of_pairs_is_not_reported_as_a_loop_of_fours_too() -> None:
    assert len(flags_of(Segment(Span(0, 30), " tick tock" * 40))) == 1


def test_chinese_loops_are_found_by_character() -> None:
    assert kinds_of(Segment(Span(0, 5), "我们回家。" * 6)) == ["repetition"]


def test_a_phrase_said_four_times_is_no_loop() -> None:
    assert flags_of(Segment(Span(0, 9), " We will go now." * 4)) == ()


def test_a_litany_is_no_loop() -> None:
    litany = (
        " it was the best of times, it was the worst of times, it was the age of wisdom, it was"
        " the age of foolishness, it was the epoch of belief, it was the epoch of incredulity,"
    )
    assert flags_of(Segment(Span(0, 12), litany)) == ()


def test_thirty_words_in_a_second_are_too_fast() -> None:
    (found,) = flags_of(Segment(Span(0, 1), " one two three four five six seven eight nine" * 3))
    assert (found.kind, found.limit) == ("too-fast", 12)
    assert found.value > 12


def test_a_fast_speaker_is_not_too_fast() -> None:
    assert flags_of(Segment(Span(0, 10), " thirty-two words of ordinary English" * 4)) == ()


def test_one_short_word_may_be_as_quick_as_it_likes() -> None:
    assert flags_of(Segment(Span(0, 0.04), " Yes.")) == ()


def test_two_words_in_half_a_minute_are_too_slow() -> None:
    assert kinds_of(Segment(Span(0, 30), " Well then.")) == ["too-slow"]


def test_two_slow_words_in_three_seconds_are_not_too_slow() -> None:
    assert flags_of(Segment(Span(0, 3), " Well then.")) == ()


def test_chinese_at_the_usual_speed_is_neither_too_fast_nor_too_slow() -> None:
    assert flags_of(Segment(Span(0, 12), "我们先看上个季度的数字然后再决定下一步怎么走" * 3)) == ()


def test_text_that_takes_no_time_is_an_anomaly() -> None:
    assert kinds_of(Segment(Span(5, 5), " And so to bed.")) == ["time-anomaly"]


def test_one_step_of_the_model_is_time_enough_wherever_it_lies() -> None:
    assert kinds_of(Segment(Span(911.554, 911.574), " One.")) == []


def test_a_phrase_longer_than_the_model_hears_at_once_is_an_anomaly() -> None:
    long = replace(GOOD, span=Span(0, 31), text=GOOD.text * 4)
    assert [flag.limit for flag in flags_of(long) if flag.kind == "time-anomaly"] == [30.1]


def test_text_from_a_server_without_times_is_no_anomaly() -> None:
    assert "time-anomaly" not in kinds_of(Segment(Span(0, 600), " Well then."))


def test_silence_that_was_left_out_of_a_phrase_is_no_part_of_it() -> None:
    whole = Window(0, (Span(0, 2), Span(60, 62)), Span(0, 62))
    across = ChunkTranscript(whole, "en", (replace(GOOD, span=Span(0, 61)),), Usage())
    assert flag(across, thresholds=DEFAULT).flags == ()


def test_silence_that_takes_no_time_is_none() -> None:
    assert flags_of(Segment(Span(5, 5), " ")) == ()


def test_flags_come_in_order_of_their_start() -> None:
    found = flags_of(
        Segment(Span(0, 2), " Well, well."),
        Segment(Span(2, 40), " Hm.", no_speech_prob=0.9),
        Segment(Span(40, 43), " Then he left.", avg_logprob=-2),
    )
    assert [f.kind for f in found] == ["likely-no-speech", "too-slow", "low-confidence"]


def test_a_voice_contradicts_a_model_that_guesses_at_silence() -> None:
    guessed = heard(replace(GOOD, no_speech_prob=0.9))
    spoken = Voice((Span(0.5, 2.5),), (Span(0.5, 2.5),))
    assert flag(guessed, thresholds=DEFAULT, voice=spoken).flags == ()
    silent = flag(guessed, thresholds=DEFAULT, voice=Voice((), ())).flags
    assert [found.kind for found in silent] == ["likely-no-speech", "text-without-speech"]
    unsure = heard(replace(GOOD, no_speech_prob=0.9, avg_logprob=-0.6))
    assert len(flag(unsure, thresholds=DEFAULT, voice=spoken).flags) == 1


def test_turbo_says_nothing_about_silence() -> None:
    silent = replace(GOOD, no_speech_prob=0.99)
    assert kinds_of(silent, thresholds=thresholds_for("whisper-large-v3-turbo")) == []


def test_large_v3_is_silent_from_a_few_percent_on() -> None:
    silent = replace(GOOD, no_speech_prob=0.07)
    assert kinds_of(silent, thresholds=thresholds_for("whisper-large-v3")) == ["likely-no-speech"]


@pytest.mark.parametrize("model", ["large-v3", "whisper-large-v3", "openai/whisper-large-v3"])
def test_a_model_has_its_thresholds_under_each_of_its_names(model: str) -> None:
    assert thresholds_for(model).max_no_speech_prob == 0.06


@pytest.mark.parametrize("model", ["", "base", "whisper-1", "/models/mine"])
def test_an_unknown_model_has_the_defaults(model: str) -> None:
    assert thresholds_for(model) == DEFAULT


@given(st.lists(any_segments(), max_size=6), voices())
def test_checks_that_are_switched_off_find_nothing(segments: list[Segment], voice: Voice) -> None:
    assert flag(heard(*segments), thresholds=OFF, voice=voice, prompt=GOOD.text).flags == ()


@given(st.lists(any_segments(), max_size=6), voices())
def test_every_flag_is_beyond_its_limit_and_on_text_or_voice(
    segments: list[Segment], voice: Voice
) -> None:
    spoken = [s.span for s in segments] + [w.span for s in segments for w in s.words]
    spoken += voice.certain
    for found in flag(heard(*segments), thresholds=DEFAULT, voice=voice, prompt=GOOD.text).flags:
        assert found.value != found.limit
        assert found.kind in KINDS
        assert found.detail.endswith(".")
        assert any(
            found.span.start_s <= span.end_s and span.start_s <= found.span.end_s for span in spoken
        )


@given(st.lists(any_segments(), max_size=6))
def test_flagging_twice_changes_nothing_and_leaves_the_text(segments: list[Segment]) -> None:
    once = flag(heard(*segments), thresholds=DEFAULT)
    assert flag(once, thresholds=DEFAULT) == once
    assert replace(once, flags=()) == heard(*segments)


@pytest.mark.parametrize(
    ("switch", "segment"),
    [
        ("min_avg_logprob", replace(GOOD, avg_logprob=-2)),
        ("max_no_speech_prob", replace(GOOD, no_speech_prob=0.9)),
        ("max_compression_ratio", replace(GOOD, compression_ratio=9)),
        ("max_repeats", Segment(Span(0, 9), " We will go now." * 5)),
        ("max_syllables_per_s", replace(GOOD, span=Span(0, 0.1))),
        ("min_syllables_per_s", replace(GOOD, span=Span(0, 29))),
        ("min_segment_s", replace(GOOD, span=Span(7, 7))),
    ],
)
def test_each_check_can_be_switched_off_alone(switch: str, segment: Segment) -> None:
    off: dict[str, Any] = {switch: None}
    assert len(flags_of(segment)) == 1
    assert flags_of(segment, thresholds=replace(DEFAULT, **off)) == ()
