"""Strategies for transcripts: `transcripts` as the pipeline gives them, `any_transcripts` as far as
the values allow at all.
"""

from __future__ import annotations

from itertools import product

from hypothesis import strategies as st

from audiopipe.settings import SubtitleSettings
from audiopipe.values.audio import Span
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Failure, Flag, Repair, Segment, Source, Transcript, Word

SCRIPTS = (
    *(
        " the",
        " quick,",
        " brown fox.",
        " “Really?”",
        " twenty",
        "-five",
        " 3.14",
        " don't",
        " Dr.",
        " —",
        " »",
    ),
    " Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
    *("我", "能吞", "下。", "「你好」", "がんばって！", "コーヒー", "สวัสดี", "ครับ"),
    *(" שלום,", " مرحبا؟", " 한국어", " \U0001f469\u200d\U0001f467", "🇩🇪", " e\u0301"),
    *(" -->", " <b>", " &amp;", " [00:12.00]", " | *x*", " #1", " \\", " a--b"),
    *("", " ", "\n\n", "\t", "\u2028", "\x00", "\u3000"),
)
"""Pieces of text that have broken some writer of subtitles before."""

LONGEST_S = 1e5
CODES = (None, "en", "zh", "de", "xx")
facts = st.sampled_from(
    [
        *product(
            [(None,) * 4, (0, -0.25, 1.4, 0.01), (0.2, -1e-9, 1 / 3, 1e-30)],
            [0, 3000],
            [(), (50_364, 0)],
            CODES,
            [None, "Anna", "Bob & <Co>", "山田", "left\nchannel", ""],
        )
    ]
)
"""What is known of a segment besides its words, in one draw: each draw costs."""


def texts() -> st.SearchStrategy[str]:
    """A word, a piece of one, or anything that UTF-8 can hold."""
    return st.sampled_from(SCRIPTS) | st.text(max_size=5)


def spans(longest_s: float = LONGEST_S) -> st.SearchStrategy[Span]:
    """Any span that ends by then, empty ones among them."""
    seconds = st.floats(0, longest_s)
    return st.tuples(seconds, seconds).map(lambda ends: Span(min(ends), max(ends)))


def words(longest_s: float = LONGEST_S) -> st.SearchStrategy[Word]:
    """Any word at any time."""
    return st.builds(Word, spans(longest_s), texts(), st.none() | st.floats(0, 1))


@st.composite
def any_segments(draw: st.DrawFn, longest_s: float = LONGEST_S) -> Segment:
    """Any segment that can be made, its words in any order of time and of any text."""
    said = tuple(draw(st.lists(words(longest_s), max_size=6)))
    text = "".join(word.text for word in said) if said else "".join(draw(st.lists(texts())))
    return _measured(draw, draw(spans(longest_s)), text, said)


@st.composite
def any_transcripts(draw: st.DrawFn, longest_s: float = LONGEST_S) -> Transcript:
    """Any transcript that can be made: its parts may overlap, run backwards or leave the file."""
    segments = tuple(draw(st.lists(any_segments(longest_s), max_size=5)))
    return _told(draw, draw(st.floats(0, longest_s)), segments)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """A transcript as the pipeline gives it: in order of time and inside its file."""
    now_s = 0.0
    segments = []
    for _ in range(draw(st.integers(0, 5))):
        start_s = now_s = now_s + draw(st.sampled_from([0.0, 0.2, 1.0, 30.0]))
        said = []
        for text in draw(st.lists(texts(), min_size=1, max_size=25)):
            length_s = draw(st.sampled_from([0.0, 0.02, 0.3, 0.31, 2.5]))
            said.append(Word(Span(now_s, now_s + length_s), text))
            now_s += length_s
        timed = draw(st.booleans())
        text = "".join(word.text for word in said)
        segments.append(_measured(draw, Span(start_s, now_s), text, tuple(said) if timed else ()))
    return _told(draw, now_s + draw(st.sampled_from([0.0, 0.0004, 10.0])), tuple(segments))


@st.composite
def subtitle_settings(draw: st.DrawFn) -> SubtitleSettings:
    """Any limits that can be given on the command line, usual ones more often."""
    min_cue_duration_s = draw(st.floats(0.001, 1) | st.floats(0.001, 100))
    return SubtitleSettings(
        max_line_width=draw(st.integers(1, 60) | st.integers(1, 10**6)),
        max_line_count=draw(st.integers(1, 4) | st.integers(1, 100)),
        max_cue_duration_s=min_cue_duration_s + draw(st.floats(0, 10) | st.floats(0, 1e6)),
        min_cue_duration_s=min_cue_duration_s,
        min_gap_s=draw(st.floats(0, 0.5) | st.floats(0, 100)),
        reading_speed_cps=draw(st.floats(5, 40) | st.floats(0, exclude_min=True)),
    )


def _measured(draw: st.DrawFn, span: Span, text: str, said: tuple[Word, ...]) -> Segment:
    measured, seek, tokens, language, speaker = draw(facts)
    temperature, avg_logprob, compression_ratio, no_speech_prob = measured
    return Segment(
        span=span,
        text=text,
        words=said,
        seek=seek,
        tokens=tokens,
        temperature=temperature,
        avg_logprob=avg_logprob,
        compression_ratio=compression_ratio,
        no_speech_prob=no_speech_prob,
        language=language,
        speaker=speaker,
    )


def _told(draw: st.DrawFn, duration_s: float, segments: tuple[Segment, ...]) -> Transcript:
    more = draw(st.booleans())
    kinds = st.sampled_from(["low-confidence", "repetition"])
    figures = st.floats(-1e6, 1e6)
    counts = st.integers(0, 10**6)
    seconds = st.floats(0, LONGEST_S)
    flags = st.builds(Flag, kinds, spans(duration_s), figures, figures, texts())
    failures = st.builds(Failure, spans(duration_s), texts())
    repairs = st.builds(
        Repair, spans(duration_s), st.just(()), texts(), texts(), texts(), st.booleans(), texts()
    )
    return Transcript(
        source=Source(draw(texts()), draw(st.sampled_from(["", "00ff"])), duration_s),
        task=draw(st.sampled_from(["transcribe", "translate"])),
        language=draw(st.sampled_from(CODES)),
        segments=segments,
        flags=tuple(sorted(draw(st.lists(flags, max_size=3 * more)), key=lambda f: f.span.start_s)),
        repairs=tuple(draw(st.lists(repairs, max_size=2 * more))),
        failures=tuple(
            sorted(draw(st.lists(failures, max_size=2 * more)), key=lambda f: f.span.start_s)
        ),
        model=draw(texts()),
        backend=draw(st.sampled_from(["groq", "openai", "local"])),
        usage=draw(st.builds(Usage, counts, seconds, seconds, st.none() | seconds))
        if more
        else Usage(),
    )
