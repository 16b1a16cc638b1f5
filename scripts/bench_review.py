"""Measures the review page of ten hours in Debian's Chromium: opening, scrolling, editing, memory.

python scripts/bench_review.py [--hours 10] [--words 95000] [--runs 3] [--edits 20] [--peer]

The transcript is made: sentences of a fixed vocabulary, a segment for about fifteen words, 1 % of
them flagged, word times, a waveform. With `--peer` another editor gets the same words, times and
speakers. Prints one line for each run and the worst of all; `editors/measure.py` says what of.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

from editors import peer
from editors.measure import Editor, Run, blank, measured
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


def compared(browser: Any, editors: Sequence[Editor], runs: int, edits: int) -> Iterator[str]:
    """A line for each run, the editors taking turns, and one for the worst of each."""
    done: dict[str, list[Run]] = {editor.name: [] for editor in editors}
    for _ in range(runs):
        for editor in editors:
            done[editor.name].append(measured(browser, editor, edits))
            yield _line(editor.name, done[editor.name][-1])
    for name, each in done.items():
        yield _line(f"worst, {name}", {fact: max(run[fact] for run in each) for fact in each[0]})


def _line(name: str, run: Run) -> str:
    return f"{name}: " + "  ".join(f"{fact} {value:.1f}" for fact, value in run.items())


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=10)
    parser.add_argument("--words", type=int, default=95_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--peer", action="store_true", help="beside the BBC's editor, from npm")
    asked = parser.parse_args()
    if why := missing():
        print(why, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        heard = made(asked.hours, asked.words)
        editors = [Editor("audiopipe", written(heard, Path(folder)), ".segment", "#list")]
        if asked.peer:
            page = peer.written(heard, peer.installed(Path(folder)))
            editors.append(Editor("BBC", page, "[data-block]", ".public-DraftEditor-content"))
        print(_line("an empty page", blank(browser)))
        for line in compared(browser, editors, asked.runs, asked.edits):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
