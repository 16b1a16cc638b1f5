from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hearing import Spoken, hear, join, prose, text_of, windows

from audiopipe.values.audio import Span
from audiopipe.values.transcript import ChunkTranscript, Flag, Segment, Word

LEFT, RIGHT = windows(40, 24, 8)  # 0 to 24 s and 16 to 40 s, the seam at 20 s
SPOKEN = prose(100)
MADE_UP = Flag("likely-no-speech", Span(15, 25), 0.9, 0.6, "")


def only(spoken: Sequence[Spoken], first_s: float, last_s: float) -> list[Spoken]:
    return [word for word in spoken if first_s <= word[1] < last_s]


def other(spoken: Sequence[Spoken]) -> list[Spoken]:
    """Words that nothing else agrees with, at the same times."""
    return [(f" x{n}", at_s) for n, (_, at_s) in enumerate(spoken)]


def changed(spoken: Sequence[Spoken], at_s: float, *texts: str) -> list[Spoken]:
    """The speech with other words from a time on, in place of as many."""
    first = next(n for n, word in enumerate(spoken) if word[1] >= at_s)
    new = [(text, spoken[first + n][1]) for n, text in enumerate(texts)]
    return [*spoken[:first], *new, *spoken[first + len(texts) :]]


def surer(chunk: ChunkTranscript, probabilities: dict[str, float]) -> ChunkTranscript:
    """The chunk with other probabilities of some words."""
    segments = []
    for segment in chunk.segments:
        words = [Word(w.span, w.text, probabilities.get(w.text, 0.9)) for w in segment.words]
        segments.append(Segment(segment.span, segment.text, tuple(words)))
    return ChunkTranscript(chunk.window, chunk.language, tuple(segments), chunk.usage, chunk.flags)


def test_without_an_agreed_word_each_side_is_cut_at_the_seam() -> None:
    transcript = join([hear(LEFT, SPOKEN), hear(RIGHT, other(SPOKEN))], 40)
    assert transcript.text == text_of([*only(SPOKEN, 0, 19.8), *other(SPOKEN)[50:]])


def test_a_side_that_is_made_up_gives_way_to_the_other() -> None:
    for results in (
        [hear(LEFT, other(SPOKEN), flags=[MADE_UP]), hear(RIGHT, SPOKEN)],
        [hear(LEFT, SPOKEN), hear(RIGHT, other(SPOKEN), flags=[MADE_UP])],
    ):
        words = join(results, 40).words
        here = [word.text for word in words if 16 <= word.span.start_s < 24]
        assert here == [text for text, _ in only(SPOKEN, 16, 23.9)]


def test_of_two_sides_that_are_made_up_nothing_is_struck() -> None:
    results = [
        hear(LEFT, SPOKEN, flags=[MADE_UP]),
        hear(RIGHT, other(SPOKEN), flags=[MADE_UP]),
    ]
    transcript = join(results, 40)
    assert any(16 <= word.span.start_s < 24 for word in transcript.words)
    assert MADE_UP.kind in {flag.kind for flag in transcript.flags}


def test_what_one_side_alone_heard_stands_with_its_flag() -> None:
    silent = [word for word in SPOKEN if not 15 <= word[1] <= 25]
    results = [hear(LEFT, [*only(SPOKEN, 0, 15), (" Thanks!", 21)], flags=[MADE_UP])]
    results.append(hear(RIGHT, silent))
    transcript = join(results, 40)
    assert "Thanks!" in transcript.text
    (flag,) = transcript.flags
    assert flag.kind == MADE_UP.kind and flag.span.holds(Span(21, 21.1))


def test_what_is_made_up_between_agreed_words_gives_way() -> None:
    wrong = changed(SPOKEN, 20.0, " you", " you", " you")
    flag = Flag("repetition", Span(20, 21.1), 9, 4, "")
    assert join([hear(LEFT, SPOKEN), hear(RIGHT, wrong, flags=[flag])], 40).text == text_of(SPOKEN)


def test_silence_over_the_seam_stays_silent() -> None:
    spoken = [*only(SPOKEN, 0, 15), *only(SPOKEN, 25, 40)]
    assert join([hear(LEFT, spoken), hear(RIGHT, spoken)], 40).text == text_of(spoken)


def test_a_word_that_only_one_side_heard_is_kept_if_it_is_sure() -> None:
    lost = [word for word in SPOKEN if word[1] != 20.0]
    extra = changed(SPOKEN, 20.0, " really")
    for results in (
        [hear(LEFT, lost), hear(RIGHT, extra)],
        [hear(LEFT, extra), hear(RIGHT, lost)],
    ):
        assert join(results, 40).text == text_of(extra)
        doubtful = [surer(result, {" really": 0.2}) for result in results]
        assert join(doubtful, 40).text == text_of(lost)


