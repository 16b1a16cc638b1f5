from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audiopipe.data import (
    ChunkFailure,
    ChunkTranscript,
    Flag,
    Request,
    Segment,
    Source,
    Span,
    Transcript,
    Usage,
    Window,
    Word,
)
from audiopipe.stages.stitch import stitch

Spoken = tuple[str, float]
Result = ChunkTranscript | ChunkFailure


def windows(duration_s: float, length_s: float, overlap_s: float) -> list[Window]:
    starts, step_s = [0.0], length_s - overlap_s
    while starts[-1] + length_s < duration_s:
        starts.append(starts[-1] + step_s)
    edges = [0.0, *(start + overlap_s / 2 for start in starts[1:]), duration_s]
    return [
        Window(n, (Span(start, min(duration_s, start + length_s)),), Span(edges[n], edges[n + 1]))
        for n, start in enumerate(starts)
    ]


def hear(
    window: Window,
    spoken: Sequence[Spoken],
    *,
    timed: bool = True,
    phrase: int = 8,
    language: str = "en",
) -> ChunkTranscript:
    """A perfect recogniser: whole words inside the window, in segments of some words."""
    inside = [
        Word(Span(at_s, at_s + 0.3), text)
        for text, at_s in spoken
        if window.span.start_s <= at_s and at_s + 0.3 <= window.span.end_s
    ]
    segments = []
    for n in range(0, len(inside), phrase):
        words = tuple(inside[n : n + phrase])
        span = Span(words[0].span.start_s, words[-1].span.end_s)
        text = "".join(word.text for word in words)
        segments.append(Segment(span, text, words if timed else ()))
    return ChunkTranscript(window, language, tuple(segments), Usage(requests=1))


def join(results: Sequence[Result], duration_s: float, **asked: str) -> Transcript:
    request = Request("transcribe", "base", **asked)  # type: ignore[arg-type]
    return stitch(results, Source("a.wav", "00", duration_s), request, "local")


def prose(n: int, seed: int = 0) -> list[Spoken]:
    random_ = random.Random(seed)
    words = "the a cat sat on mat and dog ran to his house in rain when all was still".split()
    return [(" " + random_.choice(words), 0.4 * i) for i in range(n)]


def text_of(spoken: Sequence[Spoken]) -> str:
    return "".join(text for text, _ in spoken).strip()


@settings(max_examples=60, deadline=None)
@example(n=146, length_s=58.0, overlap_s=1.0, seed=7, phrase=1)  # "in in in in" over the seam
@given(
    n=st.integers(1, 300),
    length_s=st.floats(8, 60),
    overlap_s=st.floats(0.8, 3.9),
    seed=st.integers(0, 9),
    phrase=st.integers(1, 20),
)
def test_what_was_cut_and_perfectly_heard_is_whole_again(
    n: int, length_s: float, overlap_s: float, seed: int, phrase: int
) -> None:
    spoken, duration_s = prose(n, seed), 0.4 * n
    results = [
        hear(window, spoken, phrase=phrase) for window in windows(duration_s, length_s, overlap_s)
    ]
    assert join(results, duration_s).text == text_of(spoken)


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_in_which_chunks_arrive_changes_nothing(random_: random.Random) -> None:
    spoken = prose(200)
    results = [hear(window, spoken) for window in windows(80, 20, 4)]
    shuffled = random_.sample(results, len(results))
    assert join(shuffled, 80) == join(results, 80)


def test_one_chunk_alone_is_given_back_as_it_is() -> None:
    result = hear(windows(40, 60, 5)[0], prose(100))
    assert join([result], 40).segments == result.segments


word_lists = st.lists(
    st.tuples(st.sampled_from([" a", " b", " c,", " ", "好", " d e"]), st.floats(0, 30)),
    max_size=15,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(word_lists, min_size=3, max_size=3), st.booleans(), st.integers(0, 7))
def test_whatever_was_heard_times_rise_inside_the_file_and_words_make_up_the_text(
    heard: list[list[Spoken]], timed: bool, failed: int
) -> None:
    results: list[Result] = []
    for window, words in zip(windows(30, 12, 3), heard, strict=True):
        if failed >> window.index & 1:
            results.append(ChunkFailure(window, "lost"))
        else:
            results.append(hear(window, sorted(words, key=lambda word: word[1]), timed=timed))
    transcript = join(results, 30)
    spans = [segment.span for segment in transcript.segments]
    assert all(a.end_s <= b.start_s for a, b in pairwise(spans))
    assert all(span.end_s <= 30 for span in spans)
    for segment in transcript.segments:
        if segment.words:
            assert "".join(word.text for word in segment.words) == segment.text
            assert segment.span.start_s == segment.words[0].span.start_s
            assert segment.span.end_s == segment.words[-1].span.end_s
            ends = [word.span for word in segment.words]
            assert all(a.end_s <= b.start_s for a, b in pairwise(ends))


def test_a_failed_chunk_leaves_a_gap_as_long_as_what_nobody_heard() -> None:
    parts = windows(58, 22, 4)
    spoken = prose(145)
    lost = ChunkFailure(parts[1], "HTTP 500")
    transcript = join([hear(parts[0], spoken), lost, hear(parts[2], spoken)], 58)
    (failure,) = transcript.failures
    assert (failure.span, failure.reason) == (Span(22, 36), "HTTP 500")
    heard = [word.span for word in transcript.words]
    assert not any(span.overlap_s(failure.span) for span in heard)
    assert len(heard) == sum(
        end <= 22 or start >= 36 for start, end in ((s, s + 0.3) for _, s in spoken)
    )


