"""Measures how far off the times of aligned words are, on a reading whose clips have known times.

python scripts/bench_align.py X.mp3 [--minutes 5]     labels in X.segments.jsonl beside it

The recording is clips joined; the first word of each begins, and the last ends, where its clip
does. The text is aligned whole, with a page missing in it, and with a page that nobody speaks.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr

import audiopipe
from audiopipe.audio.clip import decode_clip
from audiopipe.text.words import normal_form
from audiopipe.values.audio import RATE_HZ
from audiopipe.values.transcript import Transcript

PAGE = " ".join(["Nobody has ever read this page aloud, and so no word of it has a time."] * 12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--language", default="en")
    asked = parser.parse_args()
    labels = asked.recording.with_suffix(".segments.jsonl").read_text("utf-8").splitlines()
    rows = [row for row in map(json.loads, labels) if row["end"] < 60 * asked.minutes]
    audio = decode_clip(asked.recording.read_bytes())
    samples = audio.samples[: int(60 * asked.minutes * audio.rate_hz)]
    sound = (soxr.resample(samples, audio.rate_hz, RATE_HZ), RATE_HZ)
    middle = len(rows) // 2
    page = slice(middle - len(rows) // 6, middle + len(rows) // 6)
    kept = rows[: page.start] + rows[page.stop :]
    more = f"{_text(rows[:middle])} {PAGE} {_text(rows[middle:])}"
    print("| text | clips | starts, ms | ends, ms | worst, ms | flags | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for name, text, clips in (
        ("whole", _text(rows), rows),
        ("lacks a page", _text(kept), kept),
        ("has a page too many", more, rows),
    ):
        began_s = time.process_time()
        told = audiopipe.align(sound, text, backend="local", language=asked.language)
        print(
            f"| {name} | {_figures(told, clips)} | {time.process_time() - began_s:.0f} |",
            flush=True,
        )


def _text(rows: Sequence[dict[str, Any]]) -> str:
    return " ".join(row["text"] for row in rows)


def _figures(told: Transcript, clips: Sequence[dict[str, Any]]) -> str:
    words = [word for word in told.words if normal_form(word.text)]
    starts, ends, at = [], [], 0
    for clip in clips:
        count = sum(bool(normal_form(word)) for word in clip["text"].split())
        said = words[at : at + count]
        at += count
        starts.append(abs(said[0].span.start_s - clip["start"]))
        ends.append(abs(said[-1].span.end_s - clip["end"]))
    flags = ", ".join(
        f"{flag.kind} {flag.span.start_s:.1f}-{flag.span.end_s:.1f}" for flag in told.flags
    )
    means = f"{1000 * np.mean(starts):.0f} | {1000 * np.mean(ends):.0f}"
    return f"{len(clips)} | {means} | {1000 * max(*starts, *ends):.0f} | {flags or 'none'}"


if __name__ == "__main__":
    main()
