"""Measures the review page of ten hours in Debian's Chromium: opening, scrolling, editing, memory.

python scripts/bench_review.py [--hours 10] [--words 95000] [--runs 3] [--edits 20]

The transcript is made: sentences of a fixed vocabulary, a segment for about fifteen words, 1 % of
them flagged, word times, a waveform. Prints one line for each run and the worst of all.

"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.browsing import chromium, missing

from audiopipe.render import write
from audiopipe.review.batch import listed
from audiopipe.review.build import Reviewed
from audiopipe.review.document import document
from audiopipe.review.page import page
from audiopipe.review.sound import PEAKS_HZ, Sound
from audiopipe.settings import SubtitleSettings
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag, Segment, Source, Transcript, Word

VOCABULARY = (
    "the of and to in that it is was for on are as with his they at be this have from or one had "
    "by word but not what all were we when your can said there use an each which she do how their "
    "if will up other about out many then them these so some her would make like him into time"
).split()

_FRAMES = """(seconds) => new Promise((done) => {
  const list = document.querySelector('#list') ?? document.scrollingElement;
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

_EDIT = """(n) => new Promise((done) => {
  const node = document.querySelectorAll('.segment')[n];
  node.focus();
  setTimeout(() => requestAnimationFrame(() => {
    const began = performance.now();
    document.execCommand('insertText', false, 'x');
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  }), 300);
})"""


def made(hours: float, words: int, seed: int = 1) -> Transcript:
    """A transcript of so many hours and words."""
    dice = random.Random(seed)
    step_s = hours * 3600 / words
    segments: list[Segment] = []
    flags: list[Flag] = []
    at = 0.0
    while words > 0:
        count = min(words, dice.randrange(8, 23))
        said = []
        for n in range(count):
            text = dice.choice(VOCABULARY)
            text = f" {text.capitalize() if n == 0 else text}{'.' if n == count - 1 else ''}"
            said.append(Word(Span(round(at, 2), round(at + step_s * 0.9, 2)), text, 0.9))
            at += step_s
        span = Span(said[0].span.start_s, said[-1].span.end_s)
        text = "".join(word.text for word in said)
        speaker = "Anna" if len(segments) // 20 % 2 else "Bob"
        segments.append(Segment(span, text, tuple(said), avg_logprob=-0.3, speaker=speaker))
        if dice.random() < 0.01:
            flags.append(Flag("low-confidence", span, -1.2, -1.0, "Listen to it."))
        words -= count
    source = Source("ten-hours.mp3", "00", hours * 3600 + 1)
    return Transcript(source, "transcribe", "en", tuple(segments), tuple(flags))


def written(transcript: Transcript, folder: Path) -> Path:
    """The page of a transcript, as `audiopipe review` makes it."""
    shown = Reviewed(folder / "ten-hours.json", "ten-hours.json", transcript, ())
    size = int(transcript.duration_s * PEAKS_HZ)
    sound = Sound("ten-hours.mp3", random.Random(2).randbytes(size))
    told = document(transcript, (), SubtitleSettings(), shown.name, shown.identity, sound)
    batch = listed("Review", [(shown.identity, shown.name, shown.findings())])
    return write(page([told], "Review", batch), folder / "review.html")


def measured(browser: Any, path: Path, edits: int) -> dict[str, float]:
    """One run in a fresh profile: seconds, milliseconds and megabytes."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.goto(path.as_uri(), wait_until="commit")
    opened.wait_for_selector(".segment")
    load_ms = opened.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => setTimeout("
        "() => done(performance.now()))))"
    )
    frames = opened.evaluate(_FRAMES, 4)
    count = opened.evaluate("document.querySelectorAll('.segment').length")
    took = [opened.evaluate(_EDIT, n * count // edits) for n in range(edits)]
    session = context.new_cdp_session(opened)
    session.send("HeapProfiler.collectGarbage")
    facts = {each["name"]: each["value"] for each in _metrics(session)}
    context.close()
    return {
        "load_s": load_ms / 1000,
        "frame_mean_ms": sum(frames) / len(frames),
        "frame_worst_ms": max(frames),
        "edit_worst_ms": max(took),
        "heap_mb": facts["JSHeapUsedSize"] / 1e6,
        "nodes": facts["Nodes"],
        "page_mb": path.stat().st_size / 1e6,
    }


def _metrics(session: Any) -> list[dict[str, Any]]:
    session.send("Performance.enable")
    found: list[dict[str, Any]] = session.send("Performance.getMetrics")["metrics"]
    return found


def memory_mb(browser: Any, address: str) -> tuple[float, float]:
    """The largest process of the browser with a page open: all resident memory, and its own part
    of it, without the code that it shares with others."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.goto(address)
    opened.wait_for_timeout(3000)
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = [_sizes_mb(each["id"]) for each in processes if each["type"] == "renderer"]
    context.close()
    return max(sizes)


def _sizes_mb(number: int) -> tuple[float, float]:
    rows = dict(
        line.split(":", 1) for line in Path(f"/proc/{number}/status").read_text().splitlines()
    )
    whole, own = (int(rows[name].split()[0]) / 1000 for name in ("VmRSS", "RssAnon"))
    return whole, own


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=10)
    parser.add_argument("--words", type=int, default=95_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--edits", type=int, default=20)
    asked = parser.parse_args()
    if why := missing():
        print(why, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = written(made(asked.hours, asked.words), Path(folder))
        runs = [measured(browser, path, asked.edits) for _ in range(asked.runs)]
        for run in runs:
            print("  ".join(f"{name} {value:.1f}" for name, value in run.items()))
        worst = {name: max(run[name] for run in runs) for name in runs[0]}
        print("worst: " + "  ".join(f"{name} {value:.1f}" for name, value in worst.items()))
        for name, address in (("an empty page", "about:blank"), ("the page", path.as_uri())):
            whole, own = memory_mb(browser, address)
            print(f"{name}: {whole:.0f} MB resident, {own:.0f} MB its own")
    return 0


if __name__ == "__main__":
    sys.exit(main())
