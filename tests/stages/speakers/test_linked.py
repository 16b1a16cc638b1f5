"""Labels that a provider gives anew in each chunk become those of the whole recording."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.stages.speakers.linked import linked
from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import ChunkFailure, ChunkTranscript, Segment

Said = tuple[float, float, str]


def chunk(index: int, start_s: float, end_s: float, said: list[Said]) -> ChunkTranscript:
    window = Window(index, (Span(start_s, end_s),), Span(start_s, end_s))
    segments = tuple(Segment(Span(a, b), " so", speaker=who) for a, b, who in said)
    return ChunkTranscript(window, "en", segments, Usage())


def speakers(results: list[ChunkTranscript]) -> list[list[str | None]]:
    return [
        [segment.speaker for segment in result.segments]
        for result in linked(results)
        if isinstance(result, ChunkTranscript)
    ]


@pytest.mark.parametrize(
    ("a", "b", "c"),
    [("A", "B", "C"), ("speaker_0", "speaker_1", "speaker_2"), ("S01", "S02", "S03")],
)
def test_who_speaks_in_the_overlap_is_the_same_on_both_sides(a: str, b: str, c: str) -> None:
    first = chunk(0, 0, 30, [(0, 10, a), (10, 19, b), (20, 30, a)])
    second = chunk(1, 20, 50, [(20.2, 29, b), (30, 40, a), (40, 50, b)])
    assert speakers([first, second]) == [[a, b, a], [a, c, a]]


def test_names_of_people_stay() -> None:
    first = chunk(0, 0, 30, [(0, 20, "Ann"), (20, 30, "Bo")])
    second = chunk(1, 20, 50, [(20, 30, "A"), (30, 40, "Ann")])
    assert speakers([first, second]) == [["Ann", "Bo"], ["Bo", "Ann"]]


def test_a_lost_chunk_and_chunks_without_speakers_break_nothing() -> None:
    first = chunk(0, 0, 30, [(0, 30, "A")])
    lost = ChunkFailure(chunk(1, 25, 55, []).window, "gone")
    last = chunk(2, 50, 80, [(55, 80, "A")])
    plain = chunk(3, 80, 90, [])
    told = list(linked([first, lost, last, plain]))
    assert told[1] is lost and told[3] is plain
    assert [s.speaker for r in (told[0], told[2]) for s in r.segments] == ["A", "B"]  # type: ignore[union-attr]


@given(st.integers(2, 4), st.integers(2, 6), st.randoms())
def test_labels_drawn_anew_in_each_chunk_are_linked(
    people: int, chunks: int, dice: random.Random
) -> None:
    """Everybody is heard in each overlap."""
    turns = [(n * 2.0, n * 2.0 + 1.9, n % people) for n in range(16 * chunks)]
    results = []
    for index in range(chunks):
        start_s, end_s = index * 20.0, index * 20.0 + 32
        labels = [chr(ord("A") + n) for n in dice.sample(range(people), people)]
        said = [(a, b, labels[who]) for a, b, who in turns if start_s <= a and b <= end_s]
        results.append(chunk(index, start_s, end_s, said))
    told = [
        (segment.span.start_s, segment.speaker)
        for result in linked(results)
        for segment in result.segments  # type: ignore[union-attr]
    ]
    pairs = {(who, speaker) for at_s, speaker in told for a, _, who in turns if a == at_s}
    assert len(pairs) == people
