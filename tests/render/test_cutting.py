"""Formats of cutting rooms, each read by a parser that knows nothing of ours."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import docx
import opentimelineio as otio
import pysubs2
import ttconv.imsc.reader
from docx.enum.text import WD_COLOR_INDEX
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.samples import any_transcripts, subtitle_settings

from audiopipe.conversation.jobs.written import chapters_text
from audiopipe.render import content, load, render
from audiopipe.render.cues import Cue, cues
from audiopipe.render.xml import legal
from audiopipe.settings import SubtitleSettings
from audiopipe.text.timecode import exact_rate, frames, timecode
from audiopipe.values.audio import Chapter, Span
from audiopipe.values.transcript import Failure, Flag, Segment, Source, Transcript, Word

SCHEMA = Path(__file__).parent / "ebu-tt-d" / "all.xsd"
TT = "{http://www.w3.org/ns/ttml}"
RATES = ("23.976", "24", "25", "29.97", "30", "50", "59.94", "60")


def spoken(*texts: str, speaker: str | None = None, start_s: float = 1.0) -> Segment:
    """A segment whose words begin half a second apart and last 0.3 s."""
    said = tuple(
        Word(Span(start_s + n / 2, start_s + n / 2 + 0.3), text) for n, text in enumerate(texts)
    )
    span = Span(said[0].span.start_s, said[-1].span.end_s)
    return Segment(span, "".join(texts), said, speaker=speaker)


def told(*segments: Segment, **more: Any) -> Transcript:
    return Transcript(Source("talk.wav", "", 60.0), "transcribe", "en", segments, **more)


DOUBTFUL = told(
    spoken(" Hello", " there.", speaker="Ann"),
    spoken(" Who", " knows?", speaker="Bob & Co", start_s=10),
    flags=(
        Flag("low-confidence", Span(10.0, 10.8), -1.2, -1.0, "Listen | again."),
        Flag("repetition", Span(10.0, 10.5), 5, 4, "Loops."),
    ),
    failures=(Failure(Span(20.02, 30.0), "the server failed"),),
)


@settings(max_examples=25)
@given(any_transcripts(longest_s=30_000), subtitle_settings())
def test_independent_parsers_read_what_was_written(t: Transcript, limits: SubtitleSettings) -> None:
    shown = cues(t, limits)
    a_parser_of_substation_reads_the_same_cues(render(t, "ass", limits), shown)
    for name in ("ttml", "ebu-tt-d"):
        parsers_of_timed_text_read_the_same_cues(render(t, name, limits), shown)
    assert schema().validate(etree.fromstring(render(t, "ebu-tt-d", limits).encode()))
    marks_stand_for_flags_and_gaps(t)


@cache
def schema() -> Any:
    return etree.XMLSchema(etree.parse(SCHEMA))


def a_parser_of_substation_reads_the_same_cues(text: str, shown: list[Cue]) -> None:
    read = pysubs2.SSAFile.from_string(text)
    assert [e.start for e in read] == [c.start_ms // 10 * 10 for c in shown]
    assert [e.end for e in read] == [c.end_ms // 10 * 10 for c in shown]
    for event, cue in zip(read, shown, strict=True):
        assert event.plaintext.replace("\u2060", "").split("\n") == [
            line.replace("{", "(").replace("}", ")").replace("\u2060", "") for line in cue.lines
        ]
        sung = [int(cs) for cs in re.findall(r"\{\\k(\d+)\}", event.text)]
        assert not sung or sum(sung) == cue.end_ms // 10 - cue.start_ms // 10


def parsers_of_timed_text_read_the_same_cues(text: str, shown: list[Cue]) -> None:
    tree = ET.ElementTree(ET.fromstring(text))
    assert ttconv.imsc.reader.to_model(tree) is not None
    paragraphs = [p for p in tree.iter(f"{TT}p") if len(p)]
    assert [ms_of(p.attrib["begin"]) for p in paragraphs] == [c.start_ms for c in shown]
    assert [ms_of(p.attrib["end"]) for p in paragraphs] == [c.end_ms for c in shown]
    for paragraph, cue in zip(paragraphs, shown, strict=True):
        for br in paragraph.iter(f"{TT}br"):
            br.text = "\n"
        assert "".join(paragraph.itertext()) == legal("\n".join(cue.lines))


def ms_of(time: str) -> int:
    hours, minutes, seconds, ms = map(int, re.split("[:.]", time))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


def marks_stand_for_flags_and_gaps(t: Transcript) -> None:
    kinds = sorted([*(flag.kind for flag in t.flags), *("gap" for _ in t.failures)])
    markers = [*ET.fromstring(render(t, "fcpxml")).iter("marker")]
    assert sorted(marker.attrib["value"] for marker in markers) == kinds
    (clip,) = otio.adapters.read_from_string(render(t, "otio"), "otio_json").find_clips()
    assert sorted(marker.name for marker in clip.markers) == kinds
    assert all(marker.marked_range.start_time < clip.duration() for marker in clip.markers)


def test_words_light_up_when_they_are_spoken() -> None:
    (event,) = pysubs2.SSAFile.from_string(render(told(spoken(" One", " two.")), "ass"))
    assert event.text == r"{\k50}One{\k33} two."
    (event,) = pysubs2.SSAFile.from_string(
        render(told(spoken(" One", " two.")), "ass", SubtitleSettings(karaoke=False))
    )
    assert event.text == "One two."
    untimed = told(Segment(Span(1, 3), " One two."))
    assert r"{\k" not in render(untimed, "ass")


def test_an_edit_list_is_read_by_its_adapter_with_a_marker_a_frame() -> None:
    limits = SubtitleSettings(frame_rate="25", start_hour=1)
    read = otio.adapters.read_from_string(render(DOUBTFUL, "edl", limits), "cmx_3600", rate=25)
    markers = [marker for clip in read.find_clips() for marker in clip.markers]
    assert [(m.color, m.marked_range.start_time.to_timecode()) for m in markers] == [
        ("YELLOW", "01:00:10:00"),
        ("RED", "01:00:20:00"),
    ]
    assert "|M:low-confidence: Listen / again.; repetition: Loops. |D:20" in render(
        DOUBTFUL, "edl", limits
    )


def test_chapters_are_markers_too() -> None:
    found = [Chapter("Start", Span(0, 30)), Chapter("End", Span(30, 60))]
    edl = chapters_text(found, "edl", DOUBTFUL, SubtitleSettings())
    assert "* LOC: 00:00:30:00 GREEN   End" in edl and edl.count("LOC") == 2
    xml = chapters_text(found, "fcpxml", DOUBTFUL, SubtitleSettings(frame_rate="29.97"))
    marks = [*ET.fromstring(xml).iter("chapter-marker")]
    assert [mark.attrib["start"] for mark in marks] == ["0s", "899899/30000s"]
    timeline = chapters_text(found, "otio", DOUBTFUL, SubtitleSettings())
    (clip,) = otio.adapters.read_from_string(timeline, "otio_json").find_clips()
    assert [mark.name for mark in clip.markers] == ["Start", "End"]


def test_a_word_processor_reads_speakers_text_and_doubts() -> None:
    document = docx.Document(io.BytesIO(bytes(content(DOUBTFUL, "docx"))))  # type: ignore[arg-type]
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts[0] == "talk.wav"
    assert texts[2:5] == [
        "00:00:01 Ann: Hello there.",
        "00:00:10 Bob & Co: Who knows?[1][2]",
        "00:00:20 [no transcript: the server failed]",
    ]
    assert texts[5:] == [
        "Flags",
        "low-confidence 00:00:10 to 00:00:10 (-1.2, limit -1). Listen | again.",
        "repetition 00:00:10 to 00:00:10 (5, limit 4). Loops.",
    ]
    runs = [run for paragraph in document.paragraphs for run in paragraph.runs]
    marked = [r.text for r in runs if r.font.highlight_color == WD_COLOR_INDEX.YELLOW]
    assert marked == [" Who knows?"]


def test_a_second_language_stands_below_the_first_at_its_time() -> None:
    first = told(spoken(" Hello", " there."), spoken(" Who", " knows?", start_s=10))
    second = replace(
        told(spoken(" Guten", " Tag.", start_s=1.1), spoken(" Wer", " weiß?", start_s=10.2)),
        language="de",
    )
    both = replace(first, second=second)
    assert "\nHello there.\nGuten Tag.\n" in render(both, "srt")
    assert "\nWho knows?\n<lang de>Wer weiß?</lang>\n" in render(both, "vtt")
    assert r"\N{\rSecond}Wer weiß?" in render(both, "ass")
    spans = [*ET.fromstring(render(both, "ttml")).iter(f"{TT}span")]
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert [(s.text, s.get(lang)) for s in spans[2:]] == [("Who knows?", None), ("Wer weiß?", "de")]
    assert "Hello there.\n" in render(both, "lrc")


@settings(max_examples=25)
@given(any_transcripts(longest_s=1000), any_transcripts(longest_s=1000))
def test_no_word_of_a_second_language_is_lost(first: Transcript, second: Transcript) -> None:
    both = cues(replace(first, second=second), SubtitleSettings())
    shown = "".join(
        line for cue in both for voice in cue.voices if voice.language for line in voice.lines
    )
    alone = "".join(
        line for cue in cues(replace(second, failures=()), SubtitleSettings()) for line in cue.lines
    )
    if cues(first, SubtitleSettings()):
        assert sorted(shown.replace(" ", "")) == sorted(alone.replace(" ", ""))


def test_a_transcript_with_a_second_loads_back_as_it_was(tmp_path: Path) -> None:
    both = replace(DOUBTFUL, second=replace(DOUBTFUL, language="de"))
    assert load(both.save(tmp_path / "both.json")) == both


@given(st.integers(0, 24 * 3600 * 24 - 1), st.sampled_from(RATES))
def test_a_timecode_names_its_frame(frame: int, name: str) -> None:
    rate = exact_rate(name)
    assert timecode(frame, rate) == otio.opentime.RationalTime(frame, round(rate)).to_timecode()
    assert frames(float(Fraction(frame) / rate) + 1e-6, rate) == frame
