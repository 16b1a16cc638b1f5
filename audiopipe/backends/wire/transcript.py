"""A reply to segments and words in file time, and what of it cannot be true."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audiopipe.backends.wire.decode import number_of
from audiopipe.backends.wire.sense import goes_back, in_line, missing, scale_of, spelled_in
from audiopipe.backends.wire.shape import check_text
from audiopipe.backends.wire.stamps import cues
from audiopipe.backends.wire.words import Timed, fill, in_order, lay
from audiopipe.errors import BadReply
from audiopipe.text.clean import one_line, printable
from audiopipe.text.languages import code_of
from audiopipe.text.words import is_unspaced
from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Request
from audiopipe.values.transcript import Flag, Segment, Word

_BEYOND_S = 1.0
"""A segment that starts so long after the audio is of something else."""

_TURNED_S = 0.5
"""An end that lies so long before its start is no rounding."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a reply says.

    Attributes:
        language: ISO 639-1 code that the recogniser named; None for none.
        segments: in the order of their text, in file time.
        anomalies: flags of what in the reply cannot be true.
    """

    language: str | None
    segments: tuple[Segment, ...]
    anomalies: tuple[Flag, ...] = ()


def parse_transcription(body: Mapping[str, Any] | str, window: Window, request: Request) -> Parsed:
    """The language that the recogniser named, and its segments in file time.

    Takes every shape that servers of this dialect are known to send: text alone, with stamps or
    without; segments and words that are missing, null, nested or at the top; words under `word` or
    `text`; times in s, ms, µs or ns, missing, turned round or beyond the audio; measures missing or
    null. What is missing stays None. The reply's own text decides what is in it and in which order.

    Args:
        body: the reply, decoded from JSON, or as plain text.
        window: where the chunk lies in the file.
        request: what was asked; words are dropped if it asked for none.

    Returns:
        Segments as `values.transcript.Segment` describes them, their times rising, inside the
        window and in whole milliseconds. A reply without segments gives one segment over its words
        or the whole window; silence gives none.

    Raises:
        BadReply: the body holds no text.
    """
    if isinstance(body, str):
        body = {"text": body}
    rows = list(_rows(body, window.audio_s))
    words = _words(body, rows, window.audio_s) if request.word_timestamps else []
    heard = [Timed(row.text, row.start_s, row.end_s) for row in rows]
    laid = lay(heard, words) if words else [()] * len(heard)
    times = [
        (window.file_s(start_s, ends=False), window.file_s(end_s, ends=True))
        for start_s, end_s in _spans(heard, laid, window.audio_s)
    ]
    spans = [Span(*pair) for pair in in_order(times)]
    segments = tuple(
        _segment(row, span, its_words, window)
        for row, span, its_words in zip(rows, spans, _file_words(laid, window), strict=True)
    )
    return Parsed(_language(body), segments, tuple(_flags(rows, spans, window)))


def audio_s(body: Mapping[str, Any] | str) -> float:
    """How long the audio behind a reply is: what it says, else its last time, else 0 seconds."""
    if isinstance(body, str):
        return 0.0
    timed = [*_mappings(body.get("segments")), *_mappings(body.get("words"))]
    ends = [_seconds(each.get("end")) or 0.0 for each in timed]
    return _seconds(body.get("duration")) or max(ends, default=0.0)


def _language(body: Mapping[str, Any]) -> str | None:
    """By its field, else by Whisper's own token in the text."""
    for name in ("language", "detected_language"):
        if code := code_of(body.get(name)):
            return code
    text = body.get("text")
    token = re.search(r"<\|[a-z]{2,3}\|>", text) if isinstance(text, str) else None
    return code_of(token[0]) if token else None


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Why a segment cannot be as the reply has it; see `Flag`."""

    value: float
    limit: float
    detail: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A segment in chunk time: its canonical text, and those of its times that can be true."""

    raw: Mapping[str, Any]
    text: str
    start_s: float | None = None
    end_s: float | None = None
    doubt: _Doubt | None = None


