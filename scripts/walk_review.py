"""Goes through all doubts of a transcript on its review page, by the keyboard alone.

python scripts/walk_review.py TRANSCRIPT.json [--audio RECORDING] [--listen 20]

Every doubt is played from before its start; every third one is mended, the others are accepted. In
the midst of it the page crashes, and is opened again. Then it listens for some seconds, and looks
in every frame which word is marked. Prints what is left undone, what the page asked of any network,
what of the work is in the corrections, and how late words were marked.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

from support.browsing import chromium, missing, until

from audiopipe.render import read, write
from audiopipe.review.build import build, reviewed
from audiopipe.settings import SubtitleSettings
from audiopipe.values.transcript import Transcript

_LISTEN = """([from, seconds]) => new Promise((done) => {
  const audio = document.querySelector('audio');
  const seen = [];
  let marked = null;
  audio.currentTime = from;
  const look = () => {
    const range = [...(CSS.highlights.get('now') ?? [])][0];
    const word = range && [range.startContainer.parentElement.dataset.n, range.startOffset].join();
    if (word && word !== marked) seen.push([audio.currentTime, ...word.split(',').map(Number)]);
    marked = word ?? marked;
    if (audio.currentTime < from + seconds) requestAnimationFrame(look);
    else { audio.pause(); done(seen); }
  };
  audio.onseeked = () => { audio.play(); look(); };
})"""


def walked(page: Any, flags: int) -> int:
    """How often a key had to be pressed until no doubt is left."""
    pressed = 0
    for n in range(2 * flags):
        if page.inner_text("#progress").startswith(f"{flags} of "):
            break
        page.keyboard.press("F8")
        until(page, "!document.querySelector('audio').paused")
        if n % 3 == 2:
            page.keyboard.press("End")
            page.keyboard.type(" mended")
            pressed += 8
        if n % 3 != 2 or not page.evaluate("document.activeElement.matches('.segment.settled')"):
            page.keyboard.press("Control+Enter")
        pressed += 2
    return pressed


def late_s(seen: Sequence[Sequence[float]], transcript: Transcript) -> list[float]:
    """How long after its start each word was marked, in seconds of the recording."""
    found = []
    for at, number, offset in seen[1:]:
        segment = transcript.segments[int(number)]
        place = -(len(segment.text) - len(segment.text.lstrip()))
        for word in segment.words:
            lead = len(word.text) - len(word.text.lstrip())
            if place + lead == offset:
                found.append(at - word.span.start_s)
            place += len(word.text)
    return found


def main() -> int:
    """Walk, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("transcript", type=Path)
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--listen", type=float, default=20)
    asked = parser.parse_args()
    if why := missing():
        print(why, file=sys.stderr)
        return 1
    transcript = read(asked.transcript)
    flags = len(transcript.flags)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        target = Path(folder) / "review.html"
        shown = reviewed([asked.transcript])[0]
        write(build(shown, target, SubtitleSettings(), audio=asked.audio), target)
        context = browser.new_context()
        requests: list[str] = []
        context.on("request", lambda request: requests.append(request.url))
        page = context.new_page()
        page.goto(target.as_uri())
        half = walked(page, flags) if flags < 2 else _until_crash(page, flags)
        page = context.new_page()
        page.goto(target.as_uri())
        kept = page.inner_text("#progress")
        pressed = half + walked(page, flags)
        page.click("#tool-export")
        with page.expect_download() as download:
            page.click("#export-corrections")
        rows = json.loads(Path(download.value.path()).read_text())["corrections"]
        seen = page.evaluate(_LISTEN, [transcript.segments[0].span.start_s, asked.listen])
    late = sorted(late_s(seen, transcript))
    settled = sum(len(row["settles"]) for row in rows)
    mended = sum(row["after"] != row["before"] for row in rows)
    outside = [url for url in requests if not url.startswith(("file:", "data:", "blob:"))]
    print(f"{flags} doubts, {pressed} keys; after the crash: {kept}")
    print(f"in the corrections: {settled} settled, {mended} mended; {len(outside)} requests")
    if late:
        print(
            f"{len(late)} words marked, 95 % within {1000 * late[int(0.95 * len(late))]:.0f} ms, "
            f"the last {1000 * late[-1]:.0f} ms after their start"
        )
    return 0 if settled == flags and not outside else 1


def _until_crash(page: Any, flags: int) -> int:
    """The first half of the doubts; then the page's process dies."""
    for _ in range(flags // 2):
        page.keyboard.press("F8")
        page.keyboard.press("Control+Enter")
    try:
        page.goto("chrome://crash")
    except Exception as error:  # playwright's own, whose type tells nothing
        if "crash" not in str(error):
            raise
    return 2 * (flags // 2)


if __name__ == "__main__":
    sys.exit(main())
