from __future__ import annotations

from dataclasses import replace

from audiopipe.stages.flag import flag, flag_languages
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import ChunkFailure, ChunkTranscript, Flag, Segment


def chunk(index: int, language: str | None, *texts: str) -> ChunkTranscript:
    """Ten seconds a segment."""
    start_s = 100.0 * index
    segments = tuple(
        Segment(Span(start_s + 10 * n, start_s + 10 * n + 10), f" {text} and so forth and so on")
        for n, text in enumerate(texts)
    )
    whole = Span(start_s, start_s + 100)
    return ChunkTranscript(Window(index, (whole,), whole), language, segments, Usage())


def switches(*chunks: ChunkTranscript | ChunkFailure) -> list[tuple[Span, float]]:
    return [
        (found.span, found.value)
        for each in flag_languages(chunks, thresholds=Thresholds())
        if isinstance(each, ChunkTranscript)
        for found in each.flags
        if found.kind == "language-switch"
    ]


def test_a_chunk_in_another_language_than_the_rest_is_flagged_with_its_share() -> None:
    assert switches(
        chunk(0, "en", "one", "two"), chunk(1, "de", "drei"), chunk(2, "en", "four")
    ) == [(Span(100, 110), 0.25)]


def test_a_file_in_one_language_has_no_switch() -> None:
    assert switches(chunk(0, "en", "one"), chunk(1, "en", "two"), chunk(2, None, "three")) == []


def test_a_chunk_without_text_decides_nothing() -> None:
    assert switches(chunk(0, "cy"), chunk(1, "cy"), chunk(2, "en", "one")) == []


def test_the_language_of_a_segment_counts_before_that_of_its_chunk() -> None:
    mixed = chunk(0, "en", "one", "two", "drei")
    german = Segment(mixed.segments[2].span, mixed.segments[2].text, language="de")
    both = ChunkTranscript(mixed.window, "en", (*mixed.segments[:2], german), Usage())
    assert [span for span, _ in switches(both)] == [Span(20, 30)]


def test_what_is_made_up_over_silence_decides_nothing_and_is_flagged() -> None:
    silent = chunk(0, "cy", "one", "two", "three")
    made_up = Flag("text-without-speech", Span(0, 30), 0.0, 0.1, "Listen.")
    spoken = chunk(1, "en", "four")
    assert switches(replace(silent, flags=(made_up,)), spoken) == [(Span(0, 30), 0.0)]


def test_where_all_is_made_up_the_most_of_it_decides() -> None:
    chunks = [
        replace(each, flags=(Flag("stock-phrase", Span(0, 1e3), 1.0, 0.0, "Listen."),))
        for each in (chunk(0, "cy", "one", "two"), chunk(1, "en", "three"))
    ]
    assert [span for span, _ in switches(*chunks)] == [Span(100, 110)]


def test_failed_chunks_stay_where_they_are() -> None:
    lost = ChunkFailure(Window(1, (Span(100, 200),), Span(100, 200)), "no answer")
    results = list(flag_languages([chunk(0, "en", "one"), lost], thresholds=Thresholds()))
    assert results[1] is lost


def scripts(*texts: str) -> list[str]:
    whole = Span(0, 1e3)
    segments = tuple(Segment(Span(n, n + 1), text) for n, text in enumerate(texts))
    transcript = ChunkTranscript(Window(0, (whole,), whole), None, segments, Usage())
    found = flag(transcript, thresholds=Thresholds()).flags
    return [texts[int(each.span.start_s)] for each in found if each.kind == "language-switch"]


def test_a_phrase_in_another_script_is_flagged() -> None:
    assert scripts(" And so it was.", " Продолжение", " He went on.") == [" Продолжение"]


def test_a_foreign_name_inside_a_phrase_is_not() -> None:
    assert scripts("私はGitHubを使います", "そして") == []


def test_japanese_mixes_its_scripts() -> None:
    assert scripts("カタカナ", "ひらがな", "漢字") == []


def test_signs_and_figures_have_no_script() -> None:
    assert scripts(" 3.14", " ♪♪", " And so.") == []