def test_where_sides_differ_the_one_speaks_that_is_sure_for_longer() -> None:
    for probability in (0.1, 0.99):
        left = hear(LEFT, SPOKEN)
        right = surer(hear(RIGHT, changed(SPOKEN, 20.8, " girls")), {" girls": probability})
        text = join([surer(left, {}), right], 40).text
        assert ("girls" in text) == (probability == 0.99)


@pytest.mark.parametrize(("at_s", "heard"), [(18.8, False), (20.8, True)])
def test_of_sides_about_as_sure_the_one_speaks_whose_own_part_it_is(
    at_s: float, heard: bool
) -> None:
    for probability in (0.85, 0.95):
        left = surer(hear(LEFT, SPOKEN), {})
        right = surer(hear(RIGHT, changed(SPOKEN, at_s, " girls")), {" girls": probability})
        assert ("girls" in join([left, right], 40).text) == heard


def test_words_faster_than_anybody_speaks_give_way_but_do_not_go_where_they_stand_alone() -> None:
    flag = Flag("too-fast", Span(19.9, 20.4), 68, 12, "")
    hurried = changed(SPOKEN, 20.0, " you")
    left = surer(hear(LEFT, hurried, flags=[flag]), {" you": 0.99})
    doubtful = surer(hear(RIGHT, changed(SPOKEN, 20.0, " girls")), {" girls": 0.4})
    assert " girls " in join([left, doubtful], 40).text
    lost = hear(RIGHT, [word for word in SPOKEN if word[1] != 20.0])
    assert " you " in join([left, lost], 40).text


def test_a_word_stretched_over_what_it_hides_does_not_outweigh_those_who_understood_it() -> None:
    understood = surer(hear(RIGHT, SPOKEN), {})
    stretched = hear(LEFT, only(SPOKEN, 0, 16), probability=0.9)
    lost = with_word(stretched, " and", Span(16.2, 23.9))
    assert join([surer(lost, {" and": 0.99}), understood], 40).text == text_of(SPOKEN)


def test_a_sound_cut_off_at_the_edge_is_no_word_where_the_other_side_has_no_room_for_it() -> None:
    right = hear(RIGHT, SPOKEN, phrase=1)
    results = [hear(LEFT, SPOKEN), with_word(right, " is", Span(16, 16.1))]
    assert join(results, 40).text == text_of(SPOKEN)
    pause = [word for word in SPOKEN if not 15.5 < word[1] < 16.7]
    results = [hear(LEFT, pause), with_word(hear(RIGHT, pause), " is", Span(16.2, 16.5))]
    assert " is " in join(results, 40).text


def test_a_loop_at_the_end_of_a_chunk_is_more_than_there_is_room_for() -> None:
    left = hear(LEFT, only(SPOKEN, 0, 23.7), phrase=1)
    for _ in range(40):
        left = with_word(left, " again", Span(23.9, 23.9))
    right = hear(RIGHT, [word for word in SPOKEN if not 23.5 < word[1] < 24.3])
    assert "again" not in join([surer(left, {" again": 0.99}), right], 40).text


def with_word(chunk: ChunkTranscript, text: str, span: Span) -> ChunkTranscript:
    """The chunk with one more segment, in its place by time."""
    new = Segment(span, text, (Word(span, text),))
    segments = sorted([*chunk.segments, new], key=lambda segment: segment.span.start_s)
    return replace(chunk, segments=tuple(segments))


@given(st.floats(0.02, 0.48))
def test_a_word_that_the_edge_of_a_chunk_cuts_is_heard_by_the_other_side(before_s: float) -> None:
    for edge_s in (16.0, 24.0):
        start_s, end_s = edge_s - before_s, edge_s + 0.5 - before_s
        spoken = [w for w in SPOKEN if w[1] + 0.3 <= start_s or w[1] >= end_s]
        left, right = hear(LEFT, spoken, phrase=1), hear(RIGHT, spoken, phrase=1)
        if edge_s == 16.0:
            left = with_word(left, " tomorrow", Span(start_s, end_s))
            right = with_word(right, " row", Span(edge_s, end_s))
        else:
            left = with_word(left, " to", Span(start_s, edge_s))
            right = with_word(right, " tomorrow", Span(start_s, end_s))
        at = sum(at_s < start_s for _, at_s in spoken)
        true = [*spoken[:at], (" tomorrow", start_s), *spoken[at:]]
        assert join([left, right], 40).text == text_of(true)


def test_words_taken_from_the_other_side_do_not_break_a_segment_in_pieces() -> None:
    left, right = hear(LEFT, SPOKEN, phrase=60), hear(RIGHT, SPOKEN, phrase=60)
    wrong = changed(changed(SPOKEN, 18.0, " mumble"), 22.0, " mumble")
    doubtful = [surer(hear(w, wrong, phrase=60), {" mumble": 0.05}) for w in (LEFT, RIGHT)]
    for results in ([doubtful[0], surer(right, {})], [surer(left, {}), doubtful[1]]):
        transcript = join(results, 40)
        assert transcript.text == text_of(SPOKEN)
        assert len(transcript.segments) == 2


