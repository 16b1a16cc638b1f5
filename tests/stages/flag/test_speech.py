from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.audio.vad import Voice
from audiopipe.stages.flag.evidence import Evidence
from audiopipe.stages.flag.measures import too_slow
from audiopipe.stages.flag.speech import speech_without_text, text_without_speech, voiced_share
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import ChunkTranscript, Flag, Segment, Word

WHOLE = Span(0, 600)


def heard(*segments: Segment, core: Span = WHOLE, voice: tuple[Span, ...] = ()) -> Evidence:
    transcript = ChunkTranscript(Window(0, (WHOLE,), core), "en", segments, Usage())
    return Evidence(transcript, Thresholds(), Voice(voice, voice))


def words(text: str, start_s: float, step_s: float = 0.5) -> Segment:
    """A segment whose words last `step_s` each, one after the other."""
    timed = tuple(
        Word(Span(start_s + n * step_s, start_s + (n + 1) * step_s), f" {word}")
        for n, word in enumerate(text.split())
    )
    span = Span(timed[0].span.start_s, timed[-1].span.end_s)
    return Segment(span, "".join(word.text for word in timed), timed)


def spans(flags: object) -> list[Span]:
    return [flag.span for flag in flags]  # type: ignore[attr-defined]


def test_words_where_nobody_speaks_are_flagged_and_those_beside_them_are_not() -> None:
    segment = words("and then he left thank you for watching", 10)
    (found,) = text_without_speech(heard(segment, voice=(Span(10, 12),)))
    assert (found.span, found.value, found.limit) == (Span(12.5, 14), 0.0, 0.1)


def test_made_up_words_of_several_segments_are_one_passage() -> None:
    evidence = heard(words("thank you", 10), words("thank you", 20), words("he left", 30))
    evidence = replace(evidence, voice=Voice((Span(30, 31),), ()))
    assert spans(text_without_speech(evidence)) == [Span(10, 21)]


def test_a_segment_without_word_times_is_judged_as_a_whole() -> None:
    segment = Segment(Span(10, 20), " thank you")
    assert spans(text_without_speech(heard(segment, voice=(Span(30, 40),)))) == [Span(10, 20)]
    assert spans(text_without_speech(heard(segment, voice=(Span(18, 20),)))) == []


def test_a_word_stretched_over_speech_covers_no_more_than_its_ends() -> None:
    segment = Segment(Span(10, 20), " are", (Word(Span(10, 20), " are"),))
    evidence = heard(segment, core=Span(0, 600), voice=(Span(10, 20),))
    assert spans(speech_without_text(evidence)) == [Span(11.5, 18.5)]
    short = Segment(Span(10, 12), " are", (Word(Span(10, 12), " are"),))
    assert spans(speech_without_text(heard(short, voice=(Span(10, 12),)))) == []


@pytest.mark.parametrize("voice", [Span(9, 10.1), Span(19.5, 30)])
def test_a_word_stretched_over_music_is_where_its_voice_is(voice: Span) -> None:
    """Whisper times the first word of a phrase from the end of the one before."""
    word = Word(Span(10, 20), " are")
    rest = words("you still at home tonight", 20)
    segment = Segment(Span(10, rest.span.end_s), word.text + rest.text, (word, *rest.words))
    both = Voice((voice, Span(20, 23)), ())
    assert spans(text_without_speech(replace(heard(segment), voice=both))) == []
    assert list(too_slow(replace(heard(segment), voice=both))) == []
    elsewhere = Voice((Span(25, 30),), ())
    assert spans(text_without_speech(replace(heard(segment), voice=elsewhere))) == [Span(10, 22.5)]


def test_a_stretch_of_voice_without_words_is_too_slow() -> None:
    word = Word(Span(10, 30), " are")
    segment = Segment(word.span, word.text, (word,))
    (found,) = too_slow(heard(segment, voice=(Span(10, 30),)))
    assert found.span == segment.span


@pytest.mark.parametrize(("stray", "flagged"), [(1, 0), (2, 1)])
def test_one_word_beside_the_voice_of_its_phrase_is_not_made_up(stray: int, flagged: int) -> None:
    line = words("row your boat gently down the stream", 10)
    sure = replace(line, avg_logprob=-0.3, no_speech_prob=0.1)
    voice = (Span(10 + 0.5 * stray + 0.3, 20),)
    found = list(text_without_speech(heard(sure, voice=voice)))
    assert [flag.kind for flag in found] == ["text-without-speech"] * flagged


def test_a_word_that_could_not_be_placed_says_nothing_of_where_it_is() -> None:
    segment = words("he left", 10)
    lost = Word(Span(11, 11.02), " home")
    segment = replace(segment, text=segment.text + lost.text, words=(*segment.words, lost))
    assert spans(text_without_speech(heard(segment, voice=(Span(10, 10.7),)))) == []


def phrase(*timed: tuple[float, float]) -> Segment:
    each = tuple(Word(Span(*times), " no") for times in timed)
    return Segment(Span(timed[0][0], timed[-1][1]), " no" * len(each), each)


