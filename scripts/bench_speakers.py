"""Measures who is taken for whom: diarization error on made dialogues, and what it costs.

python scripts/bench_speakers.py DIR                  readers in X.segments.jsonl beside X.mp3
python scripts/bench_speakers.py DIR --heard          from transcripts of the embedded engine, too
python scripts/bench_speakers.py DIR --readers a,b    only these
python scripts/bench_speakers.py DIR --call CALL.wav  and a call, a channel each, mixed to mono

A line of labels is a JSON object with `start`, `end` and `speaker`. Dialogues of 2, 3, 4 and 6
readers, three minutes each, are made of their clips, at other levels and under pink noise 10 to
30 dB below; a sixth of the turns begin 0.3 to 1.2 s before the last one ends. The error (missed,
false and confused time by time of speech, overlaps counted twice) is that of pyannote.metrics,
without a collar and with one of 0.25 s on either side. True is when the detector of voices hears a
clip by itself, and told when it hears the dialogue; pauses up to a second are closed in both, and
two speak where that is flagged, as in RTTM. With `--heard` the segments of the transcript are told.

Beside it, on the same voices and with the same network, stands the way of Wang et al. (2018),
spectral clustering of windows 0.4 s apart by its authors' package, without refinements. Judge and
rival are no part of the project: pip install pyannote.metrics spectralcluster.

Of what is flagged `overlapping-speech`, that is right which lies within 0.3 s of a time when two
speak; of the overlaps of at least half a second, those are found that a flag touches.

`_APART` and `_MIXED` in stages/speakers were chosen on ls1688, ls2414, ls533, kathleen, ast-es
and sonnet, and the weights and the threshold for overlaps on these and three readers of
train_crowd.py; the other readers only check them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

import audiopipe
from audiopipe.audio.clip import decode_clip
from audiopipe.audio.reading import open_source
from audiopipe.audio.vad import by_network, find_voice
from audiopipe.audio.voiceprint import Prints, find_prints, joined
from audiopipe.backends.local.transcribe import Local
from audiopipe.render.as_rttm import at_once
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
    parser.add_argument("--call", type=Path)
    asked = parser.parse_args()
    clips = dict(_clips(asked.folder, set(filter(None, asked.readers.split(",")))))
    sets = {
        "chose": [r for r in clips if r in CHOSE],
        "checks": [r for r in clips if r not in CHOSE],
    }
    print(
        "| readers | people | noise | N given | voices | error | collar | confused | rival's error "
        "| flagged s, right | overlaps, found | CPU ms/s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    if asked.call:
        _rows("call", *_call(asked.call), 0, asked.heard)
    for name, readers in sets.items():
        for count in (2, 3, 4, 6):
            for seed, noise_db in enumerate((30, 20, 10)):
                if len(readers) >= count:
                    dice = np.random.default_rng(100 * count + seed)
                    chosen = [str(each) for each in dice.choice(readers, count, replace=False)]
                    made = _dialogue({who: clips[who] for who in chosen}, dice, noise_db)
                    _rows(name, *made, noise_db, asked.heard)
    _share(clips)


def _rows(name: str, samples: Samples, truth: Sequence[Turn], noise_db: int, heard: bool) -> None:
    count = len({turn.who for turn in truth})
    length_s = len(samples) / RATE_HZ
    began_s = time.process_time()
    voice = find_voice(samples, by_network).possible
    prints = find_prints(samples, voice)
    heard_s = time.process_time() - began_s
    often = _often(samples, voice)
    for given in (count, None):
        began_s = time.process_time()
        told, flags = _told(length_s, voice, prints, given)
        cost_ms = 1000 * (heard_s + time.process_time() - began_s) / length_s
        if heard:
            who = "auto" if given is None else given
            transcript = audiopipe.transcribe((samples, RATE_HZ), backend="local", speakers=who)
            spoken = (*transcript.segments, *at_once(transcript))
            told = [Turn(str(s.speaker), s.span) for s in spoken]
        voices = len({turn.who for turn in told})
        plain, collared = _error(truth, told, 0.0), _error(truth, told, 0.25)
        rival, _ = _error(truth, _spectral(voice, often, given), 0.0)
        print(
            f"| {name} | {count} | {noise_db} | {'yes' if given else 'no'} | {voices} | "
            f"{plain[0]:.1f} | {collared[0]:.1f} | {plain[1]:.1f} | {rival:.1f} | "
            f"{_found(truth, flags)} | {cost_ms:.1f} |",
            flush=True,
        )


def _call(path: Path) -> tuple[Samples, list[Turn]]:
    """A recording with somebody in each channel: who speaks is heard there, and told in the mix."""
    with open_source(path) as recording:
        whole = np.concatenate([*recording.blocks()])
    sides = [soxr.resample(side, recording.rate_hz, RATE_HZ) for side in whole.T]
    truth = [
        Turn(str(n), span)
        for n, side in enumerate(sides)
        for span in find_voice(side, by_network).possible
    ]
    return np.mean(sides, axis=0, dtype=np.float32), truth


def _share(clips: dict[str, list[Samples]]) -> None:
    """What telling speakers adds to recognising, for a minute."""
    samples, _ = _dialogue(dict(list(clips.items())[:2]), np.random.default_rng(1), 30)
    samples = samples[: 60 * RATE_HZ]
    costs_s = []
    with Local() as engine:
        for count in (0, 1):
            began_s = time.process_time()
            audiopipe.transcribe((samples[: (59 + count) * RATE_HZ], RATE_HZ), backend=engine)
            costs_s.append(time.process_time() - began_s)
    began_s = time.process_time()
    voice = find_voice(samples, by_network).possible
    _told(60.0, voice, find_prints(samples, voice), None)
    own_s = time.process_time() - began_s
    print(
        f"A minute is recognised in {costs_s[1]:.1f} s of CPU, its speakers are told in "
        f"{own_s:.2f} s: {100 * own_s / costs_s[1]:.1f} %"
    )


def _found(truth: Sequence[Turn], flags: Sequence[Span]) -> str:
    """Seconds that are flagged and the share that is right; overlaps, and the share found."""
    pairs = [(a.span, b.span) for a, b in combinations(truth, 2) if a.who != b.who]
    both = [
        Span(max(a.start_s, b.start_s), min(a.end_s, b.end_s))
        for a, b in pairs
        if a.overlap_s(b) > 0
    ]
    steps = int(max(turn.span.end_s for turn in truth) / STEP_S) + 100
    near, marked = np.zeros(steps, bool), np.zeros(steps, bool)
    for span in both:
        near[max(0, round((span.start_s - 0.3) / STEP_S)) : round((span.end_s + 0.3) / STEP_S)] = 1
    for span in flags:
        marked[round(span.start_s / STEP_S) : round(span.end_s / STEP_S)] = 1
    long = [span for span in both if span.duration_s >= 0.5]
    found = sum(any(span.overlap_s(flag) > 0 for flag in flags) for span in long)
    right = 100 * (near & marked).sum() / max(1, marked.sum())
    share = 100 * found / max(1, len(long))
    return f"{marked.sum() * STEP_S:.1f}, {right:.0f} % | {len(long)}, {share:.0f} %"


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
        part, voice = _trimmed(clips[who][dice.integers(len(clips[who]))][: int(9 * RATE_HZ)])
        if len(part) < RATE_HZ // 2:
            continue
        gap_s = -dice.uniform(0.3, 1.2) if dice.random() < 1 / 6 else dice.uniform(0.05, 0.9)
        first = int(max(0.0, at_s + gap_s) * RATE_HZ)
        sound[first : first + len(part)] += part * np.float32(gains[who])
        at_s = (first + len(part)) / RATE_HZ
        from_s = first / RATE_HZ
        turns += _turns((who, Span(from_s + a.start_s, from_s + a.end_s)) for a in voice)
    sound = sound[: int((at_s + 0.5) * RATE_HZ)]
    waves = np.fft.rfft(dice.standard_normal(len(sound)))
    noise = np.fft.irfft(waves / np.sqrt(np.maximum(1, np.arange(len(waves)))), len(sound))
    noise *= sound.std() * 10 ** (-noise_db / 20) / noise.std()
    return (sound + noise).astype(np.float32), turns


def _trimmed(clip: Samples) -> tuple[Samples, list[Span]]:
    """A clip without what is silent at its ends, and where its reader is heard in it."""
    found = find_voice(clip, by_network)
    if not found.certain:
        return clip[:0], []
    first_s, last_s = found.certain[0].start_s, found.certain[-1].end_s
    voice = [
        Span(max(0.0, span.start_s - first_s), min(span.end_s, last_s) - first_s)
        for span in found.possible
        if span.end_s > first_s and span.start_s < last_s
    ]
    return clip[int(first_s * RATE_HZ) : int(last_s * RATE_HZ)], voice


def _told(
    length_s: float, voice: Sequence[Span], prints: Prints, count: int | None
) -> tuple[list[Turn], list[Span]]:
    """Who speaks when, of words that fill the voice, a fifth of a second each; and where several
    are said to speak at once."""
    words = [
        Word(Span(at_s, max(at_s, min(at_s + 0.2, span.end_s))), " la")
        for span in voice
        for at_s in np.arange(span.start_s, span.end_s, 0.2).tolist()
    ]
    whole = Segment(Span(0, words[-1].span.end_s), " la" * len(words), tuple(words))
    said = Transcript(Source("", "", length_s), "transcribe", "en", (whole,))
    told = tell_speakers(said, [prints], count, {}).transcript
    pairs = [(str(s.speaker), word.span) for s in told.segments for word in s.words]
    both = [Turn(str(s.speaker), s.span) for s in at_once(told)]
    return [*_turns(pairs), *both], [flag.span for flag in told.flags]


def _turns(pairs: Iterable[tuple[str, Span]]) -> list[Turn]:
    """Stretches of one voice, pauses of up to a second closed."""
    turns: list[Turn] = []
    for who, span in pairs:
        last = turns[-1] if turns else None
        if last and last.who == who and span.start_s - last.span.end_s <= 1:
            turns[-1] = Turn(who, Span(last.span.start_s, max(last.span.end_s, span.end_s)))
        else:
            turns.append(Turn(who, span))
    return turns


def _often(samples: Samples, voice: Sequence[Span]) -> Prints:
    """Windows of 1.6 s, 0.4 s apart."""
    spans = [
        Span(at_s, min(at_s + 1.6, span.end_s))
        for span in voice
        for at_s in np.arange(span.start_s, max(span.start_s + 0.1, span.end_s - 1.2), 0.4).tolist()
        if min(at_s + 1.6, span.end_s) - at_s > 0.5
    ]
    return joined([find_prints(samples, [span]) for span in spans])


def _spectral(voice: Sequence[Span], often: Prints, count: int | None) -> list[Turn]:
    """The rival's turns: windows clustered by its spectral clusterer."""
    from spectralcluster import RefinementOptions, SpectralClusterer

    clusterer = SpectralClusterer(
        min_clusters=count or 1,
        max_clusters=count or 10,
        refinement_options=RefinementOptions(
            gaussian_blur_sigma=1, p_percentile=0.95, thresholding_soft_multiplier=0.01
        ),
    )
    labels = clusterer.predict(often.directions)
    middles = np.array([span.middle_s for span in often.spans])
    steps = (
        (Span(at_s, max(at_s, min(at_s + 0.2, span.end_s))), np.abs(middles - at_s - 0.1).argmin())
        for span in voice
        for at_s in np.arange(span.start_s, span.end_s, 0.2).tolist()
    )
    return _turns((str(labels[n]), span) for span, n in steps)


def _error(truth: Sequence[Turn], told: Sequence[Turn], collar_s: float) -> tuple[float, float]:
    """Percent of speech that is wrong, and that is confused, by the best pairing."""
    from pyannote.core import Annotation
    from pyannote.core import Segment as Part
    from pyannote.metrics.diarization import DiarizationErrorRate

    both = []
    for turns in (truth, told):
        held = Annotation()
        for n, turn in enumerate(turns):
            held[Part(turn.span.start_s, turn.span.end_s), n] = turn.who
        both.append(held.support())
    found = DiarizationErrorRate(collar=2 * collar_s)(*both, detailed=True)
    return 100 * found["diarization error rate"], 100 * found["confusion"] / found["total"]


if __name__ == "__main__":
    main()
