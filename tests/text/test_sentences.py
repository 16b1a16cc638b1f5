from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import any_transcripts, transcripts
from support.spoken import spoken

from audiopipe.text.sentences import MOST_CHARACTERS, Sentence, runs, sentences
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript


@given(any_transcripts())
def test_joined_the_sentences_are_the_transcript(transcript: Transcript) -> None:
    said = "".join(part.text for part in sentences(transcript))
    whole = "".join(segment.text for segment in transcript.segments)
    assert "".join(said.split()) == "".join(whole.split())


@given(transcripts())
def test_sentences_lie_in_the_recording_in_order_and_none_is_empty(transcript: Transcript) -> None:
    parts = list(sentences(transcript))
    for part in parts:
        assert part.text.strip()
        assert 0 <= part.span.start_s <= part.span.end_s <= transcript.duration_s
    starts = [part.span.start_s for part in parts]
    assert starts == sorted(starts)


def test_a_sentence_has_the_times_of_its_words_across_segments() -> None:
    transcript = spoken("We came. We", "saw it all. And", "so they left.")
    assert [(part.text, part.span) for part in sentences(transcript)] == [
        (" We came. ", Span(0, 2)),
        ("We saw it all. ", Span(2, 6)),
        ("And so they left.", Span(6, 10)),
    ]


def test_without_word_times_a_sentence_begins_with_its_segment() -> None:
    transcript = spoken("We came. We", "saw it all.", words=False)
    assert [part.span for part in sentences(transcript)] == [Span(0, 3), Span(0, 6)]


def test_no_sentence_crosses_a_change_of_speakers() -> None:
    one, other = spoken("Do you", "think so?").segments
    transcript = Transcript(
        Source("", "", 9),
        "transcribe",
        "en",
        (
            Segment(one.span, one.text, one.words, speaker="Ann"),
            Segment(other.span, other.text, other.words, speaker="Bob"),
        ),
    )
    assert [(part.speaker, part.line) for part in sentences(transcript)] == [
        ("Ann", "Do you"),
        ("Bob", "think so?"),
    ]


def test_talk_without_a_full_stop_is_cut_between_words() -> None:
    transcript = spoken(" ".join(f"word{n}" for n in range(500)))
    parts = list(sentences(transcript))
    assert max(len(part.text) for part in parts) <= MOST_CHARACTERS
    assert len(parts) < 10
    assert [part.span.start_s for part in parts[1:]] == [part.span.end_s for part in parts[:-1]]


parts = st.builds(Sentence, st.just(Span(0, 1)), st.text(min_size=1))


@given(st.lists(parts), st.integers(1, 100))
def test_runs_hold_every_sentence_in_order_and_no_more_tokens_than_they_may(
    all_parts: list[Sentence], most: int
) -> None:
    made = list(runs(all_parts, most))
    assert [part for run in made for part in run] == all_parts
    for run in made:
        assert len(run) == 1 or sum(part.tokens for part in run) <= most


@pytest.mark.parametrize(
    ("start_s", "clock"), [(0, "0:00:00"), (83.9, "0:01:23"), (36_000, "10:00:00")]
)
def test_a_time_is_written_in_whole_seconds(start_s: float, clock: str) -> None:
    assert Sentence(Span(start_s, start_s), "x").clock == clock
