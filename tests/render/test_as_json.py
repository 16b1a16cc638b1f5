from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from support.samples import any_transcripts

from audiopipe.errors import InputError
from audiopipe.render import load, render, save
from audiopipe.render.as_json import parse
from audiopipe.render.read.rows import transcript_of
from audiopipe.render.read.tools import told_by
from audiopipe.text.clean import printable
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag, Segment, Source, Transcript, Word

WORDS = (Word(Span(0.1, 0.5), " Good", 0.9), Word(Span(0.5, 1), " day."))
TOLD = Transcript(
    Source("a.wav", "00ff", 2.0),
    "transcribe",
    "en",
    (Segment(Span(0.1, 1), " Good day.", WORDS), Segment(Span(1, 2), " Bye.")),
    flags=(Flag("low-confidence", Span(1.5, 2), -1.5, -1.0, "Listen."),),
)


def letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


@given(any_transcripts())
def test_a_transcript_is_read_back_exactly(transcript: Transcript) -> None:
    text = render(transcript, "json")
    assert parse(text) == transcript
    # verbose_json holds the text and how long it is
    verbose = transcript_of(told_by(json.loads(render(transcript, "verbose_json"))), "x")
    in_order = sorted(transcript.segments, key=lambda segment: segment.span.start_s)
    spoken = "".join(printable(segment.text) for segment in in_order)
    assert letters(verbose.text) == letters(spoken)
    assert verbose.duration_s >= transcript.duration_s
    # and it is JSON with an item a line
    items = len(transcript.segments) + len(transcript.words)
    assert set(json.loads(text)) >= {"task", "segments", "words", "flags", "usage", "version"}
    assert text.count("\n    {") >= items


def test_it_holds_every_field_of_the_contract() -> None:
    document = json.loads(render(TOLD, "json"))
    assert list(document) == [
        *("task", "language", "duration", "text", "segments", "words", "flags", "failures"),
        *("repairs", "model", "backend", "source", "usage", "version"),
    ]
    assert list(document["source"]) == ["name", "sha256", "duration"]
    assert list(document["usage"]) == [
        *("requests", "audio_seconds", "billed_seconds", "cost_usd"),
    ]
    assert document["flags"] == [
        {"kind": "low-confidence", "start": 1.5, "end": 2, "value": -1.5, "limit": -1.0}
        | {"detail": "Listen."}
    ]


def test_words_have_no_space_before_them() -> None:
    words = json.loads(render(TOLD, "json"))["words"]
    assert [word["word"] for word in words] == ["Good", "day."]


def test_a_word_without_a_probability_has_no_such_field() -> None:
    words = json.loads(render(TOLD, "json"))["words"]
    assert [word.get("probability", "none") for word in words] == [0.9, "none"]


def test_a_segment_names_the_kinds_of_flags_that_share_its_time() -> None:
    segments = json.loads(render(TOLD, "json"))["segments"]
    assert [segment["flags"] for segment in segments] == [[], ["low-confidence"]]


def test_a_file_name_that_is_not_text_survives(tmp_path: Path) -> None:
    odd = Transcript(Source("caf\udce9.wav", "", 1), "transcribe", None, ())
    assert load(save(odd, tmp_path / "t.json")) == odd


def test_a_saved_transcript_is_loaded(tmp_path: Path) -> None:
    assert load(save(TOLD, tmp_path / "t.json")) == TOLD


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"words": 7}',
        b'{"version": 2}',
        b'{"version": 1}',
    ],
)
def test_a_file_that_is_not_ours_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        load(path)
    assert "t.json is not a transcript" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("ours", "broken"),
    [
        ('"start": 0.1', '"start": "0.1"'),
        ('"start": 0.1', '"start": 7'),
        ('"word": "day."', '"word": "night."'),
        ('"word": "day."', '"word": null'),
        ('"text": " Bye."', '"text": null'),
        ('"seek": 0, ', ""),
        ('"flags": [\n', '"flags": [7,\n'),
    ],
)
def test_a_transcript_edited_into_nonsense_is_refused(
    ours: str, broken: str, tmp_path: Path
) -> None:
    text = render(TOLD, "json")
    assert ours in text
    (tmp_path / "t.json").write_text(text.replace(ours, broken), encoding="utf-8")
    with pytest.raises(InputError, match="not a transcript"):
        load(tmp_path / "t.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*nowhere\.json: No such file"):
        load(tmp_path / "nowhere.json")
