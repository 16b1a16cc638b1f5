from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browsing import chromium, missing

from audiopipe.render import save, write
from audiopipe.review.build import build, reviewed
from audiopipe.settings import SubtitleSettings
from audiopipe.values.transcript import Transcript

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Of one module: as long as it is open, nobody else can run an event loop in this thread."""
    if why := missing():
        pytest.skip(why)
    with chromium() as found:
        yield found


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    """An empty profile; what a page asks of a network, and an error in a script, fail the test."""
    made = browser.new_context()
    asked: list[str] = []
    errors: list[str] = []
    made.on("request", lambda request: asked.append(request.url))
    made.on("weberror", lambda error: errors.append(str(error.error)))
    yield made
    made.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture
def opened(context: Any, tmp_path: Path) -> Open:
    """The page of transcripts, opened from the disk."""

    def open_(*transcripts: Transcript, audio: Path | None = None) -> Any:
        for n, each in enumerate(transcripts):
            save(each, tmp_path / f"talk{n}.json")
        paths = [tmp_path] if len(transcripts) > 1 else [tmp_path / "talk0.json"]
        target = tmp_path / "review.html"
        write(build(reviewed(paths)[0], target, SubtitleSettings(), audio=audio), target)
        page = context.new_page()
        page.goto(target.as_uri())
        return page

    return open_
