from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.fixtures import JFK

from audiopipe.audio.reading import open_source
from audiopipe.stages.chunk import Cutting, chunk
from audiopipe.stages.flag.listen import listen
from audiopipe.stages.prepare import prepare
from audiopipe.store.answers import Store
from audiopipe.values.audio import Chunk, Span, Window


@pytest.fixture
def spoken() -> Chunk:
    with open_source(JFK) as recording:
        (whole,) = chunk(prepare(recording), Cutting(600, 10, 10**9))
    return whole


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "answers.sqlite3") as opened:
        yield opened


def later(chunk: Chunk, by_s: float) -> Chunk:
    moved = tuple(Span(s.start_s + by_s, s.end_s + by_s) for s in chunk.window.stretches)
    return replace(chunk, window=Window(0, moved, moved[0]))


def test_what_is_kept_is_what_was_found(spoken: Chunk, store: Store) -> None:
    found = listen(spoken, store=None)
    assert found.certain
    assert listen(spoken, store=store) == found
    assert listen(spoken, store=store) == found


def test_samples_that_were_heard_once_are_not_heard_again(spoken: Chunk, store: Store) -> None:
    found = listen(spoken, store=store)
    assert listen(replace(spoken, data=b"nothing that could be heard"), store=store) == found


def test_what_is_kept_holds_wherever_the_samples_lie(spoken: Chunk, store: Store) -> None:
    first, moved = listen(spoken, store=store), listen(later(spoken, 100), store=store)
    assert [span.start_s for span in moved.certain] == pytest.approx(
        [span.start_s + 100 for span in first.certain]
    )
