"""Several runs of the same folder at once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import soundfile as sf

from audiopipe.errors import AudiopipeError
from audiopipe.workflows.batch import read
from support import speechlike
from support.forked import Case, Forks
from support.killing import Watched

FILES = 6
CHUNKS = 24
_COMMAND = "transcribe talks -o out --chunk-length 8 --overlap 1 --no-voice-check -j 4".split()


def prepare(folder: Path) -> None:
    """Recordings of four chunks each, all different."""
    (folder / "talks").mkdir()
    for n in range(FILES):
        words = speechlike.make_recording(50, first=100 * n)
        sf.write(folder / "talks" / f"{n}.flac", words, 16_000)


def faults(folder: Path, number: int, forks: Forks, runs: int = 6) -> Iterator[str]:
    """What is wrong after so many runs of the same folder at once; nothing is there of others."""
    with Watched() as server:
        environment = {**os.environ, **server.as_groq}
        environment |= {"AUDIOPIPE_CACHE_DIR": str(folder / f"cache{number}")}
        environment |= {"AUDIOPIPE_LIMITS": "rpm=none,ash=none"}
        words = (*_COMMAND[:3], f"out{number}", *_COMMAND[4:])
        streams = [folder / f"said{n}" for n in range(runs)]
        for each in streams:
            each.mkdir(exist_ok=True)
        cases = [Case(words, environment, str(folder), str(each)) for each in streams]
        begun = [forks.begin(case) for case in cases]
        codes = [run.wait() for run in begun]
    for code, each in zip(codes, streams, strict=True):
        if code:
            yield f"exit code {code}: {(each / 'stderr').read_text()[-300:]}"
    sent = Counter(name for name, _ in server.log)
    if sent.total() != CHUNKS or len(sent) != CHUNKS:
        yield f"{sent.total()} requests for {len(sent)} of {CHUNKS} chunks"
    out = folder / f"out{number}"
    left = {path.name for path in out.iterdir()}
    endings = ("txt", "srt", "vtt", "json")
    if left != {"batch.json", *(f"{n}.{each}" for n in range(FILES) for each in endings)}:
        yield f"files: {sorted(left)}"
    try:
        batch = read(out)
    except AudiopipeError as error:
        yield str(error)
        return
    if batch.counts["done"] + batch.counts["skipped"] != FILES or len(batch.rows) != FILES:
        yield f"rows: {batch.counts}"
