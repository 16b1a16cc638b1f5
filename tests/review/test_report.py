from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from audiopipe.render import save
from audiopipe.render.corrections import add
from audiopipe.review.build import reviewed
from audiopipe.review.report import report, trips
from audiopipe.values.audio import Span
from audiopipe.values.corrections import Correction, Doubt
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Flag, Segment, Source, Transcript

SAID = tuple(
    Segment(Span(n, n + 1), f" <b>{n}</b>", avg_logprob=-0.1 * n, no_speech_prob=0.5)
    for n in range(9)
)
FLAG = Flag("low-confidence", Span(1, 2), -2, -1, "Listen.")
TALK = Transcript(
    Source("</script><img src=x>.mp3", "", 60),
    "transcribe",
    "en",
    SAID,
    (FLAG, replace(FLAG, span=Span(4, 6))),
    usage=Usage(requests=1, audio_s=60, billed_s=60, cost_usd=1.5),
)


class Read(HTMLParser):
    """The rows of the tables, and every element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("tr", "h2"):
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        if self.rows and data.strip():
            self.rows[-1].append(data.strip())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(TALK, tmp_path / "a <i>.json")
    add(
        save(replace(TALK, flags=TALK.flags[1:]), tmp_path / "b.json"),
        [Correction(4, SAID[4].text, " x", settles=(Doubt(FLAG.kind, Span(4, 6)),))],
    )
    told = {"score": {"wer": 0.125, "words": 8}, "recording": {"name": "a.mp3"}}
    (tmp_path / "a.report.json").write_text(json.dumps(told))
    (tmp_path / "other.report.json").write_text("[]")
    return tmp_path


def test_a_report_tells_of_cost_doubts_and_round_trips(folder: Path) -> None:
    shown, failed = reviewed([folder])
    assert not failed
    text = report(folder, shown)
    page = Read(text)
    assert ["a <i>.json", "1 m 0 s", "2", "0", "3 s", "$1.500", "0"] in page.rows
    assert ["b.json", "1 m 0 s", "1", "1", "0 s", "$1.500", "0"] in page.rows
    assert "$3.00" in text
    assert any(row[:3] == ["a.mp3", "8", "12.5%"] for row in page.rows)
    assert not {"script", "img", "i"} & set(page.tags)
    assert not re.search(r"https?://(?!www\.w3\.org)", text)


def test_what_is_no_round_trip_is_left_out(folder: Path) -> None:
    assert [(trip.name, trip.words) for trip in trips(folder)] == [("a.mp3", 8)]
