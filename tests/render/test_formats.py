"""Each format is read by a parser that knows nothing of ours."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html import unescape

import lrcparser
import pytest
import srt
import webvtt
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.fixtures import GOLDEN
from support.samples import any_transcripts, subtitle_settings

from audiopipe.render import RENDERERS, load, render
from audiopipe.render.as_csv import literal, written
from audiopipe.render.cues import cues
from audiopipe.render.passages import one_line, passages, title
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import milliseconds
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Failure, Flag, Segment, Source, Transcript, Word

TEXTS = [name for name in RENDERERS if name != "docx"]


def told(*segments: Segment, duration_s: float = 600_000, **more: object) -> Transcript:
    return Transcript(
        Source("talk.wav", "", duration_s),
        "transcribe",
        "en",
        segments,
        **more,  # type: ignore[arg-type]
    )


def ms_of(time: str) -> int:
    """Milliseconds of `H:MM:SS.mmm`, whatever stands between the fields."""
    hours, minutes, seconds, ms = map(int, re.findall(r"\d+", time))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


# a parser of LRC reads at most three digits of minutes
@given(any_transcripts(longest_s=59_000), subtitle_settings())
def test_independent_parsers_read_what_was_written(t: Transcript, limits: SubtitleSettings) -> None:
    a_subrip_parser_reads_the_same_cues(t, limits)
    a_webvtt_parser_reads_the_same_cues(t, limits)
    an_lrc_parser_reads_lines_in_order(t, limits)
    a_tab_separated_row_stands_for_each_passage(t)
    a_csv_row_holds_text_measures_and_flags(t)
    plain_text_has_a_line_for_each_passage(t)


def a_subrip_parser_reads_the_same_cues(t: Transcript, limits: SubtitleSettings) -> None:
    read = list(srt.parse(render(t, "srt", limits)))
    shown = cues(t, limits, label_speakers=True)
    assert [subtitle.index for subtitle in read] == list(range(1, len(shown) + 1))
    assert [round(s.start.total_seconds() * 1000) for s in read] == [c.start_ms for c in shown]
    assert [round(s.end.total_seconds() * 1000) for s in read] == [c.end_ms for c in shown]
    assert [s.content for s in read] == ["\n".join(c.lines).replace("-->", "→") for c in shown]


def a_webvtt_parser_reads_the_same_cues(t: Transcript, limits: SubtitleSettings) -> None:
    read = webvtt.from_string(render(t, "vtt", limits)).captions
    shown = cues(t, limits)
    assert [ms_of(caption.start) for caption in read] == [cue.start_ms for cue in shown]
    assert [ms_of(caption.end) for caption in read] == [cue.end_ms for cue in shown]
    spoken = [re.sub(r"^<v [^>]*>|</v>$", "", caption.raw_text, flags=re.M) for caption in read]
    assert [unescape(text) for text in spoken] == ["\n".join(cue.lines) for cue in shown]


def an_lrc_parser_reads_lines_in_order(t: Transcript, limits: SubtitleSettings) -> None:
    read = lrcparser.LrcParser.parse(render(t, "lrc", limits))["lrc_lines"]
    starts = [float(line.start_time) for line in read]
    assert starts == sorted(starts)
    one_row = replace(limits, max_line_count=1)
    expected = [cue.lines[0] for cue in cues(t, one_row, label_speakers=True)]
    plain = str.maketrans("[]<>", "()‹›")
    texts = [str(line.text) for line in read]
    assert [text for text in texts if text] == [line.translate(plain) for line in expected]


def a_tab_separated_row_stands_for_each_passage(t: Transcript) -> None:
    header, *rows = csv.reader(
        io.StringIO(render(t, "tsv")), delimiter="\t", quoting=csv.QUOTE_NONE
    )
    assert header == ["start", "end", "text"]
    assert [(int(row[0]), int(row[1])) for row in rows] == [
        (milliseconds(part.span.start_s), milliseconds(part.span.end_s)) for part, _ in passages(t)
    ]
    assert all(len(row) == 3 and row[2] for row in rows)


def a_csv_row_holds_text_measures_and_flags(t: Transcript) -> None:
    rows = list(csv.DictReader(io.StringIO(render(t, "csv"), newline=""), strict=True))
    said = [part for part, _ in passages(t) if isinstance(part, Segment)]
    read = [row for row in rows if not row["text"].startswith("[no transcript: ")]
    assert len(rows) == len(said) + len(t.failures)
    measured = [(s.avg_logprob, one_line(s.text)) for s in said]
    assert [
        (float(r["avg_logprob"] or "nan"), written(r["text"])) for r in read if r["avg_logprob"]
    ] == [pair for pair in measured if pair[0] is not None]


@given(st.from_regex(r"'{0,2}[=+@\-\t\r\nx].*", fullmatch=True))
def test_no_cell_is_a_formula_and_each_reads_back(text: str) -> None:
    assert literal(text)[:1] not in {*"=+-@\t\r\n"}
    assert written(literal(text)) == text


def plain_text_has_a_line_for_each_passage(t: Transcript) -> None:
    text = render(t, "txt")
    assert len(text.splitlines()) == len(list(passages(t))) == text.count("\n")


@given(st.text(), st.text(max_size=10))
def test_a_markdown_parser_reads_the_text_as_it_was_said(text: str, name: str) -> None:
    t = Transcript(Source(name, "", 9), "transcribe", "en", (Segment(Span(0, 9), text),))
    spoken = [
        "".join(
            leaf.content for leaf in token.children or () if leaf.type in ("text", "text_special")
        )
        for token in MarkdownIt().parse(render(t, "md"))
        if token.type == "inline"
    ]
    heading, _, *paragraphs = spoken
    assert heading == title(t)
    assert paragraphs == ([f"00:00:00 {one_line(text)}"] if one_line(text) else [])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/home/ann/calls/a.wav", "a.wav"),
        ("calls/a.wav", "a.wav"),
        ("C:\\Users\\ann\\a.wav", "a.wav"),
        ("\\\\server\\ann\\a.wav", "a.wav"),
        ("https://ann:pw@host/b/a.wav?sig=secret#x", "a.wav"),
        ("s3://bucket/key/a.wav", "a.wav"),
        ("50\\50.wav", "50\\50.wav"),
        ("stdin", "stdin"),
    ],
)
def test_titles_hold_no_folder_and_no_query(name: str, shown: str) -> None:
    t = replace(told(Segment(Span(0, 1), " Hi.")), source=Source(name, "", 9))
    assert title(t) == shown
    assert render(t, "lrc").startswith(f"[ti:{shown}]\n")
    assert not re.search("ann|secret|bucket", render(t, "md") + render(t, "lrc"))


def test_markdown_parts_thai_segments_by_a_space() -> None:
    text = render(told(Segment(Span(0, 1), "สวัสดีครับ"), Segment(Span(1, 2), "ผมชื่อสมชาย")), "md")
    assert "สวัสดีครับ ผมชื่อสมชาย" in text


def test_voices_at_once_have_a_tag_each() -> None:
    t = told(
        Segment(Span(0, 3), " Where are you going?", speaker="left"),
        Segment(Span(0.5, 3), " Wait & see <here>.", speaker="right"),
    )
    block = "<v left>Where are you going?</v>\n<v right>Wait &amp; see &lt;here&gt;.</v>\n"
    assert render(t, "vtt").endswith(f"00:00:00.000 --> 00:00:03.000\n{block}")
    assert "left: Where are you going?\nright: Wait & see <here>.\n" in render(t, "srt")


def test_markdown_lists_each_flag_and_marks_where_it_stands() -> None:
    doubtful = Flag("low-confidence", Span(1, 2), -1.5, -1.0, "Listen to it.")
    text = render(
        told(Segment(Span(0, 1), " Sure."), Segment(Span(1, 2), " Hm."), flags=(doubtful,)), "md"
    )
    assert r"Sure. Hm. \[⚑1\]" in text
    assert "1. **low-confidence** 00:00:01 to 00:00:02 (-1.5, limit -1). Listen to it." in text


def test_markdown_begins_a_paragraph_after_a_pause() -> None:
    text = render(told(Segment(Span(0, 1), " One."), Segment(Span(3.5, 4), " Two.")), "md")
    assert "**00:00:00** One.\n\n**00:00:03** Two." in text


def test_subtitles_after_a_hundred_hours_are_read_back() -> None:
    t = told(Segment(Span(360_001, 360_003), " Late."))
    (late,) = srt.parse(render(t, "srt"))
    (caption,) = webvtt.from_string(render(t, "vtt")).captions
    assert late.start.total_seconds() == 360_001
    assert ms_of(caption.start) == 360_001_000


def test_webvtt_names_the_speaker_in_a_voice_tag() -> None:
    t = told(Segment(Span(0, 2), " Yes & no.", speaker="A > B"))
    assert "\n<v A &gt; B>Yes &amp; no.\n" in render(t, "vtt")


@pytest.mark.parametrize("name", ["txt", "srt", "vtt", "tsv", "lrc", "csv", "md"])
def test_a_gap_is_marked_with_its_reason(name: str) -> None:
    t = told(failures=(Failure(Span(0, 60), "the server failed"),))
    assert re.search(r"no transcript: the server failed", render(t, name))


@pytest.mark.parametrize("name", TEXTS)
def test_a_recording_without_speech_can_be_rendered(name: str) -> None:
    assert render(told(), name)[-1:] in ("", "\n")


def test_verbose_json_has_the_fields_of_the_api_and_no_others() -> None:
    word = Word(Span(0, 1), " Hallo.", 0.9)
    segment = Segment(Span(0, 1), " Hallo.", (word,), tokens=(1, 2), avg_logprob=-0.1, speaker="A")
    t = Transcript(Source("a", "", 3.5), "transcribe", "de", (segment,), model="base")
    assert json.loads(render(t, "verbose_json")) == {
        "task": "transcribe",
        "language": "german",
        "duration": 3.5,
        "text": "Hallo.",
        "segments": [
            {"id": 0, "seek": 0, "start": 0, "end": 1, "text": " Hallo.", "tokens": [1, 2]}
            | {"temperature": None, "avg_logprob": -0.1}
            | {"compression_ratio": None, "no_speech_prob": None}
        ],
        "words": [{"word": "Hallo.", "start": 0, "end": 1}],
    }


def test_verbose_json_without_word_times_has_no_words() -> None:
    assert "words" not in json.loads(render(told(Segment(Span(0, 1), " Hi.")), "verbose_json"))


@pytest.mark.parametrize("name", [name for name in TEXTS if not RENDERERS[name].needs])
def test_the_golden_transcript_is_rendered_as_before(name: str) -> None:
    golden = GOLDEN / f"meeting{RENDERERS[name].ending}"
    transcript = load(GOLDEN / "meeting.json")
    assert render(transcript, name).encode() == golden.read_bytes()
