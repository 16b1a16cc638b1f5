"""An editor in a browser: what opening, scrolling, typing and memory cost.

Seconds of the clock tell what else the machine does. Beside them stand seconds that the page's main
thread computed, which a busy machine hardly changes; where one core is free, the clock shows them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

_PATIENCE_MS = 300_000

_PAINTED = (
    "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
)

_SCROLL = """([scroller, seconds]) => new Promise((done) => {
  const list = document.querySelector(scroller);
  const frames = [];
  const end = performance.now() + 1000 * seconds;
  let before = performance.now();
  const step = (now) => {
    frames.push(now - before);
    before = now;
    list.scrollTop += 400;
    if (now < end) requestAnimationFrame(step); else done(frames.slice(2));
  };
  requestAnimationFrame(step);
})"""

_PLACE = """([passage, share]) => {
  const all = document.querySelectorAll(passage);
  const node = all[Math.floor(share * all.length)];
  node.closest('[contenteditable]').focus();
  node.scrollIntoView({ block: 'center' });
  const walk = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  getSelection().collapse(walk.nextNode(), 1);
}"""

_LISTEN = """() => {
  addEventListener('keydown', (event) => {
    const told = () => (window.took = performance.now() - event.timeStamp);
    requestAnimationFrame(() => setTimeout(told));
  }, true);
}"""


@dataclass(frozen=True, slots=True)
class Editor:
    """Where an editor has what: selectors of a passage, and of what scrolls."""

    name: str
    page: Path
    passage: str
    scroller: str


Run = dict[str, float]


def measured(browser: Any, editor: Editor, edits: int) -> Run:
    """One run in a fresh profile: milliseconds by the clock (ms) and of the main thread (cpu_ms),
    and megabytes. What shows no passage within five minutes has nothing more to be measured."""
    from playwright.sync_api import TimeoutError as Late

    with _opened(browser, editor.page.as_uri()) as (page, session):
        try:
            page.wait_for_selector(editor.passage)
        except Late:
            return {"not_open_after_ms": _PATIENCE_MS} | _memory(browser)
        run: Run = {"open_ms": page.evaluate(_PAINTED), "open_cpu_ms": _cpu_ms(session)}
        run |= _frames(browser, page, editor)
        run |= _edits(page, session, editor, edits)
        session.send("HeapProfiler.collectGarbage")
        run |= {"heap_mb": _metrics(session)["JSHeapUsedSize"] / 1e6}
        run |= {"nodes": page.evaluate("document.querySelectorAll('*').length")}
        return run | _memory(browser)


def blank(browser: Any) -> Run:
    """The memory of a page with nothing on it."""
    with _opened(browser, "about:blank"):
        return _memory(browser)


@contextmanager
def _opened(browser: Any, address: str) -> Iterator[tuple[Any, Any]]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    page.goto(address, wait_until="commit")
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    yield page, session
    context.close()


def _frames(browser: Any, page: Any, editor: Editor) -> Run:
    """Scrolling for four seconds, half a screen a frame."""
    browser.start_tracing(page=page, categories=["toplevel"])
    frames = page.evaluate(_SCROLL, [editor.scroller, 4])
    events = json.loads(browser.stop_tracing())["traceEvents"]
    main = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        each.get("tdur", 0) / 1000
        for each in events
        if each.get("ph") == "X"
        and (each["pid"], each["tid"]) in main
        and "RunTask" in each["name"]
    ]
    return {
        "frame_mean_ms": fmean(frames),
        "frame_worst_ms": max(frames),
        "frame_worst_cpu_ms": max(tasks),
    }


def _edits(page: Any, session: Any, editor: Editor, edits: int) -> Run:
    """A letter typed here and there, until it is on the screen."""
    page.evaluate(_LISTEN)
    took, cost = [], []
    for n in range(edits):
        page.evaluate(_PLACE, [editor.passage, n / edits])
        page.wait_for_timeout(400)
        page.evaluate(_PAINTED)
        before = _cpu_ms(session)
        page.keyboard.press("x")
        page.evaluate(_PAINTED)
        took.append(page.evaluate("window.took"))
        cost.append(_cpu_ms(session) - before)
    return {"edit_mean_ms": fmean(took), "edit_worst_ms": max(took), "edit_worst_cpu_ms": max(cost)}


def _metrics(session: Any) -> dict[str, float]:
    return {
        each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]
    }


def _cpu_ms(session: Any) -> float:
    return 1000 * _metrics(session)["TaskDuration"]


def _memory(browser: Any) -> Run:
    """The largest renderer: all resident memory, and its own part, without the code it shares."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = [_sizes_mb(each["id"]) for each in processes if each["type"] == "renderer"]
    whole, own = max(sizes)
    return {"resident_mb": whole, "own_mb": own}


def _sizes_mb(number: int) -> tuple[float, float]:
    rows = dict(
        line.split(":", 1) for line in Path(f"/proc/{number}/status").read_text().splitlines()
    )
    whole, own = (int(rows[name].split()[0]) / 1000 for name in ("VmRSS", "RssAnon"))
    return whole, own
