from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiopipe.backends.wire import audio_s, form_fields, parse_transcription
from audiopipe.errors import BadReply
from audiopipe.text.languages import code_of
from audiopipe.values.audio import Span, Window
from audiopipe.values.flags import KINDS
from audiopipe.values.requests import Request
from audiopipe.values.transcript import Segment

ASK = Request("transcribe", "whisper-large-v3-turbo")
TEN = Window(0, (Span(0, 10),), Span(0, 10))
LATER = Window(3, (Span(600, 610),), Span(601, 609))
GAPPED = Window(1, (Span(100, 104), Span(110, 116)), Span(100, 116))


def parse(body: Any, window: Window = TEN, request: Request = ASK) -> tuple[Segment, ...]:
    return parse_transcription(body, window, request).segments


def spans(segments: tuple[Segment, ...]) -> list[tuple[float, float]]:
    return [(segment.span.start_s, segment.span.end_s) for segment in segments]


# requests


def test_word_times_are_asked_for_with_segments_and_verbose_json() -> None:
    request = Request("transcribe", "m", language="de", prompt="Namen", temperature=0.25)
    assert form_fields(request, "verbose_json") == (
        ("model", "m"),
        ("response_format", "verbose_json"),
        ("temperature", "0.25"),
        ("prompt", "Namen"),
        ("language", "de"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
    )


@pytest.mark.parametrize("shape", ["json", "text", "diarized_json"])
def test_granularities_go_with_verbose_json_only(shape: Any) -> None:
    assert "timestamp_granularities[]" not in dict(form_fields(ASK, shape))


def test_a_translation_carries_neither_language_nor_granularities() -> None:
    request = Request("translate", "m", language="de", prompt="names")
    assert set(dict(form_fields(request, "verbose_json"))) == {
        *("model", "response_format", "temperature", "prompt")
    }


def test_empty_fields_are_not_sent() -> None:
    request = Request("transcribe", "m", prompt="", language="", word_timestamps=False)
    assert set(dict(form_fields(request, "json"))) == {"model", "response_format", "temperature"}


def test_audio_to_be_fetched_is_named_by_its_address() -> None:
    assert ("url", "https://a/b.mp3") in form_fields(ASK, "json", "https://a/b.mp3")


# replies


def test_a_groq_reply_keeps_every_measure_and_moves_to_file_time() -> None:
    body = json.loads("""{"task": "transcribe", "language": "English", "duration": 9.7,
      "text": " The idea, then.", "x_groq": {"id": "req_1"},
      "segments": [{"id": 0, "seek": 0, "start": 0, "end": 6.4, "text": " The idea, then.",
        "tokens": [50365, 440], "temperature": 0, "avg_logprob": -0.23285496,
        "compression_ratio": 1.3211678, "no_speech_prob": 0.026396155}],
      "words": [{"word": "The", "start": 0, "end": 0.3}, {"word": "idea", "start": 0.31, "end": 1},
        {"word": "then", "start": 1.2, "end": 6.4}]}""")
    parsed = parse_transcription(body, LATER, ASK)
    language, (segment,) = parsed.language, parsed.segments
    assert language == "en"
    assert segment.span == Span(600.0, 606.4)
    assert segment.text == " The idea, then."
    assert [word.text for word in segment.words] == [" The", " idea,", " then."]
    assert [word.span.start_s for word in segment.words] == [600.0, 600.31, 601.2]
    assert segment.seek == 60_000 and segment.tokens == (50365, 440)
    assert segment.temperature == 0.0 and segment.no_speech_prob == 0.026396155
    assert segment.avg_logprob == -0.23285496 and segment.compression_ratio == 1.3211678


def test_measures_that_are_missing_or_null_stay_none() -> None:
    (segment,) = parse({"segments": [{"text": "hi", "start": 0, "end": 1, "no_speech_prob": None}]})
    measures = (segment.avg_logprob, segment.compression_ratio, segment.no_speech_prob)
    assert (*measures, segment.temperature) == (None, None, None, None)
    assert segment.words == () and segment.tokens == () and segment.text == " hi"


@pytest.mark.parametrize(
    "body",
    [
        " Hello there.\n",
        {"text": "Hello there."},
        {"text": "Hello there.", "segments": None, "words": None, "language": None},
        {"text": "Hello there.", "segments": [], "duration": "9.0"},
    ],
    ids=["plain text", "text alone", "nulls", "empty lists"],
)
def test_a_reply_of_text_alone_is_one_segment_over_the_window(body: Any) -> None:
    assert parse(body, LATER) == (Segment(Span(600, 610), " Hello there.", seek=60_000),)


def test_silence_has_no_segments() -> None:
    assert parse({"text": "", "segments": []}) == ()
    assert parse(" \n") == ()
    assert parse({"segments": [{"text": " ", "start": 0, "end": 9}], "text": ""}) == ()


@pytest.mark.parametrize(
    "body", [{}, {"result": "ok"}, {"error": "no"}, {"text": None}, "<!DOCTYPE html><html>"]
)
def test_a_reply_without_text_is_a_bad_reply(body: Any) -> None:
    with pytest.raises(BadReply):
        parse(body)


def test_words_without_segments_make_one_segment_over_the_words() -> None:
    words = [{"word": "Hello", "start": 2, "end": 3}, {"word": "there", "start": 3, "end": 4.5}]
    (segment,) = parse({"text": "Hello there.", "words": words})
    assert segment.span == Span(2, 4.5)
    assert [word.text for word in segment.words] == [" Hello", " there."]


def test_words_may_be_called_text_and_stand_inside_segments() -> None:
    words = [
        {"text": " Hel", "start": 0, "end": 0.5, "probability": 0.5},
        {"text": "lo", "start": 0.5, "end": 1, "probability": 1.0},
    ]
    (segment,) = parse({"segments": [{"text": " Hello", "start": 0, "end": 1, "words": words}]})
    (word,) = segment.words
    assert (word.text, word.span, word.probability) == (" Hello", Span(0, 1), 0.75)


def test_words_that_nobody_asked_for_are_left_out() -> None:
    body = {"text": "Hi", "words": [{"word": "Hi", "start": 0, "end": 1}]}
    (segment,) = parse(body, request=Request("transcribe", "m", word_timestamps=False))
    assert segment.words == ()


def test_times_beyond_the_audio_end_with_it() -> None:
    assert spans(parse({"segments": [{"text": "a", "start": 9, "end": 30.02}]})) == [(9, 10)]


def test_a_segment_that_ends_before_it_starts_lasts_until_the_next() -> None:
    body = {
        "segments": [{"text": "a", "start": 4, "end": 1}, {"text": "b", "start": "6.5", "end": "8"}]
    }
    assert spans(parse(body)) == [(4, 6.5), (6.5, 8)]


def test_segments_without_any_times_share_the_window() -> None:
    body = {"segments": [{"text": "aaaa"}, {"text": "bbbb"}]}
    assert spans(parse(body)) == [(0, 5), (5, 10)]


BACKWARDS = [{"text": "b", "start": 5, "end": 6}, {"text": "a", "start": 1, "end": 2}]


def test_segments_that_run_backwards_stay_in_the_servers_order_and_are_flagged() -> None:
    parsed = parse_transcription({"segments": BACKWARDS}, TEN, ASK)
    assert [segment.text for segment in parsed.segments] == [" b", " a"]
    assert [flag.kind for flag in parsed.anomalies] == ["reply-anomaly"]


def test_the_text_decides_the_order_of_segments() -> None:
    parsed = parse_transcription({"text": "A, b.", "segments": BACKWARDS}, TEN, ASK)
    assert [segment.text for segment in parsed.segments] == [" a", " b"]
    assert parsed.anomalies == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two three four. Five", ["one two", "three", "four. Five"]),
        ("zero one two three", ["zero", "one two", "three"]),
        ("one two and three", ["one two", "and", "three"]),
        ("One two, three.", ["one two", "three"]),
    ],
)
def test_words_of_the_text_that_no_segment_has_are_kept_and_flagged(
    text: str, expected: list[str]
) -> None:
    rows = [{"text": "one two", "start": 0, "end": 2}, {"text": "three", "start": 5, "end": 6}]
    parsed = parse_transcription({"text": text, "segments": rows}, TEN, ASK)
    assert [segment.text.strip() for segment in parsed.segments] == expected
    assert len(parsed.anomalies) == len(expected) - 2


