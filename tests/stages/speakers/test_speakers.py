"""Voices are counted, words are given to them, and no word is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.audio.voiceprint import Directions, Prints
from audiopipe.stages.speakers import tell_speakers
from audiopipe.stages.speakers.album import Album
from audiopipe.stages.speakers.names import alike, matched, named
from audiopipe.stages.speakers.voices import find_voices
from audiopipe.store.answers import Store
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript, Word

DICE = np.random.default_rng(5)


def people(count: int, likeness: float = 0.45) -> Directions:
    """Directions that are alike by `likeness`."""
    shared = np.zeros(256)
    shared[:8] = 1 / np.sqrt(8)
    own = np.zeros((count, 256))
    for n in range(count):
        own[n, 8 + 8 * n : 16 + 8 * n] = 1 / np.sqrt(8)
    rows: Directions = (np.sqrt(likeness) * shared + np.sqrt(1 - likeness) * own).astype(np.float32)
    return rows


def heard(turns: list[tuple[int, float]], voices: Directions, noise: float = 0.35) -> Prints:
    """Windows of 1.6 s, 0.8 s apart, of turns: a voice and how long it speaks. One that hears two
    voices is between them."""
    edges = np.cumsum([0.0, *(length_s for _, length_s in turns)])
    starts = np.arange(0, max(0.0, edges[-1] - 1.6) + 0.01, 0.8)
    shares = np.clip(edges[1:], starts[:, None], starts[:, None] + 1.6)
    shares -= np.clip(edges[:-1], starts[:, None], starts[:, None] + 1.6)
    rows = shares @ voices[[voice for voice, _ in turns]]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows += noise * np.abs(DICE.standard_normal(rows.shape)) / 16
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    spans = tuple(Span(float(at_s), float(at_s) + 1.6) for at_s in starts)
    return Prints(spans, rows.astype(np.float32))


def words(count: int, length_s: float = 0.4, from_s: float = 0.0) -> tuple[Word, ...]:
    times = [from_s + n * length_s for n in range(count)]
    return tuple(Word(Span(at_s, at_s + length_s), f" w{n}") for n, at_s in enumerate(times))


def transcript(*segments: tuple[Word, ...]) -> Transcript:
    made = tuple(
        Segment(Span(row[0].span.start_s, row[-1].span.end_s), "".join(w.text for w in row), row)
        for row in segments
    )
    return Transcript(Source("a.wav", "", made[-1].span.end_s), "transcribe", "en", made)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("known", [True, False])
def test_as_many_voices_are_found_as_there_are(count: int, known: bool) -> None:
    voices = people(count)
    prints = heard([(n % count, 6.0) for n in range(4 * count)], voices)
    found = find_voices(prints, count if known else None)
    assert len(found) == count
    assert sorted((found @ voices.T).argmax(axis=1)) == list(range(count))


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(2.0, 20.0)), min_size=2, max_size=12))
def test_a_number_that_is_right_changes_nothing(turns: list[tuple[int, float]]) -> None:
    prints = heard(turns, people(5))
    found = find_voices(prints, None)
    assert np.array_equal(find_voices(prints, len(found)), found)


def test_where_much_is_said_at_once_it_is_not_one_voice() -> None:
    prints = heard([(0, 6.0)], people(1))
    assert len(find_voices(prints, None)) == 1
    for end_s, voices in ((1.0, 1), (3.0, 2)):
        crowd = replace(prints, crowded=(Span(0.0, end_s),))
        assert len(find_voices(crowd, None)) == voices
        assert len(find_voices(crowd, 1)) == 1


def test_a_cough_is_nobody() -> None:
    prints = heard([(0, 20.0), (1, 20.0), (2, 1.0), (0, 20.0)], people(3))
    assert len(find_voices(prints, None)) == 2
    assert len(find_voices(prints, 2)) == 2


def test_a_long_recording_takes_little_memory() -> None:
    voices = people(3)
    prints = heard([(n % 3, 30.0) for n in range(200)], voices)
    assert len(prints.spans) > 7_000
    assert len(find_voices(prints, None)) == 3


def test_nobody_and_one_window_are_no_fault() -> None:
    said = transcript(words(5))
    assert tell_speakers(said, [], None, {}).transcript == said
    told = tell_speakers(said, [heard([(0, 1.6)], people(1))], 2, {}).transcript
    assert [segment.speaker for segment in told.segments] == ["Speaker 1"]


def test_a_segment_is_split_where_the_voice_changes() -> None:
    prints = heard([(0, 8.0), (1, 8.0)], people(2))
    told = tell_speakers(transcript(words(40)), [prints], 2, {}).transcript
    first, second = told.segments
    assert (first.speaker, second.speaker) == ("Speaker 1", "Speaker 2")
    assert abs(first.span.end_s - 8.0) <= 0.8
    assert first.words + second.words == words(40)


@pytest.mark.parametrize("end", [7.6, 8.0, 8.4])
def test_a_change_is_at_the_end_of_a_sentence_where_one_is_near(end: float) -> None:
    prints = heard([(0, 8.0), (1, 8.0)], people(2))
    row = [
        Word(word.span, word.text.title() + "." * (abs(word.span.end_s - end) < 0.1))
        for word in words(40)
    ]
    told = tell_speakers(transcript(tuple(row)), [prints], 2, {}).transcript
    assert [round(segment.span.end_s, 1) for segment in told.segments] == [end, 16.0]


def test_a_segment_without_word_times_is_split_too() -> None:
    text = "".join(word.text for word in words(40))
    whole = Transcript(Source("a", "", 16.0), "translate", "en", (Segment(Span(0.0, 16.0), text),))
    told = tell_speakers(whole, [heard([(0, 8.0), (1, 8.0)], people(2))], 2, {}).transcript
    assert len(told.segments) == 2
    assert told.text == whole.text
    assert not told.words


@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(0.7, 9.0)), min_size=1, max_size=8),
    st.lists(st.integers(1, 30), min_size=1, max_size=5),
    st.sampled_from([None, 1, 2, 5]),
)
def test_no_word_is_lost_moved_or_doubled(
    turns: list[tuple[int, float]], rows: list[int], count: int | None
) -> None:
    at_s, segments = 0.0, []
    for length in rows:
        segments.append(words(length, 0.3, at_s))
        at_s = segments[-1][-1].span.end_s + 0.5
    said = transcript(*segments)
    told = tell_speakers(said, [heard(turns, people(4))], count, {}).transcript
    assert told.words == said.words
    assert told.text == said.text
    assert all(segment.speaker for segment in told.segments)
    assert len({segment.speaker for segment in told.segments}) <= (count or 32)


def test_known_voices_keep_their_names_and_others_are_numbered() -> None:
    voices = people(4)
    known = {"Ann": voices[2], "Speaker 1": voices[0], "Bob": people(9)[8]}
    assert matched(voices, known) == {2: "Ann", 0: "Speaker 1"}
    order = [3, 2, 1, 0]
    assert named(order, voices, known) == {3: "Speaker 2", 2: "Ann", 1: "Speaker 3", 0: "Speaker 1"}


def test_two_samples_of_one_voice_are_told() -> None:
    ann, bo = people(2)
    assert list(alike({"Ann": ann, "Bo": bo})) == []
    assert list(alike({"Ann": ann, "Bo": bo, "Ana": ann + 0.2 * bo})) == [("Ann", "Ana")]


def test_an_album_keeps_the_first_voice_of_a_name(tmp_path: Path) -> None:
    first, second = people(2)
    with Store(tmp_path / "answers") as store:
        album = Album(store, str(tmp_path))
        assert album.voices() == {}
        album.keep({"Ann": first})
        album.keep({"Ann": second, "Bo": second})
        assert list(album.voices()) == ["Ann", "Bo"]
        assert album.voices()["Ann"] @ first > 0.999
        assert Album(store, str(tmp_path / "other")).voices() == {}
        key = album._key
        for damaged in (b"", b"[]", b'{"Ann": 3}', b'{"Ann": "AAAA"}', b"{" * 90_000):
            store.put(key, "voice", damaged)
            assert album.voices() == {}
    nowhere = Album(None, str(tmp_path))
    nowhere.keep({"Ann": first})
    assert nowhere.voices() == {}
