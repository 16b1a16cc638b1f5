"""Values to request fields and reply bodies to values: pure, without any I/O.

The one place where times of a chunk become times of the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from audiopipe.backends.wire.words import Timed, fill, in_order, lay
from audiopipe.errors import BadReply
from audiopipe.text.languages import code_of
from audiopipe.text.words import is_unspaced
from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Request
from audiopipe.values.transcript import Segment, Word

ReplyFormat = Literal["verbose_json", "json", "text", "diarized_json"]


def form_fields(
    request: Request, reply_format: ReplyFormat, url: str | None = None
) -> tuple[tuple[str, str], ...]:
    """The text fields of a multipart request to `/audio/transcriptions` or `/audio/translations`.

    Only fields that the endpoints know, none of them empty. Translations carry no language and no
    granularities: English is the only target, and words come with transcriptions only. Without
    granularities segments come by themselves.

    Args:
        request: what is asked.
        reply_format: the shape of the answer; times come only with `verbose_json`.
        url: audio for the provider to fetch, in place of a file part.
    """
    fields = [
        ("model", request.model),
        ("url", url or ""),
        ("response_format", reply_format),
        ("temperature", f"{request.temperature:g}"),
        ("prompt", request.prompt or ""),
    ]
    if request.task == "transcribe":
        fields.append(("language", request.language or ""))
        if request.word_timestamps and reply_format == "verbose_json":
            fields += [("timestamp_granularities[]", kind) for kind in ("word", "segment")]
    return tuple(field for field in fields if field[1])


def parse_transcription(
    body: Mapping[str, Any] | str, window: Window, request: Request
) -> tuple[str | None, tuple[Segment, ...]]:
    """The language that the recogniser named, and its segments in file time.

    Takes every shape that servers of this dialect are known to send: text alone; segments and words
    that are missing, null, nested or at the top; words under `word` or `text`; times missing,
    turned round or beyond the audio; measures missing or null. What is missing stays None.

    Args:
        body: the reply, decoded from JSON, or as plain text.
        window: where the chunk lies in the file.
        request: what was asked; words are dropped if it asked for none.

    Returns:
        An ISO 639-1 code or None, and segments as `data.Segment` describes them, in order, their
        times inside the window in whole milliseconds. A reply without segments gives one segment
        over its words or the whole window; silence gives none.

    Raises:
        BadReply: the body holds no text.
    """
    if isinstance(body, str):
        body = {"text": body}
    found = _by_start(_segments(body))
    heard = [_timed(each) for each in found]
    words = _words(body, found) if request.word_timestamps else []
    rows = lay(heard, words) if words else [()] * len(heard)
    times = [
        (window.file_s(start_s, ends=False), window.file_s(end_s, ends=True))
        for start_s, end_s in _spans(heard, rows, window.audio_s)
    ]
    spans = [Span(*pair) for pair in in_order(times)]
    laid = _file_words(rows, window)
    segments = tuple(
        _segment(raw, text.text, span, row, window)
        for raw, text, span, row in zip(found, heard, spans, laid, strict=True)
    )
    return code_of(body.get("language")), segments


def audio_s(body: Mapping[str, Any] | str) -> float:
    """How long the audio behind a reply is: what it says, else its last time, else 0 seconds."""
    if isinstance(body, str):
        return 0.0
    timed = [*_mappings(body.get("segments")), *_mappings(body.get("words"))]
    ends = [_seconds(each.get("end")) or 0.0 for each in timed]
    return _seconds(body.get("duration")) or max(ends, default=0.0)


def _segments(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The raw segments with text; the whole text as one if there are none."""
    found = [each for each in _mappings(body.get("segments")) if _text(each)]
    if found:
        return found
    text = body.get("text")
    if not isinstance(text, str):
        if isinstance(body.get("segments"), list):
            return []
        raise BadReply(f"the reply holds no text, but {', '.join(map(str, body)) or 'nothing'}")
    if text.lstrip()[:9].lower().startswith(("<!doctype", "<html")):
        raise BadReply("the reply is a web page, not a transcript")
    return [{"text": text}] if text.strip() else []


