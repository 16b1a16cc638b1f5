"""JSON in the shapes that other programs write, and in shapes that nobody should."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.audio import TranscriptionVerbose

from audiopipe.errors import InputError
from audiopipe.render import load, render
from audiopipe.render.read.rows import transcript_of
from audiopipe.render.read.tools import told_by
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Transcript

WHISPER = {
    "text": " We met in 1999. Really?",
    "segments": [
        {"id": 0, "seek": 0, "start": 0.5, "end": 2.5, "text": " We met in 1999.",
         "tokens": [50364, 492], "temperature": 0.0, "avg_logprob": -0.3,
         "compression_ratio": 1.1, "no_speech_prob": 0.02,
         "words": [
             {"word": " We", "start": 0.5, "end": 0.7, "probability": 0.9},
             {"word": " met", "start": 0.7, "end": 1.0, "probability": 0.8},
             {"word": " in", "start": 1.0, "end": 1.2, "probability": 0.9},
             {"word": " 1999.", "start": 1.2, "end": 2.4, "probability": 0.7}]},
        {"id": 1, "seek": 0, "start": 2.5, "end": 4.0, "text": " Really?", "tokens": [],
         "temperature": 0.2, "avg_logprob": float("nan"), "compression_ratio": 0.9,
         "no_speech_prob": 0.5, "words": [
             {"word": " Really?", "start": 2.6, "end": 3.9, "probability": 0.5}]},
    ],
    "language": "en",
}  # fmt: skip
WHISPER_X = {
    "segments": [
        {"start": 0.5, "end": 2.5, "text": " We met in 1999.", "speaker": "SPEAKER_00",
         "words": [
             {"word": "We", "start": 0.5, "end": 0.7, "score": 0.9, "speaker": "SPEAKER_00"},
             {"word": "met", "start": 0.7, "end": 1.0, "score": 0.8, "speaker": "SPEAKER_00"},
             {"word": "in", "start": 1.0, "end": 1.2, "score": 0.9, "speaker": "SPEAKER_00"},
             {"word": "1999."}]},
        {"start": 2.5, "end": 4.0, "text": "Really?", "words": [
            {"word": "Really?", "start": 2.6, "end": 3.9, "score": 0.5, "speaker": "SPEAKER_01"}]},
    ],
    "word_segments": [{"word": "We", "start": 0.5, "end": 0.7, "score": 0.9}],
    "language": "en",
}  # fmt: skip


def cpp_token(text: str, start: int, end: int) -> dict[str, Any]:
    return {"text": text, "offsets": {"from": start, "to": end}, "id": 1, "p": 0.8, "t_dtw": -1}


WHISPER_CPP = {
    "systeminfo": "AVX = 1",
    "model": {"type": "base", "multilingual": False},
    "params": {"model": "models/ggml-base.en.bin", "language": "en", "translate": False},
    "result": {"language": "en"},
    "transcription": [
        {"timestamps": {"from": "00:00:00,500", "to": "00:00:02,500"},
         "offsets": {"from": 500, "to": 2500}, "text": " We met in 1999.", "tokens": [
             cpp_token("[_BEG_]", 500, 500), cpp_token(" We", 500, 700),
             cpp_token(" m", 700, 800), cpp_token("et", 800, 1000), cpp_token(" in", 1000, 1200),
             cpp_token(" 1999", 1200, 2300), cpp_token(".", 2300, 2400),
             cpp_token("[_TT_125]", 2500, 2500)]},
        {"timestamps": {"from": "00:00:02,500", "to": "00:00:04,000"},
         "offsets": {"from": 2500, "to": 4000}, "text": " Really?", "speaker_turn_next": False},
    ],
}  # fmt: skip
VERBOSE = {
    "task": "transcribe", "language": "english", "duration": 4.2,
    "text": "We met in 1999. Really?",
    "segments": [
        {"id": 0, "seek": 0, "start": "0.5", "end": 2.5, "text": "We met in 1999.", "tokens": [1],
         "temperature": 0, "avg_logprob": -0.3, "compression_ratio": 1.1, "no_speech_prob": 0.02},
        {"id": 1, "seek": 0, "start": 2.5, "end": 4, "text": "Really?", "tokens": [],
         "temperature": 0, "avg_logprob": None, "compression_ratio": 1.1, "no_speech_prob": 0.5}],
    "words": [
        {"word": "We", "start": 0.5, "end": 0.7}, {"word": "met", "start": 0.7, "end": 1.0},
        {"word": "in", "start": 1.0, "end": 1.2}, {"word": "1999", "start": 1.2, "end": 2.4},
        {"word": "Really", "start": 2.6, "end": 3.9}],
    "x_groq": {"id": "req_1"},
}  # fmt: skip
DIARIZED = {
    "task": "transcribe", "duration": 4.2, "text": "We met in 1999. Really?",
    "segments": [
        {"type": "transcript.text.segment", "id": "seg_0", "start": 0.5, "end": 2.5,
         "text": "We met in 1999.", "speaker": "A"},
        {"type": "transcript.text.segment", "id": "seg_1", "start": 2.5, "end": 4.0,
         "text": "Really?", "speaker": "B"}],
    "usage": {"type": "duration", "seconds": 5},
}  # fmt: skip
PIPELINE = {
    "text": " We met in 1999. Really?",
    "chunks": [
        {"timestamp": [0.5, 2.5], "text": " We met in 1999."},
        {"timestamp": [2.5, None], "text": " Really?"},
    ],
}
SHAPES = {
    "openai-whisper": WHISPER,
    "whisperX": WHISPER_X,
    "whisper.cpp": WHISPER_CPP,
    "verbose_json": VERBOSE,
    "diarized_json": DIARIZED,
    "pipeline": PIPELINE,
    "list": WHISPER_X["segments"],
}


def read(document: Any, folder: Path) -> Transcript:
    path = folder / "talk.json"
    path.write_text(json.dumps(document), "utf-8")
    return load(path)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_program_says_the_same(shape: str, tmp_path: Path) -> None:
    t = read(SHAPES[shape], tmp_path)
    assert t.text == "We met in 1999. Really?"
    assert [segment.text for segment in t.segments] == [" We met in 1999.", " Really?"]
    assert t.segments[0].span == Span(0.5, 2.5)
    assert t.segments[1].span.start_s == 2.5
    assert t.source.name == "talk.json" and t.language in ("en", None)


@pytest.mark.parametrize("shape", ["openai-whisper", "whisperX", "whisper.cpp", "verbose_json"])
def test_words_have_their_times(shape: str, tmp_path: Path) -> None:
    words = read(SHAPES[shape], tmp_path).segments[0].words
    assert [word.text for word in words] == [" We", " met", " in", " 1999."]
    assert [word.span.start_s for word in words] == [0.5, 0.7, 1.0, 1.2]
    # whisperX gives figures no times: they lie behind the word before, within their segment
    ends = {"whisperX": 2.5, "whisper.cpp": 2.3}  # where the full stop is a word of its own
    assert words[3].span.end_s == ends.get(shape, 2.4)


def test_measures_and_speakers_are_kept_and_what_is_no_number_is_unknown(tmp_path: Path) -> None:
    first, second = read(WHISPER, tmp_path).segments
    assert (first.avg_logprob, first.no_speech_prob, second.temperature) == (-0.3, 0.02, 0.2)
    assert second.avg_logprob is None
    speakers = [segment.speaker for segment in read(WHISPER_X, tmp_path).segments]
    assert speakers == ["SPEAKER_00", "SPEAKER_01"]
    assert [segment.speaker for segment in read(DIARIZED, tmp_path).segments] == ["A", "B"]
    assert read(WHISPER_CPP, tmp_path).model == "ggml-base.en.bin"
    assert read(VERBOSE, tmp_path).duration_s == 4.2


def test_the_types_of_the_official_sdk_and_of_faster_whisper_are_read(tmp_path: Path) -> None:
    reply = TranscriptionVerbose.model_validate({**VERBOSE, "segments": None}).model_dump()
    assert read(reply, tmp_path).text == VERBOSE["text"]
    engine = pytest.importorskip("faster_whisper.transcribe", reason="needs the embedded engine")
    said = [
        engine.Segment(
            id=n, seek=0, start=n, end=n + 1.0, text=f" Part {n}.", tokens=[1], avg_logprob=-0.1,
            compression_ratio=1.0, no_speech_prob=0.0, temperature=0.0,
            words=[
                engine.Word(n, n + 0.5, " Part", 0.9),
                engine.Word(n + 0.5, n + 1.0, f" {n}.", 0.8),
            ],
        )
        for n in range(3)
    ]  # fmt: skip
    t = read({"segments": list(map(asdict, said)), "language": "de"}, tmp_path)
    assert t.text == "Part 0. Part 1. Part 2." and t.language == "de"
    assert t.words[-1].span == Span(2.5, 3.0) and t.words[-1].probability == 0.8


def test_text_alone_lasts_as_long_as_people_need_for_it(tmp_path: Path) -> None:
    t = read({"text": "Nobody knows when this was said.", "usage": {"seconds": 3}}, tmp_path)
    assert t.text == "Nobody knows when this was said." and 1 < t.duration_s < 4


def test_silence_is_a_transcript_too(tmp_path: Path) -> None:
    assert read({"text": "", "segments": [], "duration": 9.0}, tmp_path).segments == ()


junk = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["text", "word", "start", "end", "words", "segments", "offsets", "from"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything in a document."""
    found = [path] if path else []
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        found += places(value, (*path, key)) if isinstance(value, dict | list) else [(*path, key)]
    return found


@given(st.sampled_from(sorted(SHAPES)), st.data())
def test_whatever_stands_in_it_it_is_a_transcript_or_refused(
    shape: str, data: st.DataObject
) -> None:
    document = deepcopy(SHAPES[shape])
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from(places(document)))
        at: Any = document
        for key in above:
            at = at[key]
        at[last] = data.draw(junk)
    try:
        t = transcript_of(told_by(document), "x")
    except ValueError as error:
        assert "\n" not in str(error)
        return
    starts = [segment.span.start_s for segment in t.segments]
    assert starts == sorted(starts)
    assert all(segment.span.end_s <= t.duration_s < math.inf for segment in t.segments)
    for form in ("srt", "json", "md"):
        render(t, form)


def test_a_file_that_is_too_large_or_missing_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "big.json").touch()
    with (tmp_path / "big.json").open("r+b") as file:
        file.truncate((256 << 20) + 1)
    for name, words in (
        ("big.json", "too large"),
        ("none.srt", "No such file"),
        (".", "cannot read"),
    ):
        with pytest.raises(InputError, match=words):
            load(tmp_path / name)
