"""Comma-separated values, RFC 4180: for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from audiopipe.render.passages import gap_text, kinds, one_line, passages
from audiopipe.text.clocks import milliseconds
from audiopipe.values.transcript import Failure, Segment, Transcript

COLUMNS = (
    "start",
    "end",
    "speaker",
    "language",
    "text",
    "avg_logprob",
    "no_speech_prob",
    "compression_ratio",
    "flags",
)


def render(transcript: Transcript) -> str:
    """A header and a row for each segment.

    Times are seconds with three decimals; a measure that is not known stays empty; `flags` holds
    the kinds that touch the segment, joined by semicolons. A gap is a row that only its text
    fills.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(transcript))
    return text.getvalue()


def _rows(transcript: Transcript) -> Iterator[tuple[object, ...]]:
    for part, flags in passages(transcript):
        times = _seconds(part.span.start_s), _seconds(part.span.end_s)
        if isinstance(part, Failure):
            yield (*times, None, None, gap_text(part), None, None, None, None)
        else:
            yield (*times, *_fields(part), ";".join(kinds(flags)))


def _fields(segment: Segment) -> tuple[object, ...]:
    return (
        one_line(segment.speaker or ""),
        segment.language,
        one_line(segment.text),
        segment.avg_logprob,
        segment.no_speech_prob,
        segment.compression_ratio,
    )


def _seconds(time_s: float) -> str:
    ms = milliseconds(time_s)
    return f"{ms // 1000}.{ms % 1000:03}"