def _rows(body: Mapping[str, Any], length_s: float) -> Sequence[_Row]:
    """The segments in the order of their text, none of it missing."""
    raw = list(_raw_segments(body))
    texts = [_text(each) for each in raw]
    scale = _scale(raw, sum(map(len, texts)), length_s, _seconds(body.get("duration")))
    rows = [_row(*pair, scale, length_s) for pair in zip(raw, texts, strict=True)]
    whole = body.get("text")
    if not isinstance(whole, str) or not raw or cues(whole) is not None:
        return _in_line(rows)
    whole = printable(whole)
    if goes_back(row.start_s for row in rows):
        by_start = sorted(rows, key=lambda row: row.start_s or 0.0)
        if spelled_in(whole, (row.text for row in by_start)):
            return by_start
    return _completed(_in_line(rows), whole)


def _raw_segments(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The raw segments with text; the whole text if there are none; stamps made into times."""
    found = [each for each in _mappings(body.get("segments")) if _text(each)]
    text = body.get("text")
    if not found and isinstance(text, str):
        check_text(text)
        found = [{"text": text}] if _text({"text": text}) else []
    elif not found and not isinstance(body.get("segments"), list):
        names = one_line(", ".join(map(str, body)), 100) or "nothing"
        raise BadReply(f"the reply holds no text, but {names}")
    for each in found:
        stamped = cues(each["text"])
        if stamped is None:
            yield each
        elif len(stamped) == 1 and _seconds(each.get("start")) is not None:
            yield {**each, "text": stamped[0]["text"]}
        else:
            yield from (cue for cue in stamped if _text(cue))


def _scale(
    raw: Sequence[Mapping[str, Any]], letters: int, length_s: float, duration: float | None
) -> float:
    times = [_seconds(each.get(end)) for each in raw for end in ("start", "end")]
    known = [time for time in times if time is not None]
    return scale_of(known, letters, length_s, duration)


def _row(raw: Mapping[str, Any], text: str, scale: float, length_s: float) -> _Row:
    start_s, end_s = _scaled(raw.get("start"), scale), _scaled(raw.get("end"), scale)
    text = text if is_unspaced(text[0]) else f" {text}"
    doubt = None
    if start_s is not None and start_s > length_s + _BEYOND_S:
        detail = "The reply tells a time after the end of the audio. Listen."
        doubt = _Doubt(start_s, length_s, detail)
    elif start_s is not None and end_s is not None and end_s < start_s - _TURNED_S:
        detail = "The reply ends this segment before it begins: its end is a guess. Listen."
        doubt = _Doubt(start_s - end_s, _TURNED_S, detail)
    if start_s is None or (end_s is not None and end_s < start_s):
        end_s = None
    return _Row(raw, text, start_s, end_s, doubt)


def _in_line(rows: Sequence[_Row]) -> list[_Row]:
    """The rows as they are; a start that goes back among the others is not believed."""
    if not goes_back(row.start_s for row in rows):
        return list(rows)
    believed = in_line([row.start_s for row in rows])
    detail = "The reply's times run backwards here: the order is the server's, times are guesses."
    return [
        row
        if good
        else replace(row, start_s=None, end_s=None, doubt=_Doubt(row.start_s or 0.0, 0.0, detail))
        for row, good in zip(rows, believed, strict=True)
    ]


def _completed(rows: list[_Row], whole: str) -> list[_Row]:
    """The rows with what the reply's text has more, where it is one passage; else with a doubt."""
    lacking = missing(whole, [row.text for row in rows])
    if lacking is None:
        return rows
    if lacking.after is None:
        detail = "The reply's text has more words than its segments, in many places. Listen."
        return [replace(row, doubt=row.doubt or _Doubt(1.0, 0.0, detail)) for row in rows]
    words = lacking.text.strip()
    detail = "These words stand in the reply's text and in none of its segments: times are guesses."
    text = words if is_unspaced(words[0]) else f" {words}"
    row = _Row({}, text, doubt=_Doubt(float(len(words.split())), 0.0, detail))
    return [*rows[: lacking.after], row, *rows[lacking.after :]]


def _words(body: Mapping[str, Any], rows: Iterable[_Row], length_s: float) -> list[Timed]:
    """All words in order: those at the top, else those inside the segments."""
    raw = _mappings(body.get("words")) or [
        word for row in rows for word in _mappings(row.raw.get("words"))
    ]
    texts = [str(each.get("word") or each.get("text") or "") for each in raw]
    scale = _scale(raw, sum(map(len, texts)), length_s, _seconds(body.get("duration")))
    return [
        Timed(
            text,
            _scaled(each.get("start"), scale),
            _scaled(each.get("end"), scale),
            number_of(each.get("probability")),
        )
        for each, text in zip(raw, texts, strict=True)
    ]


def _spans(
    heard: Sequence[Timed], laid: Sequence[Sequence[Timed]], length_s: float
) -> list[tuple[float, float]]:
    """Start and end of each segment: its own, else those of its words, else a share of the gap."""
    known = [
        Timed(
            text.text,
            row[0].start_s if text.start_s is None and row else text.start_s,
            row[-1].end_s if text.end_s is None and row else text.end_s,
        )
        for text, row in zip(heard, laid, strict=True)
    ]
    return fill(known, 0.0, length_s)


def _file_words(laid: Sequence[Sequence[Timed]], window: Window) -> Iterator[tuple[Word, ...]]:
    """The words in file time, never going back from the chunk's first to its last."""
    times = [
        (
            window.file_s(word.start_s or 0.0, ends=False),
            window.file_s(word.end_s or 0.0, ends=True),
        )
        for row in laid
        for word in row
    ]
    spans = iter([Span(*pair) for pair in in_order(times)])
    for row in laid:
        yield tuple(Word(next(spans), word.text, word.probability) for word in row)


def _segment(row: _Row, span: Span, words: tuple[Word, ...], window: Window) -> Segment:
    raw = row.raw
    seek_s = (number_of(raw.get("seek")) or 0.0) / 100
    speaker = raw.get("speaker", raw.get("speaker_id"))
    tokens = raw.get("tokens")
    return Segment(
        span=span,
        text=row.text,
        words=words,
        seek=round(window.file_s(seek_s, ends=False) * 100),
        tokens=tuple(t for t in tokens if type(t) is int) if isinstance(tokens, list) else (),
        temperature=number_of(raw.get("temperature")),
        avg_logprob=number_of(raw.get("avg_logprob")),
        compression_ratio=number_of(raw.get("compression_ratio")),
        no_speech_prob=number_of(raw.get("no_speech_prob")),
        language=code_of(raw.get("language")),
        speaker=None if speaker is None else one_line(str(speaker), 80),
    )


def _flags(rows: Sequence[_Row], spans: Sequence[Span], window: Window) -> Iterator[Flag]:
    """A flag for each row of neighbours with the same doubt."""
    began: Span | None = None
    for n, (row, span) in enumerate(zip(rows, spans, strict=True)):
        if row.doubt is None:
            continue
        began = began or span
        after = rows[n + 1].doubt if n + 1 < len(rows) else None
        if after is None or after.detail != row.doubt.detail:
            whole = Span(began.start_s, max(began.start_s, span.end_s))
            yield Flag("reply-anomaly", whole, row.doubt.value, row.doubt.limit, row.doubt.detail)
            began = None


def _text(raw: Mapping[str, Any]) -> str:
    """The text without spaces around it, and without what a terminal would obey."""
    text = raw.get("text")
    return printable(text).strip() if isinstance(text, str) else ""


def _mappings(raw: object) -> list[Mapping[str, Any]]:
    return [each for each in raw if isinstance(each, Mapping)] if isinstance(raw, list) else []


def _scaled(raw: object, scale: float) -> float | None:
    seconds = _seconds(raw)
    return None if seconds is None else seconds * scale


def _seconds(raw: object) -> float | None:
    """A time of at least 0; some servers write numbers as text."""
    number = number_of(raw)
    return None if number is None else max(0.0, number)
