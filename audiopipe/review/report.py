"""One page for a batch, for a person who opens no terminal: no script, charts as SVG."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from audiopipe.errors import InputError
from audiopipe.review.batch import Chart, charts
from audiopipe.review.build import Reviewed
from audiopipe.review.page import asset
from audiopipe.text.clocks import in_words
from audiopipe.workflows.batch import Batch
from audiopipe.workflows.batch import read as read_batch
from audiopipe.workflows.quality import Findings, summary

_MOST_ROWS = 200
_ROW, _LEFT, _WIDE = 18, 124, 135


@dataclass(frozen=True, slots=True)
class Trip:
    """How well a narration was understood: the score of a round trip.

    Attributes:
        name: of the recording.
        error_rate: share of the words that were heard otherwise, 0 on.
        words: how many were spoken.
    """

    name: str
    error_rate: float
    words: int


def report(folder: Path, shown: Sequence[Reviewed]) -> str:
    """The page.

    Args:
        folder: of the batch: its record and its round trips are told too.
        shown: the transcripts in it.
    """
    found = [(each, each.findings()) for each in shown]
    batch = _batch(folder)
    body = "".join(
        (
            _facts(found, batch),
            *_section("Files, the most doubt first", _files(found)),
            *_section("What failed", _failed(batch) if batch else ""),
            *_section("Round trips", _trips(trips(folder))),
            *_section("Figures", _charts([findings for _, findings in found])),
        )
    )
    title = f"{escape(folder.resolve().name)}: report"
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="icon" href="data:,">'
        f"<style>{asset('page.css')}</style></head>\n"
        f'<body class="report"><main id="index"><h1>{title}</h1>{body}</main></body></html>\n'
    )


def trips(folder: Path) -> list[Trip]:
    """The round trips whose reports lie below a folder, the worst understood first."""
    found = [trip for path in sorted(folder.rglob("*.report.json")) if (trip := _trip(path))]
    return sorted(found, key=lambda trip: -trip.error_rate)


def _trip(path: Path) -> Trip | None:
    try:
        told = json.loads(path.read_text("utf-8"))
        score = told["score"]
        name = str(told["recording"]["name"])
        return Trip(name, float(score["wer"]), int(score["words"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # some other report


def _batch(folder: Path) -> Batch | None:
    try:
        return read_batch(folder)
    except InputError:
        return None


def _facts(found: Sequence[tuple[Reviewed, Findings]], batch: Batch | None) -> str:
    whole = summary([findings for _, findings in found])
    usages = [each.transcript.usage.cost_usd for each, _ in found]
    known = [cost for cost in usages if cost is not None]
    cost = f"${sum(known):.2f}" if known and len(known) == len(usages) else "unknown"
    facts = [
        ("files", str(whole.files)),
        ("recorded", in_words(whole.duration_s)),
        ("cost", cost),
        ("doubts", str(whole.flags)),
        ("settled", str(whole.settled)),
        ("of doubt left to hear", in_words(whole.open_s)),
        ("of the time is in doubt", f"{whole.flagged_share:.1%}"),
    ]
    if batch:
        facts += [
            ("failed", str(batch.counts["failed"])),
            ("partial", str(batch.counts["partial"])),
        ]
        facts.append(("last run", batch.updated[:16].replace("T", " ")))
    cells = "".join(f"<div><b>{escape(value)}</b>{what}</div>" for what, value in facts)
    return f'<div class="facts">{cells}</div>'


def _files(found: Sequence[tuple[Reviewed, Findings]]) -> str:
    worst = sorted(found, key=lambda pair: (-pair[1].open_s, -len(pair[1].flags)))
    rows = []
    for each, findings in worst[:_MOST_ROWS]:
        settled = sum(findings.is_settled(flag) for flag, _ in findings.flags)
        cost = each.transcript.usage.cost_usd
        cells = (
            in_words(findings.duration_s),
            str(len(findings.flags)),
            str(settled),
            in_words(findings.open_s),
            "" if cost is None else f"${cost:.3f}",
            str(len(each.transcript.failures)),
        )
        rows.append((each.name, *cells))
    head = ("File", "Recorded", "Doubts", "Settled", "Left to hear", "Cost", "Gaps")
    more = len(worst) - _MOST_ROWS
    note = f"<p>and {more} more, with less doubt</p>" if more > 0 else ""
    return _table(head, rows) + note


def _failed(batch: Batch) -> str:
    rows = [
        (Path(row.source).name, row.status, row.reason)
        for row in batch.rows
        if row.status in ("failed", "partial")
    ]
    return _table(("File", "What", "Why"), rows, numbers=False) if rows else ""


def _trips(found: Sequence[Trip]) -> str:
    rows = [(trip.name, str(trip.words), f"{trip.error_rate:.1%}") for trip in found]
    return _table(("Recording", "Words spoken", "Heard otherwise"), rows) if rows else ""


def _charts(found: Sequence[Findings]) -> str:
    drawn = "".join(map(_chart, charts(summary(found), found)))
    return f'<div class="charts">{drawn}</div>' if drawn else ""


def _chart(chart: Chart) -> str:
    """Bars, drawn as on the page of the review."""
    bars = chart["bars"]
    most = max(1, *(value for _, value in bars))
    parts = []
    for place, (label, value) in enumerate(bars):
        y, width = place * _ROW, value / most * _WIDE
        parts.append(
            f'<text x="{_LEFT - 6}" y="{y + 13}" text-anchor="end">{escape(label)}</text>'
            f'<rect class="bar" x="{_LEFT}" y="{y + 3}" width="{width:.1f}" height="12" rx="2"/>'
            f'<text x="{_LEFT + 4 + width:.1f}" y="{y + 13}">{value}</text>'
        )
    told = escape(f"{chart['title']}: " + "; ".join(f"{label}: {value}" for label, value in bars))
    height = len(bars) * _ROW + 4
    return (
        f"<figure><figcaption>{escape(chart['title'])}</figcaption>"
        f'<svg viewBox="0 0 300 {height}" role="img"><title>{told}</title>{"".join(parts)}</svg>'
        "</figure>"
    )


def _section(title: str, content: str) -> Iterator[str]:
    if content:
        yield f"<h2>{title}</h2>{content}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = True) -> str:
    """A table whose first column is a name."""
    kind = ' class="number"' if numbers else ""
    top = "".join(
        f'<th scope="col"{kind if place else ""}>{name}</th>' for place, name in enumerate(head)
    )
    body = "".join(
        f"<tr><td>{escape(row[0])}</td>"
        + "".join(f"<td{kind}>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    inside = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="scroll"><table>{inside}</table></div>'
