from __future__ import annotations

import pytest
from hypothesis import given
from support.samples import any_transcripts, transcripts

from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag, Segment, Source, Transcript, Word
from audiopipe.workflows.quality import Spread, examine, summary


def told(*segments: Segment, flags: tuple[Span, ...] = ()) -> Transcript:
    found = tuple(Flag("too-slow", span, 0.5, 1.0, "Listen.") for span in flags)
    return Transcript(Source("talk", "", 100), "transcribe", "en", segments, found)


def test_each_flagged_second_counts_once() -> None:
    findings = examine(told(flags=(Span(0, 10), Span(2, 5), Span(8, 12), Span(20, 21))))
    assert findings.flagged_s == 13
    assert summary([findings]).flagged_share == 0.13


def test_of_a_segment_with_word_times_only_the_words_under_the_flag_are_told() -> None:
    words = tuple(Word(Span(n, n + 1), f" {text}") for n, text in enumerate("so he left".split()))
    timed = Segment(Span(0, 3), " so he left", words)
    untimed = Segment(Span(10, 13), " at noon")
    ((_, first), (_, second)) = examine(
        told(timed, untimed, flags=(Span(1, 3), Span(12, 13)))
    ).flags
    assert (first, second) == ("he left", "at noon")


def test_measures_of_several_files_are_one_distribution() -> None:
    files = [
        examine(told(*(Segment(Span(0, 1), " so", avg_logprob=-value / 100) for value in values)))
        for values in (range(50), range(50, 101))
    ]
    assert summary(files).measures["avg_logprob"] == Spread(-1, -0.95, -0.5, -0.05, 0)


def test_a_measure_that_no_segment_has_is_left_out() -> None:
    assert "no_speech_prob" not in summary([examine(told(Segment(Span(0, 1), " so")))]).measures


@given(any_transcripts())
def test_any_transcript_can_be_examined(transcript: Transcript) -> None:
    figures = summary([examine(transcript)])
    assert (figures.flags, figures.segments) == (len(transcript.flags), len(transcript.segments))
    assert 0 <= figures.flagged_share <= 1


@given(transcripts(), transcripts())
def test_the_figures_of_two_files_are_those_of_each_together(a: Transcript, b: Transcript) -> None:
    first, second = summary([examine(a)]), summary([examine(b)])
    both = summary([examine(a), examine(b)])
    assert both.duration_s == pytest.approx(first.duration_s + second.duration_s)
    assert both.flagged_s == pytest.approx(first.flagged_s + second.flagged_s)
    assert both.flags == first.flags + second.flags