def test_a_text_that_has_more_words_in_many_places_is_flagged() -> None:
    rows = [{"text": "b d", "start": 0, "end": 2}, {"text": "f h", "start": 5, "end": 6}]
    parsed = parse_transcription({"text": "a b c d e f g h", "segments": rows}, TEN, ASK)
    assert [segment.text for segment in parsed.segments] == [" b d", " f h"]
    (flag,) = parsed.anomalies
    assert flag.kind in KINDS and flag.span == Span(0, 6)


@pytest.mark.parametrize("scale", [1, 1e3, 1e6, 1e9])
@pytest.mark.parametrize("duration", [False, True])
def test_the_length_of_the_chunk_tells_the_unit_of_times(scale: float, duration: bool) -> None:
    hour = Window(0, (Span(0, 600),), Span(0, 600))
    rows = [
        {"text": "this is what somebody said", "start": 3 * scale, "end": 5.5 * scale},
        {"text": "and after a long silence", "start": 590 * scale, "end": 593 * scale},
    ]
    words = [{"word": "this", "start": 3 * scale, "end": 3.5 * scale}] if scale == 1 else []
    body = {"segments": rows, "words": words} | ({"duration": 600 * scale} if duration else {})
    assert spans(parse(body, hour)) == [(3, 5.5), (590, 593)]