def test_an_empty_chunk_takes_nothing_from_its_neighbours() -> None:
    parts, spoken = windows(58, 22, 4), prose(145)
    for silent in range(3):
        results = [hear(part, [] if part.index == silent else spoken) for part in parts]
        heard = {
            at_s
            for part in parts
            if part.index != silent
            for text, at_s in spoken
            if part.span.start_s <= at_s and at_s + 0.3 <= part.span.end_s
        }
        assert len(join(results, 58).words) == len(heard)
    assert join([hear(part, []) for part in parts], 60).segments == ()


def test_text_without_any_times_is_joined_by_what_both_sides_heard() -> None:
    rng = random.Random(4)
    spoken = [(f" w{rng.randrange(400)}", 0.4 * i) for i in range(250)]
    results = [hear(window, spoken, timed=False, phrase=999) for window in windows(100, 30, 5)]
    assert join(results, 100).text == text_of(spoken)


def test_text_without_spaces_is_compared_by_character() -> None:
    spoken = [(c, 0.4 * i) for i, c in enumerate("今天天气很好我们去公园散步吧明天也会是晴天" * 4)]
    coarse = [(a + b, at_s) for (a, at_s), (b, _) in zip(spoken[::2], spoken[1::2], strict=True)]
    left, right = windows(34, 21, 8)
    transcript = join([hear(left, spoken), hear(right, coarse)], 34)
    assert transcript.text == text_of(spoken)


def test_a_word_that_only_one_side_heard_between_agreed_words_is_kept() -> None:
    spoken = prose(100)
    left, right = windows(40, 24, 8)
    lost = [word for word in spoken if word[1] != 20.0]
    for results in (
        [hear(left, lost), hear(right, spoken)],
        [hear(left, spoken), hear(right, lost)],
    ):
        assert join(results, 40).text == text_of(spoken)


def test_flags_end_where_another_chunk_begins_to_speak() -> None:
    left, right = windows(40, 24, 8)
    flag = Flag("low-confidence", Span(15, 24), -2, -1, "listen")
    late = Flag("low-confidence", Span(21, 24), -2, -1, "listen")
    heard = hear(left, prose(100))
    flagged = ChunkTranscript(left, "en", heard.segments, heard.usage, (late, flag))
    transcript = join([flagged, hear(right, prose(100))], 40)
    assert [flag.span for flag in transcript.flags] == [Span(15, 20)]


def test_the_language_is_what_most_of_the_file_is_in_unless_it_was_asked_for() -> None:
    parts = windows(58, 22, 4)
    results = [hear(part, prose(150), language="de" if part.index == 0 else "en") for part in parts]
    assert join(results, 58).language == "en"
    assert join(results, 58, language="fr").language == "fr"


PHRASES = [
    "it was the best of times",
    "it was the worst of times",
    "it was the age of",
    "pray for us",
]


def litany(rng: random.Random, duration_s: float) -> list[Spoken]:
    """Repeated phrases, each word with a mark of its own that alignment does not see."""
    spoken: list[Spoken] = []
    at_s = 0.0
    while at_s < duration_s:
        for word in rng.choice(PHRASES).split():
            mark = f"{len(spoken):b}".replace("0", ".").replace("1", ",")
            spoken.append((f" {word}{mark}", at_s))
            at_s += rng.uniform(0.3, 0.5)
        at_s += rng.uniform(0, 0.6)
    return spoken


def misheard(rng: random.Random, heard: ChunkTranscript) -> ChunkTranscript:
    """Word times jittered by 0.15 s; near the chunk's edges 30 % of words dropped or changed."""
    words: list[Word] = []
    span, now_s = heard.window.span, 0.0
    for word in (word for segment in heard.segments for word in segment.words):
        edge_s = min(word.span.start_s - span.start_s, span.end_s - word.span.end_s)
        wrong = edge_s < 0.6 and rng.random() < 0.3
        if wrong and rng.random() < 0.5:
            continue
        now_s = max(now_s, word.span.start_s + rng.gauss(0, 0.15))
        words.append(Word(Span(now_s, now_s + 0.25), " mumble" if wrong else word.text))
    text = "".join(word.text for word in words)
    whole = Segment(Span(words[0].span.start_s, words[-1].span.end_s), text, tuple(words))
    return ChunkTranscript(heard.window, "en", (whole,), heard.usage)


@pytest.mark.parametrize("seed", range(3))
def test_repeated_phrases_are_neither_doubled_nor_dropped(seed: int) -> None:
    rng = random.Random(seed)
    spoken = litany(rng, 6000)
    parts = windows(6000, 25, 5)
    results = [misheard(rng, hear(part, spoken)) for part in parts]
    got = Counter(word.text for word in join(results, 6000).words if word.text != " mumble")
    heard = {word.text for result in results for word in result.segments[0].words}
    doubled = sum(times - 1 for times in got.values())
    dropped = sum(text in heard and text not in got for text, _ in spoken)
    seams = len(parts) - 1
    assert seams > 290
    assert doubled <= 4 * seams / 100
    assert dropped <= 20 * seams / 100
