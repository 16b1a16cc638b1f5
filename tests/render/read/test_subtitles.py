"""Subtitles as programs and people write them, beside independent parsers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import srt
import webvtt
from hypothesis import given
from hypothesis import strategies as st
from support.samples import transcripts

from audiopipe.errors import InputError
from audiopipe.render import load, render
from audiopipe.render.cues import cues
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import milliseconds
from audiopipe.text.subtitles import cues as subtitles
from audiopipe.text.subtitles import is_subtitles
from audiopipe.values.transcript import Transcript

SRT = """\ufeff1\r
00:00:01,000 --> 00:00:02,500 X1:10 X2:20\r
<i>Hello</i> {\\an8}there,\r
<font color="#ff0000">you &amp; me</font>\r
\r
2\r
00:00:02,000 --> 00:00:04,000\r
[SPEAKER_01]: Fine\r
3\r
00:00:05,000 --> 00:00:06,000\r
1984\r
"""
VTT = """WEBVTT - a title
Kind: captions

STYLE
::cue { color: red }

NOTE 00:00 is not a time
more of the note

REGION
id:fred

first
00:01.000 --> 00:02.500 align:start position:10%
<v.loud Roger Bingham>We are in <i>New York</i>
<v Neil>Hi &lt;there&gt;</v>

01:00:00.000 --> 01:00:01.000
Over<01:00:00.500><c> lap</c>
"""


def said(path: Path) -> list[tuple[float, float, str | None, str]]:
    return [(s.span.start_s, s.span.end_s, s.speaker, s.text.strip()) for s in load(path).segments]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_subrip_loses_its_tags_and_keeps_what_is_said(encoding: str, tmp_path: Path) -> None:
    text = SRT if encoding == "utf-8" else SRT.lstrip("\ufeff")
    (tmp_path / "a.srt").write_bytes(text.encode(encoding))
    assert said(tmp_path / "a.srt") == [
        (1.0, 2.5, None, "Hello there, you & me"),
        (2.0, 4.0, "SPEAKER_01", "Fine"),
        (5.0, 6.0, None, "1984"),
    ]


def test_old_subtitles_in_a_western_encoding_are_read(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nDas Café heißt „Blau“.\n"
    (tmp_path / "a.srt").write_bytes(text.encode("cp1252"))
    assert said(tmp_path / "a.srt")[0][3] == "Das Café heißt „Blau“."


def test_webvtt_loses_notes_styles_and_settings_and_keeps_its_voices(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text(VTT, "utf-8")
    assert said(tmp_path / "a.vtt") == [
        (1.0, 2.5, "Roger Bingham", "We are in New York"),
        (1.0, 2.5, "Neil", "Hi <there>"),
        (3600.0, 3601.0, None, "Over lap"),
    ]
    assert len(webvtt.from_string(VTT).captions) == 2


def test_lines_of_chinese_are_joined_without_a_space(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n昨天我们\n一起去市场。\n"
    (tmp_path / "a.srt").write_text(text, "utf-8")
    assert said(tmp_path / "a.srt")[0][3] == "昨天我们一起去市场。"


lines = st.text("abcß 我ไท,.!?", min_size=1, max_size=12).filter(str.strip)
spans = st.tuples(st.integers(0, 10**7), st.integers(1, 10**4))


@given(st.lists(st.tuples(spans, st.lists(lines, min_size=1, max_size=3)), max_size=5))
def test_a_subrip_parser_reads_the_same(blocks: list[tuple[tuple[int, int], list[str]]]) -> None:
    text = srt.compose(
        [
            srt.Subtitle(None, ms(start), ms(start + length), "\n".join(rows))
            for (start, length), rows in blocks
        ]
    )
    rows = list(subtitles(text))
    peer = list(srt.parse(text))
    assert [row.start_s for row in rows] == [p.start.total_seconds() for p in peer]
    assert [row.end_s for row in rows] == [p.end.total_seconds() for p in peer]
    assert ["".join(r.text.split()) for r in rows] == ["".join(p.content.split()) for p in peer]


def ms(number: int) -> timedelta:
    return timedelta(milliseconds=number)


@given(transcripts())
def test_our_own_webvtt_is_read_back_to_the_millisecond(t: Transcript) -> None:
    shown = [(cue, voice) for cue in cues(t, SubtitleSettings()) for voice in cue.voices]
    rows = list(subtitles(render(t, "vtt")))
    assert [milliseconds(row.start_s or 0) for row in rows] == [c.start_ms for c, _ in shown]
    assert [milliseconds(row.end_s or 0) for row in rows] == [c.end_ms for c, _ in shown]
    assert [row.speaker for row in rows] == [voice.speaker for _, voice in shown]
    assert ["".join(row.text.split()) for row in rows] == [
        "".join("".join(voice.lines).split()) for _, voice in shown
    ]


@given(st.text("0123456789:,.->\n <v/cWEBVTTNOTE {\\}&;amp", max_size=80))
def test_nonsense_gives_no_empty_row(text: str) -> None:
    if is_subtitles(text):
        assert all(row.text.strip() for row in list(subtitles(text)))


def test_a_long_line_of_nonsense_takes_no_longer_than_its_length(tmp_path: Path) -> None:
    hostile = (
        "WEBVTT\n\n" + "<v " * 100_000 + "\n00:00:01.000 --> " + " " * 200_000 + "\n" + "<" * 10**6
    )
    (tmp_path / "a.vtt").write_text(hostile)
    assert load(tmp_path / "a.vtt").segments == ()


def test_what_is_neither_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("Dear diary")
    with pytest.raises(InputError, match=r"a\.srt is not a transcript .* SubRip or WebVTT"):
        load(tmp_path / "a.srt")