def test_a_time_after_the_audio_is_flagged() -> None:
    body = {
        "segments": [{"text": "a", "start": 1, "end": 2}, {"text": "b", "start": 15, "end": 16}]
    }
    parsed = parse_transcription(body, TEN, ASK)
    assert [flag.span for flag in parsed.anomalies] == [Span(10, 10)]


SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\nHello &amp; <i>you</i>\n\n"
    "2\n00:00:04,000 --> 00:00:05,000\nBye"
)


@pytest.mark.parametrize(
    "text",
    [
        SRT,
        SRT.replace("\n", "\r\n"),
        "\ufeff" + SRT.replace(",", "."),
        "WEBVTT - a talk\nKind: captions\n\nNOTE by\nsomebody\n\nfirst\n00:01.000 --> 00:02.500 "
        "align:start\n<v.loud Ann>Hello &amp; you\n\n00:00:04.000 --> 00:00:05.000\n{\\an8}Bye",
        "[00:00:01.000 --> 00:00:02.500]   Hello & you\n[00:00:04.000 --> 00:00:05.000]  Bye\n",
        "<|startoftranscript|><|en|><|transcribe|><|1.00|> Hello & you<|2.50|><|4.00|> Bye<|5.00|>",
    ],
)
def test_stamps_in_a_text_are_its_times(text: str) -> None:
    for body in (text, {"text": text}, {"segments": [{"text": text}]}):
        segments = parse(body)
        assert [segment.text for segment in segments] == [" Hello & you", " Bye"]
        assert spans(segments) == [(1, 2.5), (4, 5)]


def test_an_arrow_in_a_text_is_no_stamp() -> None:
    assert parse("a --> b")[0].text == " a --> b"


def test_a_stamp_before_the_text_of_a_segment_is_struck() -> None:
    body = {"segments": [{"text": "[00:00:01.000 --> 00:00:02.000] a", "start": 3, "end": 4}]}
    (segment,) = parse(body)
    assert (segment.text, segment.span) == (" a", Span(3, 4))


def test_what_a_terminal_would_obey_is_struck() -> None:
    (segment,) = parse({"text": "a\x1b[31m b\u202e c\x07 d"})
    assert segment.text == " a b c d"


def test_a_loop_of_one_word_takes_no_square_of_its_length() -> None:
    said = [{"word": "ja", "start": n / 100, "end": n / 100} for n in range(30_000)]
    body = {"text": "ja " * 30_001, "segments": [{"text": "ja " * 29_999}], "words": said}
    ten_minutes = Window(0, (Span(0, 600),), Span(0, 600))
    assert sum(len(segment.words) for segment in parse(body, ten_minutes)) == 30_001


def test_a_left_out_silence_lies_between_what_ends_before_and_what_starts_after_it() -> None:
    body = {
        "segments": [
            {"text": "a", "start": 1, "end": 4},
            {"text": "b", "start": 4, "end": 5.5, "seek": 400},
        ]
    }
    before, after = parse(body, GAPPED)
    assert (before.span, after.span) == (Span(101, 104), Span(110, 111.5))
    assert after.seek == 11_000


