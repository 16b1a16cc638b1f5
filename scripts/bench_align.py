"""Measures how far off the times of aligned words are, on readings whose clips have known times.

python scripts/bench_align.py X.mp3... [--minutes 5]   labels in X.segments.jsonl beside each
python scripts/bench_align.py X.mp3 --tight            clips joined without a pause between them
python scripts/bench_align.py X.mp3 --rival            beside faster-whisper's times of words

A recording is clips joined, several recordings are joined to one; the first word of each clip
begins, and the last ends, where the clip is first and last loud: edges of clips are up to 0.1 s of
silence away. With `--tight` the silence at the ends of clips is
cut off, so that these words stand in the midst of speech. The text is aligned whole, with a page
missing in it, and with a page that nobody speaks (`--whole` leaves these out). The rival tells when
it hears the words that it hears: those clips are compared whose first and last word it has.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

import audiopipe
from audiopipe.audio.clip import decode_clip
from audiopipe.audio.silence import FRAME_SAMPLES, powers
from audiopipe.backends.local.transcribe import Local
from audiopipe.backends.local.weights import bundled
from audiopipe.text.words import normal_form
from audiopipe.values.audio import RATE_HZ, Span
from audiopipe.values.transcript import Word
from audiopipe.workflows.align.anchors import anchors

PAGE = " ".join(["Nobody has ever read this page aloud, and so no word of it has a time."] * 12)

LOUD = 10 ** (-30 / 10)
"""A clip ends where it is for the last time within 30 dB of its loud tenth; a detector of voices
hears 0.1 to 0.2 s more."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of the recording, and what is said in it."""

    span: Span
    text: str

    @property
    def norms(self) -> list[str]:
        return [norm for word in self.text.split() if (norm := normal_form(word))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--language", default="en")
    parser.add_argument("--model", default="base")
    parser.add_argument("--tight", action="store_true")
    parser.add_argument("--whole", action="store_true", help="only the text as it is")
    parser.add_argument("--rival", action="store_true")
    asked = parser.parse_args()
    parts = [part for path in asked.recordings for part in _parts(path, tight=asked.tight)]
    samples, clips = _joined(parts, asked.minutes * 60)
    print("| text | clips | starts, ms | ends, ms | worst, ms | flags | CPU s | peak MB |")
    print("|---|---|---|---|---|---|---|---|")
    for name, text, spoken in _texts(clips)[: 1 if asked.whole else None]:
        began_s = time.process_time()
        told = audiopipe.align(
            (samples, RATE_HZ), text, backend="local", language=asked.language, model=asked.model
        )
        flags = ", ".join(
            f"{flag.kind} {flag.span.start_s:.1f}-{flag.span.end_s:.1f}" for flag in told.flags
        )
        _print(name, _figures(told.words, spoken), flags, began_s)
    if asked.rival:
        began_s = time.process_time()
        words = _rival(samples, asked.model, asked.language)
        _print("faster-whisper", _figures(words, clips), "", began_s)


def _parts(path: Path, *, tight: bool) -> Iterator[tuple[Samples, str]]:
    """The clips of a recording, and what is said in each; what lies between stays with them."""
    audio = decode_clip(path.read_bytes())
    whole = soxr.resample(audio.samples, audio.rate_hz, RATE_HZ)
    lines = path.with_suffix(".segments.jsonl").read_text("utf-8").splitlines()
    for row in map(json.loads, lines):
        clip = whole[int(row["start"] * RATE_HZ) : int(row["end"] * RATE_HZ)]
        if tight:
            clip = clip[slice(*_loud(clip))]
        if normal_form(row["text"]) and row["kind"] == "speech":
            yield clip, row["text"]
            if not tight:
                yield whole[int(row["end"] * RATE_HZ) :][: RATE_HZ // 4], ""


def _loud(clip: Samples) -> tuple[int, int]:
    """The samples between which a clip is heard."""
    power = powers((clip * 32767).astype(np.int16))
    loud = np.flatnonzero(power > np.quantile(power, 0.9) * LOUD)
    return int(loud[0]) * FRAME_SAMPLES, int(loud[-1] + 1) * FRAME_SAMPLES


def _joined(parts: Sequence[tuple[Samples, str]], length_s: float) -> tuple[Samples, list[Clip]]:
    at, clips, sounds = 0, list[Clip](), list[Samples]()
    for sound, text in parts:
        if at + len(sound) > length_s * RATE_HZ:
            break
        if text:
            first, last = _loud(sound)
            clips.append(Clip(Span((at + first) / RATE_HZ, (at + last) / RATE_HZ), text))
        sounds.append(sound)
        at += len(sound)
    return np.concatenate(sounds), clips


def _texts(clips: Sequence[Clip]) -> list[tuple[str, str, Sequence[Clip]]]:
    """Texts by name, each with the clips whose words are in it."""
    middle, sixth = len(clips) // 2, len(clips) // 6
    kept = [*clips[: middle - sixth], *clips[middle + sixth :]]
    more = f"{_text(clips[:middle])} {PAGE} {_text(clips[middle:])}"
    return [
        ("whole", _text(clips), clips),
        ("lacks a page", _text(kept), kept),
        ("has a page too many", more, clips),
    ]


def _text(clips: Sequence[Clip]) -> str:
    return " ".join(clip.text for clip in clips)


def _rival(samples: Samples, model: str, language: str) -> list[Word]:
    from faster_whisper import WhisperModel

    folder = bundled(model, Local().models_dir)
    engine = WhisperModel(str(folder), device="cpu", compute_type="int8")
    segments, _ = engine.transcribe(samples, language=language, word_timestamps=True)
    return [Word(Span(w.start, w.end), w.word) for s in segments for w in s.words or ()]


def _figures(words: Sequence[Word], clips: Sequence[Clip]) -> str:
    """How far the first and last words of clips are from the edges of these."""
    told = [word for word in words if normal_form(word.text)]
    norms = [norm for clip in clips for norm in clip.norms]
    place = dict(anchors(norms, [normal_form(word.text) for word in told]))
    starts, ends, at = [], [], 0
    for clip in clips:
        first, last = at, at + len(clip.norms) - 1
        at = last + 1
        if first in place and last in place:
            starts.append(abs(told[place[first]].span.start_s - clip.span.start_s))
            ends.append(abs(told[place[last]].span.end_s - clip.span.end_s))
    means = f"{1000 * np.mean(starts):.0f} | {1000 * np.mean(ends):.0f}"
    return f"{len(starts)} of {len(clips)} | {means} | {1000 * max(*starts, *ends):.0f}"


def _print(name: str, figures: str, flags: str, began_s: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost_s = time.process_time() - began_s
    print(f"| {name} | {figures} | {flags or 'none'} | {cost_s:.0f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
