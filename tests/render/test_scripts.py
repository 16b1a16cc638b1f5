"""No subtitle is cut inside a word or a cluster, by the boundaries of another ICU."""

from __future__ import annotations

from itertools import accumulate

import pytest
from support.fixtures import FIXTURES

from audiopipe.render.cues import cues
from audiopipe.settings import SubtitleSettings
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript, Word

TABLE = [row.split("\t") for row in (FIXTURES / "boundaries.tsv").read_text("utf-8").splitlines()]


def timed(text: str, at: int, size: int) -> Segment:
    """A segment whose words are `size` characters each, wherever that cuts: so do recognisers
    whose vocabulary is made of bytes. Without size it has no words."""
    pieces = [text[n : n + size] for n in range(0, len(text), size)] if size else []
    words = tuple(
        Word(Span(at + n * 0.1 * size, at + (n + 1) * 0.1 * size), piece)
        for n, piece in enumerate(pieces)
    )
    return Segment(Span(at, at + 0.1 * len(text)), text, words)


def cut_places(transcript: Transcript, width: int, count: int) -> set[int]:
    """After how many characters that are no spaces a line ends."""
    shown = cues(transcript, SubtitleSettings(max_line_width=width, max_line_count=count))
    rows = ["".join(line.split()) for cue in shown for line in cue.lines]
    assert "".join(rows) == "".join(transcript.text.split())
    return set(accumulate(map(len, rows)))


@pytest.mark.parametrize("size", [0, 1, 3])
@pytest.mark.parametrize(("language", "words", "clusters"), TABLE, ids=[row[0] for row in TABLE])
def test_lines_end_between_words(language: str, words: str, clusters: str, size: int) -> None:
    letters = ["".join(word.split()) for word in words.split("|")]
    edges = set(accumulate(map(len, letters)))
    text = words.replace("|", "")
    told = Transcript(Source("a.wav", "", 60), "transcribe", language, (timed(text, 0, size),))
    for width, count in ((1, 1), (8, 2), (14, 2), (20, 1), (42, 2)):
        assert cut_places(told, width, count) <= edges


@pytest.mark.parametrize("split", range(4, 40, 5))
@pytest.mark.parametrize("language", ["th", "km", "lo", "my", "ja"])
def test_a_segment_that_ends_inside_a_word_does_not_cut_it(language: str, split: int) -> None:
    (words,) = (row[1] for row in TABLE if row[0] == language)
    text = words.replace("|", "").replace(" ", "")
    edges = set(accumulate(len(word.strip()) for word in words.split("|")))
    parts = (timed(text[:split], 0, 2), timed(text[split:], split // 10, 2))
    told = Transcript(Source("a.wav", "", 60), "transcribe", language, parts)
    assert cut_places(told, 12, 2) <= edges