def test_speakers_are_kept() -> None:
    body = {"text": "a", "segments": [{"text": "a", "start": 0, "end": 1, "speaker": "A"}]}
    assert parse(body)[0].speaker == "A"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Hello ", " Hello"),
        ("  Hello", " Hello"),
        (" 안녕하세요", " 안녕하세요"),
        (" 你好", "你好"),
        (" こんにちは", "こんにちは"),
        (" สวัสดี", "สวัสดี"),
        (" ສະບາຍດີ", "ສະບາຍດີ"),
        (" សួស្តី", "សួស្តី"),
        (" မင်္ဂလာပါ", "မင်္ဂလာပါ"),
    ],
)
def test_a_space_begins_the_text_in_scripts_that_put_spaces_between_words(
    text: str, canonical: str
) -> None:
    assert parse({"text": text})[0].text == canonical


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *(("English", "en"), ("english", "en"), ("en", "en"), ("EN", "en"), ("en-US", "en")),
        *(("Haitian Creole", "ht"), ("Castilian", "es"), ("jv", "jw"), ("Cantonese", "yue")),
        *(("<|en|>", "en"), ("eng", "en"), ("GER", "de"), ("English (US)", "en"), ("cmn", "zh")),
        *((None, None), ("", None), ("Klingon", None), (7, None)),
    ],
)
def test_languages_come_as_names_or_codes(name: object, code: str | None) -> None:
    assert code_of(name) == code


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"duration": "20.7"}, 20.7),
        ({"duration": 0, "segments": [{"end": 3.5}, {"end": 2}]}, 3.5),
        ({"words": [{"end": 4}]}, 4.0),
        ({}, 0.0),
        ("text", 0.0),
    ],
)
def test_the_length_of_fetched_audio_is_what_the_reply_tells(body: Any, seconds: float) -> None:
    assert audio_s(body) == seconds


PIECES = [
    *("Hello", "hello,", "no", "New York", "don", "'t", "20", "twenty", "-", "(", ")", "…", "”"),
    *("你好", "，", "世界。", "「", "」", "が", "ん", "สวัสดี", "မင်္ဂ", "안녕", "ﬁ", "e\u0301", "\n"),
]
pieces = st.sampled_from(PIECES) | st.text(max_size=6)
numbers = st.none() | st.floats(-5, 20) | st.sampled_from(["3.5", "x", True, 10**400, "nan"])


@st.composite
def replies(draw: st.DrawFn) -> dict[str, Any]:
    """Segments and words of much the same text, with times of every kind."""
    rows = draw(st.lists(st.lists(pieces, max_size=6), max_size=4))
    joiner = draw(st.sampled_from([" ", ""]))
    segments = [
        {"text": joiner.join(row), "start": draw(numbers), "end": draw(numbers)} for row in rows
    ]
    said = [piece for row in rows for piece in row]
    said = draw(st.lists(pieces, max_size=8) | st.just(said))
    words = [{"word": each, "start": draw(numbers), "end": draw(numbers)} for each in said]
    return {"text": joiner.join(map("".join, rows)), "segments": segments, "words": words}


windows = st.sampled_from([TEN, LATER, GAPPED, Window(0, (Span(0.00015, 0.0123),), Span(0, 0.01))])


@settings(max_examples=300, deadline=None)
@given(replies(), windows)
def test_any_reply_gives_words_that_make_up_the_text_in_order_within_the_window(
    body: dict[str, Any], window: Window
) -> None:
    segments = parse(body, window)
    words = [word for segment in segments for word in segment.words]
    for segment in segments:
        if segment.words:
            assert "".join(word.text for word in segment.words) == segment.text
    for spanned in (segments, words):
        times = [(each.span.start_s, each.span.end_s) for each in spanned]
        assert all(a_end <= b_start for (_, a_end), (b_start, _) in pairwise(times))
        assert all(window.span.start_s <= t <= window.span.end_s for pair in times for t in pair)
        assert all(round(t, 3) == t for pair in times for t in pair)


names = st.sampled_from(["text", "segments", "words", "word", "start", "end", "seek", "language"])
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
json_values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner), max_leaves=20
)


@given(st.dictionaries(names, json_values))
def test_any_json_gives_segments_or_a_bad_reply(body: dict[str, Any]) -> None:
    try:
        segments = parse(body)
    except BadReply:
        return
    assert all(segment.text.strip() for segment in segments)


def test_half_a_character_is_replaced() -> None:
    assert parse(json.loads('{"text": "a\\ud83d b"}'))[0].text == " a? b"


@given(st.lists(st.floats(0, 10), min_size=2, max_size=12, unique=True))
def test_clean_word_times_come_through_to_the_millisecond(edges: list[float]) -> None:
    edges = sorted(round(edge, 3) for edge in edges)
    said = [
        {"word": f"word{n}", "start": start, "end": end}
        for n, (start, end) in enumerate(pairwise(edges))
    ]
    text = ", ".join(str(word["word"]) for word in said)
    body = {"segments": [{"text": text, "start": edges[0], "end": edges[-1]}], "words": said}
    (segment,) = parse(body, LATER)
    assert [word.span.start_s for word in segment.words] == [
        round(600 + edge, 3) for edge in edges[:-1]
    ]
