"""Hours on one page: what opening and typing cost, in things that are counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from audiopipe.text.words import shared_out
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag, Segment, Source, Transcript

pytestmark = pytest.mark.needs_chromium

PASSAGES = 3000
NEAR = 300
"""Ten screens of passages: more are not laid out, however long the recording is."""

_LAID_OUT = """[...document.querySelectorAll('.segment')]
  .filter((node) => node.checkVisibility({ contentVisibilityAuto: true })).length"""

_WATCH = """() => {
  window.touched = new Set();
  window.kept = 0;
  const node = (each) => (each.nodeType === 1 ? each : each.parentElement)?.closest('.segment');
  new MutationObserver((all) => all.forEach((each) => touched.add(node(each.target)))).observe(
    document.querySelector('#list'),
    { subtree: true, childList: true, characterData: true, attributes: true },
  );
  const set = Storage.prototype.setItem;
  Storage.prototype.setItem = function (key, value) {
    window.kept += key.length + value.length;
    set.call(this, key, value);
  };
}"""


def hours() -> Transcript:
    spans = [Span(4 * n, 4 * n + 3.5) for n in range(PASSAGES)]
    texts = [
        f" Passage {n} is as long as most of them, and says nothing else." for n in range(PASSAGES)
    ]
    said = tuple(Segment(s, t, tuple(shared_out(t, s))) for s, t in zip(spans, texts, strict=True))
    flags = tuple(Flag("low-confidence", span, 2.0, 1.0, "Listen.") for span in spans[50::100])
    return Transcript(Source("hours.mp3", "00", 4.0 * PASSAGES), "transcribe", "en", said, flags)


def laid_out(browser: Any, page: Any, action: Callable[[], object]) -> int:
    """Of how many boxes the largest layout is that an action causes."""
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    action()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    layouts = [each["args"]["beginData"] for each in events if each["name"] == "Layout"]
    return max((each["totalObjects"] for each in layouts), default=0)


def test_what_is_far_costs_nothing(opened: Callable[..., Any], browser: Any) -> None:
    page = opened(hours())
    assert page.locator(".segment").count() == PASSAGES
    assert page.evaluate("document.querySelectorAll('#list *').length") < 1.1 * PASSAGES
    assert 0 < page.evaluate(_LAID_OUT) < NEAR
    for _ in range(12):
        page.keyboard.press("F8")
    near = page.evaluate("document.activeElement.getBoundingClientRect().top")
    assert 0 < near < page.viewport_size["height"] / 2
    assert page.evaluate("document.activeElement.dataset.n") == "1150"
    assert 0 < page.evaluate(_LAID_OUT) < 2 * NEAR

    page.evaluate(_WATCH)
    page.keyboard.type("x")
    assert laid_out(browser, page, lambda: page.keyboard.type("y")) < 4 * NEAR
    assert page.evaluate("touched.size") == 1
    assert 0 < page.evaluate("kept") < 4096
