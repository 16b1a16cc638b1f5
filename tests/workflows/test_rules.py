from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from support.samples import transcripts

from audiopipe.cli.check import RULES as NAMED
from audiopipe.render.cues import Cue, Piece, Voice, cues
from audiopipe.settings import SubtitleSettings
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.rules import RULES, breaches

RATE = Fraction(25)


def cue(start_ms: int, end_ms: int, *lines: str) -> Cue:
    return Cue(
        start_ms, end_ms, (Voice(None, tuple((Piece(x, start_ms, end_ms),) for x in lines)),)
    )


def broken(name: str, *subtitles: Cue, language: str = "en") -> list[tuple[str, int]]:
    return [(b.rule, b.number) for b in breaches(subtitles, RULES[name], language, RATE)]


FULL = "x" * 42


@pytest.mark.parametrize(
    ("name", "language", "subtitles", "found"),
    [
        ("netflix", "en", [cue(0, 4200, FULL, FULL)], []),
        ("netflix", "en", [cue(0, 4198, FULL, FULL)], [("reading-speed", 1)]),
        ("netflix", "de", [cue(0, 4200, FULL, FULL)], [("reading-speed", 1)]),
        ("netflix", "en", [cue(0, 7000, f"{FULL}x")], [("line-length", 1)]),
        ("netflix", "en", [cue(0, 7000, "a", "b", "c")], [("lines", 1)]),
        ("netflix", "en", [cue(0, 833, "a")], []),
        ("netflix", "en", [cue(0, 830, "a")], [("too-short", 1)]),
        ("netflix", "en", [cue(0, 7002, "a")], [("too-long", 1)]),
        ("netflix", "en", [cue(0, 1000, "a"), cue(1080, 2080, "b")], []),
        ("netflix", "en", [cue(0, 1000, "a"), cue(1040, 2080, "b")], [("gap", 2)]),
        ("netflix", "en", [cue(0, 1000, "a"), cue(1300, 2300, "b")], [("gap", 2)]),
        ("netflix", "en", [cue(0, 1000, "a"), cue(1500, 2500, "b")], []),
        ("netflix", "en", [cue(0, 1000, "a"), cue(990, 2500, "b")], [("overlap", 2)]),
        ("netflix", "ja", [cue(0, 3500, "一二三四五六七八九十一二三")], []),
        ("netflix", "ja", [cue(0, 3000, "一二三四五六七八九十一二三")], [("reading-speed", 1)]),
        ("netflix", "ja", [cue(0, 7000, "一二三四五六七八九十一二三四")], [("line-length", 1)]),
        ("ebu", "en", [cue(0, 6000, "x" * 37, "x" * 37)], []),
        ("ebu", "en", [cue(0, 6000, "x" * 38)], [("line-length", 1)]),
        ("ebu", "en", [cue(0, 900, "a")], [("too-short", 1)]),
        ("ebu", "en", [cue(0, 1000, "a"), cue(1100, 2100, "b")], [("gap", 2)]),
        ("bbc", "en", [cue(0, 2000, "one two three", "four five six")], []),
        ("bbc", "en", [cue(0, 1900, "one two three", "– four five six")], [("reading-speed", 1)]),
        ("bbc", "en", [cue(0, 1000, "a"), cue(1000, 2000, "b"), cue(2800, 3800, "c")], []),
        ("bbc", "en", [cue(0, 1000, "a"), cue(1790, 2790, "b")], [("gap", 2)]),
    ],
)
def test_what_breaks_a_rule_is_found_at_its_place(
    name: str, language: str, subtitles: list[Cue], found: list[tuple[str, int]]
) -> None:
    assert broken(name, *subtitles, language=language) == found


@settings(max_examples=25)
@given(transcripts())
def test_our_subtitles_keep_what_they_are_set_to_keep(transcript: Transcript) -> None:
    shown = cues(transcript, SubtitleSettings(max_line_width=37))
    rules = {rule for rule, _ in broken("netflix", *shown)}
    assert not rules & {"lines", "too-long", "overlap"}


def test_the_command_knows_the_rules() -> None:
    assert tuple(RULES) == NAMED
    assert all(rules.source for rules in RULES.values())
