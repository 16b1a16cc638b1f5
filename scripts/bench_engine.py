"""The embedded engine beside faster-whisper's own batched mode, and prints a Markdown table.

python scripts/bench_engine.py --folder DIR            each X.ext, with its text in X.txt if any
python scripts/bench_engine.py --folder DIR 'en_*'     only those that match
python scripts/bench_engine.py --folder DIR --threads 1

Both take the same weights, number type, threads and word times, the language guessed, one after the
other in one process. Ours is the whole way from file to transcript: decoding, with its processes,
cutting, flags, repair and stitching too. Texts are compared in the form of whisper_normalizer's
rules, English ones where the rival hears English.

CPU: seconds of processor time, and the rival's divided by ours: above 1 we are faster. On a machine
that is busy with other work take `--threads 1`: threads that wait for one another burn time.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import jiwer
from faster_whisper import BatchedInferencePipeline, WhisperModel
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

import audiopipe
from audiopipe.backends.local.weights import BUNDLED, bundled


@dataclass(frozen=True, slots=True)
class Run:
    """What one way made of a recording: its text and language, and what that took."""

    text: str
    language: str | None
    cpu_s: float
    wall_s: float


def main() -> None:
    arguments = _arguments()
    found = {path for name in arguments.names for path in arguments.folder.glob(name)}
    paths = sorted(p for p in found if p.suffix not in (".txt", ".json", ".jsonl"))
    with audiopipe.Local(threads=arguments.threads) as engine:
        place = bundled(arguments.model, engine.models_dir)
        rival = BatchedInferencePipeline(
            WhisperModel(
                str(place), device="cpu", compute_type="int8", cpu_threads=arguments.threads
            )
        )
        list(_ours(paths[:1], engine, arguments.model))  # loads
        print("| recording | ours WER | rival WER | ours CPU s | rival CPU s | rival / ours |")
        print("|---|---|---|---|---|---|")
        rows = [
            _row(path, _one(path, engine, arguments.model), _theirs(path, rival)) for path in paths
        ]
        _totals(rows)
        if arguments.together:
            _together(paths, engine, arguments.model, rival)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", default=["*"], help="patterns of file names")
    parser.add_argument("--folder", type=Path, required=True, help="recordings")
    parser.add_argument("--model", default="base", choices=sorted(BUNDLED))
    parser.add_argument("--threads", type=int, default=0, help="of a decoding; 0: one a core")
    parser.add_argument("--together", action="store_true", help="then all as one folder too")
    return parser.parse_args()


def _one(path: Path, engine: audiopipe.Local, model: str) -> Run:
    (run,) = _ours([path], engine, model)
    return run


def _ours(paths: Sequence[Path], engine: audiopipe.Local, model: str) -> Iterator[Run]:
    start = _clocks()
    for outcome in audiopipe.transcribe_many(paths, backend=engine, model=model, cache=False):
        transcript = outcome.result()
        cpu_s, wall_s = (now - then for now, then in zip(_clocks(), start, strict=True))
        yield Run(transcript.text, transcript.language, cpu_s, wall_s)
        start = _clocks()


def _theirs(path: Path, rival: BatchedInferencePipeline) -> Run:
    start = _clocks()
    segments, info = rival.transcribe(str(path), word_timestamps=True)
    text = "".join(segment.text for segment in segments)
    cpu_s, wall_s = (now - then for now, then in zip(_clocks(), start, strict=True))
    return Run(text, info.language, cpu_s, wall_s)


def _clocks() -> tuple[float, float]:
    """Processor time of this process and of its children that have ended, and the time."""
    times = os.times()
    cpu_s = times.user + times.system + times.children_user + times.children_system
    return cpu_s, time.perf_counter()


@dataclass(frozen=True, slots=True)
class Row:
    """A recording: error rates in percent, None without a text, and seconds."""

    wers: tuple[float, float] | None
    ours: Run
    theirs: Run


def _row(path: Path, ours: Run, theirs: Run) -> Row:
    wers = None
    if path.with_suffix(".txt").exists():
        spoken = path.with_suffix(".txt").read_text("utf-8")
        is_english = theirs.language == "en"
        normal = EnglishTextNormalizer() if is_english else BasicTextNormalizer()
        one, other = (
            100 * jiwer.wer(normal(spoken), normal(run.text) or "-") for run in (ours, theirs)
        )
        wers = (one, other)
    _print(path.stem, wers, ours.cpu_s, theirs.cpu_s)
    return Row(wers, ours, theirs)


def _totals(rows: Sequence[Row]) -> None:
    scored = [row.wers for row in rows if row.wers]
    means = (fmean(w[0] for w in scored), fmean(w[1] for w in scored)) if scored else None
    ours_s, theirs_s = sum(r.ours.cpu_s for r in rows), sum(r.theirs.cpu_s for r in rows)
    _print("**all**", means, ours_s, theirs_s)


def _together(
    paths: Sequence[Path], engine: audiopipe.Local, model: str, rival: BatchedInferencePipeline
) -> None:
    """All recordings in one run of ours, and one after the other by the rival."""
    ours = [*_ours(paths, engine, model)]
    theirs = [_theirs(path, rival) for path in paths]
    ours_s, theirs_s = (sum(run.wall_s for run in runs) for runs in (ours, theirs))
    _print("as a folder", None, sum(r.cpu_s for r in ours), sum(r.cpu_s for r in theirs))
    print(f"\nAs a folder it takes {ours_s:.0f} s of wall time, and the rival {theirs_s:.0f} s.")


def _print(name: str, wers: tuple[float, float] | None, ours_s: float, theirs_s: float) -> None:
    rates = f"{wers[0]:.2f} | {wers[1]:.2f}" if wers else "|"
    ratio = theirs_s / max(ours_s, 1e-6)
    print(f"| {name} | {rates} | {ours_s:.1f} | {theirs_s:.1f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
