"""Comma-separated values, RFC 4180: for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
import re
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

    A text that a spreadsheet would take for a formula has an apostrophe before it, as OWASP advises
    ("CSV Injection"); `literal` and `written` are each other's inverse.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(transcript))
    return text.getvalue()


def literal(text: str) -> str:
    """The text as a cell that no spreadsheet computes."""
    return f"'{text}" if _FORMULA.match(text) else text


def written(cell: str) -> str:
    """The text that stands in a cell."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""The apostrophes before it, too: else a text that begins so could not be told from one that was
given one."""


def _rows(transcript: Transcript) -> Iterator[tuple[object, ...]]:
    for part, flags in passages(transcript):
        times = _seconds(part.span.start_s), _seconds(part.span.end_s)
        if isinstance(part, Failure):
            yield (*times, None, None, gap_text(part), None, None, None, None)
        else:
            yield (*times, *_fields(part), literal(";".join(kinds(flags))))


def _fields(segment: Segment) -> tuple[object, ...]:
    return (
        literal(one_line(segment.speaker or "")),
        segment.language and literal(one_line(segment.language)),
        literal(one_line(segment.text)),
        segment.avg_logprob,
        segment.no_speech_prob,
        segment.compression_ratio,
    )


def _seconds(time_s: float) -> str:
    ms = milliseconds(time_s)
    return f"{ms // 1000}.{ms % 1000:03}"
