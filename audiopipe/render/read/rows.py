"""What others wrote, row by row, and the transcript that it makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audiopipe.backends.wire.words import Timed, fill, lay
from audiopipe.text.clean import printable
from audiopipe.text.words import is_unspaced
from audiopipe.values.audio import Span, Task
from audiopipe.values.transcript import Segment, Source, Transcript, Word

USUAL_CPS = 15.0
"""Characters a second, about 160 words a minute: how long a text takes whose times nobody knows."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What the recogniser measured, as in `Segment`."""

    temperature: float | None = None
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A segment as it was written.

    Attributes:
        said: its text, and its times where they are known.
        words: in order, or none; some of their times may be missing.
    """

    said: Timed
    words: tuple[Timed, ...] = ()
    speaker: str | None = None
    language: str | None = None
    measures: Measures = Measures()


@dataclass(frozen=True, slots=True)
class Told:
    """A document as it was written.

    Attributes:
        rows: in the order of the text.
        words: those of all rows, where the rows have none of their own.
        duration_s: None where nobody tells.
    """

    rows: tuple[Row, ...]
    words: tuple[Timed, ...] = ()
    duration_s: float | None = None
    language: str | None = None
    task: Task = "transcribe"
    model: str = ""


def transcript_of(told: Told, name: str) -> Transcript:
    """The transcript: segments by their start, with every time filled in.

    Times that are missing lie between those that are known, by length of text. Words without times,
    as aligners leave figures, lie between their neighbours. What begins after its end lasts until
    the next.

    Args:
        name: what to call the recording: nobody tells which one it was.
    """
    rows = _by_start([row for row in told.rows if _shown(row)])
    texts = [_spaced(row) for row in rows]
    if told.words:
        laid = lay(texts, told.words)
    else:
        laid = [
            lay([text], row.words)[0] if _is_timed(row.words) else ()
            for row, text in zip(rows, texts, strict=True)
        ]
    spans = _spans(texts, laid, told.duration_s)
    segments = [
        _segment(row, text.text, span, words)
        for row, text, span, words in zip(rows, texts, spans, laid, strict=True)
    ]
    last_s = max((segment.span.end_s for segment in segments), default=0.0)
    duration_s = max(told.duration_s or 0.0, last_s)
    return Transcript(
        Source(name, "", duration_s), told.task, told.language, tuple(segments), model=told.model
    )


def _by_start(rows: Sequence[Row]) -> list[Row]:
    """In order of time; one without a start stays behind the one before it."""
    last_s, keyed = 0.0, []
    for row in rows:
        last_s = last_s if row.said.start_s is None else row.said.start_s
        keyed.append((last_s, row))
    return [row for _, row in sorted(keyed, key=lambda pair: pair[0])]


def _shown(row: Row) -> str:
    return " ".join(printable(row.said.text).split())


def _spaced(row: Row) -> Timed:
    """The text with a space before it, as segments have it in scripts that know spaces."""
    text = _shown(row)
    start_s, end_s = row.said.start_s, row.said.end_s
    known = start_s is not None and end_s is not None and end_s >= start_s
    return Timed(text if is_unspaced(text[0]) else f" {text}", start_s, end_s if known else None)


def _is_timed(words: Sequence[Timed]) -> bool:
    return any(word.start_s is not None for word in words)


def _spans(
    texts: Sequence[Timed], laid: Sequence[Sequence[Timed]], duration_s: float | None
) -> Iterator[Span]:
    """When each text is spoken: as it says, else as its words say, else between the others."""
    known = []
    for text, words in zip(texts, laid, strict=True):
        start_s, end_s = text.start_s, text.end_s
        if start_s is None and words:
            start_s, end_s = words[0].start_s, words[-1].end_s
        known.append(Timed(text.text, start_s, end_s))
    if duration_s is None:
        last_s = max((each.end_s or each.start_s or 0.0 for each in known), default=0.0)
        behind = 0
        for each in reversed(known):
            if each.end_s is not None:
                break
            behind += len(each.text)
        duration_s = last_s + behind / USUAL_CPS
    for start_s, end_s in fill(known, 0.0, duration_s):
        yield Span(start_s, max(start_s, end_s))


def _segment(row: Row, text: str, span: Span, laid: Sequence[Timed]) -> Segment:
    words = []
    for word in laid:
        start_s = word.start_s or 0.0
        words.append(
            Word(Span(start_s, max(start_s, word.end_s or 0.0)), word.text, word.probability)
        )
    return Segment(
        span,
        text,
        tuple(words),
        temperature=row.measures.temperature,
        avg_logprob=row.measures.avg_logprob,
        compression_ratio=row.measures.compression_ratio,
        no_speech_prob=row.measures.no_speech_prob,
        language=row.language,
        speaker=row.speaker,
    )
