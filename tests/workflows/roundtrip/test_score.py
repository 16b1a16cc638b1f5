from __future__ import annotations

import pytest

from audiopipe.workflows.roundtrip.score import Score, score


@pytest.mark.parametrize(
    ("spoken", "heard", "language", "found"),
    [
        ("The colour of 25 trains.", "the color of twenty-five trains", "en", Score(0.0, 5)),
        ("The red train leaves", "the red rain leaves now", "en", Score(0.5, 4)),
        ("Über 3 Züge!", "über 3 züge", "de", Score(0.0, 3)),
        ("Ein Zug kommt an", "ein zug kam an", "de", Score(0.25, 4)),
        ("Ein Zug", "ein Zug", None, Score(0.0, 2)),
        ("我能吞下", "我能吞。", "zh", Score(0.25, 4, "characters")),
        ("Hmm.", "", "en", Score(0.0, 0)),
        ("Hmm.", "Something else", "en", Score(1.0, 0)),
    ],
)
def test_words_that_differ_are_counted_behind_the_normaliser(
    spoken: str, heard: str, language: str | None, found: Score
) -> None:
    assert score(spoken, heard, language) == found