def _by_start(segments: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The segments in order of time; one without a start stays behind the one before it."""
    last_s, keyed = 0.0, []
    for each in segments:
        start_s = _seconds(each.get("start"))
        last_s = last_s if start_s is None else start_s
        keyed.append((last_s, each))
    return [each for _, each in sorted(keyed, key=lambda pair: pair[0])]


def _words(body: Mapping[str, Any], segments: Iterable[Mapping[str, Any]]) -> list[Timed]:
    """All words in order: those at the top, else those inside the segments."""
    raw = _mappings(body.get("words")) or [
        word for segment in segments for word in _mappings(segment.get("words"))
    ]
    return [
        Timed(
            str(each.get("word") or each.get("text") or ""),
            _seconds(each.get("start")),
            _seconds(each.get("end")),
            _number(each.get("probability")),
        )
        for each in raw
    ]


def _timed(raw: Mapping[str, Any]) -> Timed:
    """The segment's canonical text and those of its times that can be true."""
    text = _text(raw)
    start_s, end_s = _seconds(raw.get("start")), _seconds(raw.get("end"))
    if start_s is None or (end_s is not None and end_s < start_s):
        end_s = None
    return Timed(text if is_unspaced(text[0]) else f" {text}", start_s, end_s)


def _text(raw: Mapping[str, Any]) -> str:
    """The text without spaces around it, and without halves of characters that JSON can hold."""
    text = raw.get("text")
    return text.strip().encode(errors="replace").decode() if isinstance(text, str) else ""


def _spans(
    heard: Sequence[Timed], rows: Sequence[Sequence[Timed]], length_s: float
) -> list[tuple[float, float]]:
    """Start and end of each segment: its own, else those of its words, else a share of the gap."""
    known = [
        Timed(
            text.text,
            row[0].start_s if text.start_s is None and row else text.start_s,
            row[-1].end_s if text.end_s is None and row else text.end_s,
        )
        for text, row in zip(heard, rows, strict=True)
    ]
    return fill(known, 0.0, length_s)


def _file_words(rows: Sequence[Sequence[Timed]], window: Window) -> Iterator[tuple[Word, ...]]:
    """The words in file time, never going back from the chunk's first to its last."""
    times = [
        (
            window.file_s(word.start_s or 0.0, ends=False),
            window.file_s(word.end_s or 0.0, ends=True),
        )
        for row in rows
        for word in row
    ]
    spans = iter([Span(*pair) for pair in in_order(times)])
    for row in rows:
        yield tuple(Word(next(spans), word.text, word.probability) for word in row)


def _segment(
    raw: Mapping[str, Any], text: str, span: Span, words: tuple[Word, ...], window: Window
) -> Segment:
    seek_s = (_number(raw.get("seek")) or 0.0) / 100
    speaker = raw.get("speaker", raw.get("speaker_id"))
    tokens = raw.get("tokens")
    return Segment(
        span=span,
        text=text,
        words=words,
        seek=round(window.file_s(seek_s, ends=False) * 100),
        tokens=tuple(t for t in tokens if type(t) is int) if isinstance(tokens, list) else (),
        temperature=_number(raw.get("temperature")),
        avg_logprob=_number(raw.get("avg_logprob")),
        compression_ratio=_number(raw.get("compression_ratio")),
        no_speech_prob=_number(raw.get("no_speech_prob")),
        speaker=None if speaker is None else str(speaker),
    )


def _mappings(raw: object) -> list[Mapping[str, Any]]:
    return [each for each in raw if isinstance(each, Mapping)] if isinstance(raw, list) else []


def _seconds(raw: object) -> float | None:
    """A time of at least 0; some servers write numbers as text."""
    number = _number(raw)
    return None if number is None else max(0.0, number)


def _number(raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        number = float(raw)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
