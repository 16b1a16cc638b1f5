"""Measures who is taken for whom: diarization error on made dialogues, and what it costs.

python scripts/bench_speakers.py DIR                  readers in X.segments.jsonl beside X.mp3
python scripts/bench_speakers.py DIR --heard          from transcripts of the embedded engine, too
python scripts/bench_speakers.py DIR --readers a,b    only these

A line of labels is a JSON object with `start`, `end` and `speaker`. Dialogues of 2, 3, 4 and 6
readers, three minutes each, are made of their clips, at other levels and under pink noise 10 to
30 dB below; a sixth of the turns begin 0.3 to 1.2 s before the last one ends. The error (missed,
false and confused time by time of speech, overlaps counted twice, as NIST's md-eval and
pyannote.metrics have it) is given without a collar and with one of 0.25 s. What is told apart are
the voices that the detector finds, pauses of up to a second closed; with `--heard` the segments
of the transcript.

`_APART` and `_MIXED` in stages/speakers were chosen on ls1688, ls2414, ls533, kathleen, ast-es
and sonnet; the other readers only check them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

import audiopipe
from audiopipe.audio.clip import decode_clip
from audiopipe.audio.vad import by_network, find_voice
from audiopipe.audio.voiceprint import find_prints
from audiopipe.stages.speakers import tell_speakers
from audiopipe.values.audio import RATE_HZ, Span
from audiopipe.values.transcript import Segment, Source, Transcript, Word

Samples = NDArray[np.float32]
CHOSE = ("ls1688", "ls2414", "ls533", "kathleen", "ast-es", "sonnet")
LENGTH_S, STEP_S = 180.0, 0.01


@dataclass(frozen=True, slots=True)
class Turn:
    """Who speaks when."""

    who: str
    span: Span


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readers", default="")
    parser.add_argument("--heard", action="store_true")
    asked = parser.parse_args()
    clips = dict(_clips(asked.folder, set(filter(None, asked.readers.split(",")))))
    sets = {
        "chose": [r for r in clips if r in CHOSE],
        "checks": [r for r in clips if r not in CHOSE],
    }
    print("| readers | people | noise | N given | voices | error | collar | confused | CPU ms/s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, readers in sets.items():
        for count in (2, 3, 4, 6):
            for seed, noise_db in enumerate((30, 20, 10)):
                if len(readers) >= count:
                    _row(name, clips, readers, count, 100 * count + seed, noise_db, asked.heard)


def _row(
    name: str,
    clips: dict[str, list[Samples]],
    readers: Sequence[str],
    count: int,
    seed: int,
    noise_db: int,
    heard: bool,
) -> None:
    dice = np.random.default_rng(seed)
    chosen = [str(each) for each in dice.choice(readers, count, replace=False)]
    samples, truth = _dialogue({who: clips[who] for who in chosen}, dice, noise_db)
    for given in (count, None):
        began_s = time.process_time()
        told = _told(samples, given)
        cost_ms = 1000 * (time.process_time() - began_s) / (len(samples) / RATE_HZ)
        if heard:
            who = "auto" if given is None else given
            transcript = audiopipe.transcribe((samples, RATE_HZ), backend="local", speakers=who)
            told = [Turn(str(s.speaker), s.span) for s in transcript.segments]
        voices = len({turn.who for turn in told})
        plain, collared = _error(truth, told, 0.0), _error(truth, told, 0.25)
        print(
            f"| {name} | {count} | {noise_db} | {'yes' if given else 'no'} | {voices} | "
            f"{plain[0]:.1f} | {collared[0]:.1f} | {plain[1]:.1f} | {cost_ms:.1f} |",
            flush=True,
        )


def _clips(folder: Path, wanted: set[str]) -> Iterator[tuple[str, list[Samples]]]:
    found: dict[str, list[Samples]] = {}
    for labels in sorted(folder.glob("*.segments.jsonl")):
        stem = labels.name.removesuffix(".segments.jsonl")
        rows = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
        rows = [row for row in rows if row.get("speaker") and row["kind"] == "speech"]
        sound = next(
            (p for p in folder.glob(f"{stem}.*") if p.suffix not in (".jsonl", ".txt")), None
        )
        if sound and rows and not (wanted and wanted.isdisjoint(row["speaker"] for row in rows)):
            audio = decode_clip(sound.read_bytes())
            whole = soxr.resample(audio.samples, audio.rate_hz, RATE_HZ)
            for row in rows[:300]:
                part = whole[int(row["start"] * RATE_HZ) : int(row["end"] * RATE_HZ)]
                found.setdefault(row["speaker"], []).append(part)
    yield from ((who, clips) for who, clips in found.items() if not wanted or who in wanted)


def _dialogue(
    clips: dict[str, list[Samples]], dice: np.random.Generator, noise_db: float
) -> tuple[Samples, list[Turn]]:
    sound = np.zeros(int((LENGTH_S + 15) * RATE_HZ), np.float32)
    gains = {who: 10 ** (dice.uniform(-3, 3) / 20) for who in clips}
    turns: list[Turn] = []
    at_s = 0.5
    while at_s < LENGTH_S:
        others = [who for who in clips if not turns or who != turns[-1].who]
        who = str(dice.choice(others))
        part = _trimmed(clips[who][dice.integers(len(clips[who]))][: int(9 * RATE_HZ)])
        if len(part) < RATE_HZ // 2:
            continue
        gap_s = -dice.uniform(0.3, 1.2) if dice.random() < 1 / 6 else dice.uniform(0.05, 0.9)
        first = int(max(0.0, at_s + gap_s) * RATE_HZ)
        sound[first : first + len(part)] += part * np.float32(gains[who])
        at_s = (first + len(part)) / RATE_HZ
        turns.append(Turn(who, Span(first / RATE_HZ, at_s)))
    sound = sound[: int((at_s + 0.5) * RATE_HZ)]
    waves = np.fft.rfft(dice.standard_normal(len(sound)))
    noise = np.fft.irfft(waves / np.sqrt(np.maximum(1, np.arange(len(waves)))), len(sound))
    noise *= sound.std() * 10 ** (-noise_db / 20) / noise.std()
    return (sound + noise).astype(np.float32), turns


def _trimmed(clip: Samples) -> Samples:
    """A clip without what is silent at its ends."""
    voice = find_voice(clip, by_network).certain
    if not voice:
        return clip[:0]
    return clip[int(voice[0].start_s * RATE_HZ) : int(voice[-1].end_s * RATE_HZ)]


def _told(samples: Samples, count: int | None) -> list[Turn]:
    """Who speaks when, of words that fill the voice, a fifth of a second each."""
    voice = find_voice(samples, by_network).possible
    words = [
        Word(Span(at_s, max(at_s, min(at_s + 0.2, span.end_s))), " la")
        for span in voice
        for at_s in np.arange(span.start_s, span.end_s, 0.2).tolist()
    ]
    whole = Segment(Span(0, words[-1].span.end_s), " la" * len(words), tuple(words))
    said = Transcript(Source("", "", len(samples) / RATE_HZ), "transcribe", "en", (whole,))
    told = tell_speakers(said, [find_prints(samples, voice)], count, {}).transcript
    turns: list[Turn] = []
    for segment in told.segments:
        for word in segment.words:
            last = turns[-1] if turns else None
            if last and last.who == segment.speaker and word.span.start_s - last.span.end_s <= 1:
                turns[-1] = Turn(last.who, Span(last.span.start_s, word.span.end_s))
            else:
                turns.append(Turn(str(segment.speaker), word.span))
    return turns


def _error(truth: Sequence[Turn], told: Sequence[Turn], collar_s: float) -> tuple[float, float]:
    """Percent of speech that is wrong, and that is confused, by the best pairing."""
    count = int(max(turn.span.end_s for turn in (*truth, *told)) / STEP_S) + 2
    ours, theirs = _frames(told, count), _frames(truth, count)
    scored = np.ones(count, bool)
    for edge_s in (at_s for t in truth for at_s in (t.span.start_s, t.span.end_s) if collar_s):
        scored[
            max(0, round((edge_s - collar_s) / STEP_S)) : round((edge_s + collar_s) / STEP_S)
        ] = 0
    ours, theirs = ours[:, scored], theirs[:, scored]
    shared = theirs.astype(int) @ ours.T.astype(int)
    right = shared[linear_sum_assignment(-shared)].sum()
    there, said = theirs.sum(axis=0), ours.sum(axis=0)
    wrong = np.maximum(there, said).sum() - right
    confused = np.minimum(there, said).sum() - right
    return 100 * wrong / there.sum(), 100 * confused / there.sum()


def _frames(turns: Sequence[Turn], count: int) -> NDArray[np.bool_]:
    names = sorted({turn.who for turn in turns})
    rows = np.zeros((len(names), count), bool)
    for turn in turns:
        first, last = round(turn.span.start_s / STEP_S), round(turn.span.end_s / STEP_S)
        rows[names.index(turn.who), first:last] = True
    return rows


if __name__ == "__main__":
    main()
