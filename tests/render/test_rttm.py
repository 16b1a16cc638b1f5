"""RTTM: a line a turn, as those who judge diarization read it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from audiopipe.render import render
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag, Segment, Source, Transcript


def spoken(*segments: tuple[float, float, str | None]) -> str:
    made = tuple(Segment(Span(a, b), " so", speaker=who) for a, b, who in segments)
    name = "my folder/the call.mp3"
    return render(Transcript(Source(name, "", 100.0), "transcribe", "en", made), "rttm")


def test_segments_of_one_speaker_are_a_turn_and_names_have_no_blanks() -> None:
    told = spoken((0.5, 2, "Ann Lee"), (2.1, 3, "Ann Lee"), (3.2, 4.25, "Bo"), (4.3, 5, "Ann Lee"))
    assert told == (
        "SPEAKER the_call.mp3 1 0.500 2.500 <NA> <NA> Ann_Lee <NA> <NA>\n"
        "SPEAKER the_call.mp3 1 3.200 1.050 <NA> <NA> Bo <NA> <NA>\n"
        "SPEAKER the_call.mp3 1 4.300 0.700 <NA> <NA> Ann_Lee <NA> <NA>\n"
    )


def test_channels_overlap_and_a_pause_ends_a_turn() -> None:
    told = spoken((0, 4, "left"), (1, 2, "right"), (4.1, 5, "left"), (5.5, 6, "left"))
    turns = [(row.split()[7], row.split()[3:5]) for row in told.splitlines()]
    assert turns == [
        ("left", ["0.000", "5.000"]),
        ("right", ["1.000", "1.000"]),
        ("left", ["5.500", "0.500"]),
    ]


def test_who_is_said_to_speak_at_once_has_a_turn_each() -> None:
    rows = ((0, 4, "Ann"), (4, 7, "Bo"), (30, 34, "Ann"), (90, 91, "Cem"))
    said = tuple(Segment(Span(a, b), " so", speaker=who) for a, b, who in rows)
    flags = tuple(
        Flag("overlapping-speech", Span(a, b), b - a, 0.0, "")
        for a, b in ((3.5, 4.5), (5, 6), (31, 32), (90, 90.5))
    )
    whole = Transcript(Source("a.wav", "", 100.0), "transcribe", "en", said, flags)
    turns = [row.split() for row in render(whole, "rttm").splitlines()]
    assert [(turn[7], float(turn[3]), float(turn[4])) for turn in turns] == [
        ("Ann", 0.0, 4.5),
        ("Bo", 3.5, 3.5),
        ("Ann", 5.0, 1.0),
        ("Ann", 30.0, 4.0),
        ("Cem", 90.0, 1.0),
    ]


def test_without_speakers_it_says_when_anybody_speaks() -> None:
    assert spoken((1, 2, None)).split()[7] == "<NA>"
    assert spoken() == ""


@given(
    st.lists(
        st.tuples(st.integers(0, 5000), st.integers(1, 900), st.sampled_from("abc")), max_size=20
    )
)
def test_what_anybody_says_is_in_a_turn_and_no_turn_of_theirs_overlaps(
    rows: list[tuple[int, int, str]],
) -> None:
    said = sorted((a / 100, (a + length) / 100, who) for a, length, who in rows)
    turns = [row.split() for row in spoken(*said).splitlines()]
    assert [turn[3] for turn in turns] == sorted((turn[3] for turn in turns), key=float)
    for who in "abc":
        own = sorted((float(t[3]), float(t[3]) + float(t[4])) for t in turns if t[7] == who)
        assert all(a[1] <= b[0] + 2e-3 for a, b in pairwise(own))
        for a, b, name in said:
            if name == who:
                assert any(x <= a + 1e-3 and b <= y + 2e-3 for x, y in own)