def test_where_two_chunks_heard_different_words_there_is_a_flag() -> None:
    wrong = changed(SPOKEN, 19.2, " one", " two", " three", " four")
    (flag,) = join([hear(LEFT, SPOKEN), hear(RIGHT, wrong)], 40).flags
    assert (flag.kind, flag.value, flag.limit) == ("seam-disagreement", 4, 2)
    assert flag.span.start_s == pytest.approx(19.2)
    assert flag.span.end_s == pytest.approx(20.7)
    assert "one two three four" in flag.detail


def test_a_difference_of_a_word_or_two_or_at_the_very_edge_of_a_chunk_is_not_flagged() -> None:
    for wrong in (
        changed(SPOKEN, 19.2, " one", " two"),
        changed(SPOKEN, 16.0, " one", " two", " three"),
        [word for word in SPOKEN if not 18 <= word[1] <= 21],
    ):
        assert join([hear(LEFT, SPOKEN), hear(RIGHT, wrong)], 40).flags == ()


def test_another_spelling_is_no_disagreement_and_neither_is_what_one_side_lacks() -> None:
    words = [f" {word}" for word in "keyboarder organisten zwanzig spielen".split()]
    others = [f" {word}" for word in "kiborder orgenisten zwantsig spillen".split()]
    spoken = changed(SPOKEN, 19.2, *words)
    lacking = [word for word in changed(SPOKEN, 19.2, *others) if not 19.1 < word[1] < 20.3]
    for wrong in (changed(SPOKEN, 19.2, *others), lacking):
        assert join([hear(LEFT, spoken), hear(RIGHT, wrong)], 40).flags == ()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 999), st.floats(3, 10))
def test_text_without_any_times_is_joined_by_what_both_sides_heard(
    seed: int, overlap_s: float
) -> None:
    rng = random.Random(seed)
    lengths = (1, 2, 3, 3, 4, 5, 12)
    spoken = [(f" {chr(0x430 + n % 32) * rng.choice(lengths)}{n}", 0.4 * n) for n in range(250)]
    parts = windows(100, 30, overlap_s)
    results = [hear(part, spoken, timed=False, phrase=rng.choice([9, 25, 999])) for part in parts]
    assert join(results, 100).text == text_of(spoken)


def with_pieces(chunk: ChunkTranscript) -> ChunkTranscript:
    """The chunk with a piece of a word at either edge."""
    first, *inner, last = chunk.segments
    first = replace(first, text=" yy" + first.text)
    return replace(chunk, segments=(first, *inner, replace(last, text=last.text + " zz")))


def test_without_times_pieces_of_words_at_the_edges_are_left_out_though_speech_has_pauses() -> None:
    rng = random.Random(0)
    spoken: list[Spoken] = []
    at_s = 0.0
    while at_s < 3000:
        spoken.append((f" w{len(spoken)}" + "x" * rng.randrange(6), at_s))
        at_s += 0.4 if rng.random() < 0.95 else rng.uniform(1, 6)
    parts = windows(3000, 30, 5)
    results = [with_pieces(hear(part, spoken, timed=False, phrase=9)) for part in parts]
    words = join(results, 3000).text.split()
    known = {text.strip() for text, _ in spoken}
    assert len(parts) > 100
    assert len(known - set(words)) <= 5
    assert len(words) <= len(known) + 20


def test_text_without_spaces_is_compared_by_character() -> None:
    spoken = [(c, 0.4 * i) for i, c in enumerate("今天天气很好我们去公园散步吧明天也会是晴天" * 4)]
    coarse = [(a + b, at_s) for (a, at_s), (b, _) in zip(spoken[::2], spoken[1::2], strict=True)]
    left, right = windows(34, 21, 8)
    transcript = join([hear(left, spoken), hear(right, coarse)], 34)
    assert transcript.text == text_of(spoken)


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


def test_repeated_phrases_are_neither_doubled_nor_dropped() -> None:
    rng = random.Random(1)
    spoken = litany(rng, 6000)
    parts = windows(6000, 25, 5)
    results = [misheard(rng, hear(part, spoken)) for part in parts]
    got = Counter(word.text for word in join(results, 6000).words if word.text != " mumble")
    heard = {word.text for result in results for word in result.segments[0].words}
    doubled = sum(times - 1 for times in got.values())
    dropped = sum(text in heard and text not in got for text, _ in spoken)
    seams = len(parts) - 1
    assert seams > 290
    assert doubled <= seams / 100
    assert dropped <= seams / 100