def test_made_up_words_without_a_place_go_with_those_that_have_one() -> None:
    after = phrase((10, 10.5), (10.5, 11), (11, 11.02), (11.02, 11.02))
    assert spans(text_without_speech(heard(after))) == [Span(10, 11.02)]
    before = phrase((9.5, 9.51), (9.51, 9.51), (10, 10.5), (10.5, 11))
    assert spans(text_without_speech(heard(before))) == [Span(9.5, 11)]
    between = phrase((10, 10.5), (10.5, 10.52), (10.6, 11), (20, 20.4))
    found = text_without_speech(heard(between, voice=(Span(20, 21),)))
    assert spans(found) == [Span(10, 11)]


def test_without_anybody_who_listened_nothing_is_said_of_voices() -> None:
    evidence = replace(heard(words("thank you", 10)), voice=None)
    assert [*text_without_speech(evidence), *speech_without_text(evidence)] == []


def test_a_voice_without_text_is_flagged_from_where_the_text_ends() -> None:
    said = words("and then he left", 10)
    (found,) = speech_without_text(heard(said, voice=(Span(10, 20),)))
    assert (found.span, found.value, found.limit) == (Span(12.5, 20), 7.5, 2.0)


def test_a_chunk_without_text_in_which_somebody_speaks_is_flagged() -> None:
    assert spans(speech_without_text(heard(voice=(Span(10, 20), Span(30, 31))))) == [Span(10, 20)]


def test_a_pause_between_two_words_is_not_missing_text() -> None:
    evidence = heard(words("he left", 10), words("at noon", 13.9), voice=(Span(10, 15),))
    assert spans(speech_without_text(evidence)) == []


@pytest.mark.parametrize(
    ("span", "share"),
    [(Span(0, 4), 0.5), (Span(1, 2), 1.0), (Span(4, 5), 0.0), (Span(2, 2), 1.0), (Span(4, 4), 0.0)],
)
def test_the_voiced_share_of_a_span(span: Span, share: float) -> None:
    assert voiced_share(span, [Span(0.5, 2.5), Span(9, 10)]) == share


@st.composite
def apart(draw: st.DrawFn) -> tuple[Span, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 6000), max_size=20)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Span(start / 10, end / 10) for start, end in pairs)


@given(apart(), apart())
def test_flagged_voice_is_voice_and_is_nowhere_near_text(
    voice: tuple[Span, ...], texts: tuple[Span, ...]
) -> None:
    evidence = heard(*(Segment(span, " so") for span in texts), voice=voice)
    found = list(speech_without_text(evidence))
    for flag in found:
        assert sum(map(flag.span.overlap_s, voice)) == pytest.approx(flag.span.duration_s)
        assert all(flag.span.overlap_s(text) == 0 for text in texts)
    assert _missed_s(voice, texts, found) <= 2.0 + 1e-9


@given(apart(), apart())
def test_text_is_flagged_only_where_there_is_next_to_no_voice(
    voice: tuple[Span, ...], texts: tuple[Span, ...]
) -> None:
    evidence = heard(*(Segment(span, " so") for span in texts), voice=voice)
    flagged = list(text_without_speech(evidence))
    for text in texts:
        inside = any(f.span.start_s <= text.start_s and text.end_s <= f.span.end_s for f in flagged)
        assert not inside or voiced_share(text, voice) < 0.1
        assert inside or voiced_share(text, voice) > 0 or _near(text, voice)


def _missed_s(voice: tuple[Span, ...], texts: tuple[Span, ...], found: list[Flag]) -> float:
    """The longest stretch of voice, by tenths, that is neither near text nor flagged."""
    longest = run = 0
    for tenth in range(6000):
        at = Span(tenth / 10 + 0.01, tenth / 10 + 0.09)
        near = Span(max(0, at.start_s - 0.5), at.end_s + 0.5)
        missed = any(map(at.overlap_s, voice)) and not any(map(near.overlap_s, texts))
        run = run + 1 if missed and not any(at.overlap_s(f.span) for f in found) else 0
        longest = max(longest, run)
    return longest / 10


def _near(text: Span, voice: tuple[Span, ...]) -> bool:
    near = Span(max(0, text.start_s - 0.21), text.end_s + 0.21)
    return any(map(near.overlap_s, voice))


def test_what_is_sung_is_music_and_not_made_up() -> None:
    line = words("row your boat gently down the stream", 10)
    sure = replace(line, avg_logprob=-0.3, no_speech_prob=0.1)
    (found,) = text_without_speech(heard(sure))
    assert found.kind == "music"
    for guess in (
        line,
        replace(sure, avg_logprob=-0.8),
        replace(sure, no_speech_prob=0.5),
        replace(words("thank you", 10), avg_logprob=-0.2, no_speech_prob=0.1),
    ):
        (found,) = text_without_speech(heard(guess))
        assert found.kind == "text-without-speech"
