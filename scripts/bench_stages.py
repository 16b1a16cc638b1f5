"""What preparing a recording is made of: seconds of the processor of each stage by itself.

python scripts/bench_stages.py RECORDING...

Least of some rounds, as a Markdown table: the start of both processes, decoding as the decoder's
process has it (read, decode, join to blocks, in C), mixing, resampling, rounding, encoding and
hashing, each on what the one before gave; their sum, all at once, and one ffmpeg, whose stages are
the differences of commands that leave the last ones out.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from audiopipe.audio.channels import chosen
from audiopipe.audio.encoding import ChunkEncoder
from audiopipe.audio.reading.readers import open_reader
from audiopipe.values.audio import RATE_HZ

ROUNDS = 4

_IMPORTS = "from audiopipe.stages.chunk import chunk; from audiopipe.stages.prepare import prepare"
_DECODER = "import audiopipe.audio.reading.isolation.child, audiopipe.audio.reading.pyav_fast"
_FFMPEG = ["ffmpeg", "-v", "error", "-y", "-i"]
_AS_OURS = ["-ar", "16000", "-ac", "1", "-sample_fmt", "s16"]

Samples = list[NDArray[Any]]


def main() -> None:
    for name in sys.argv[1:]:
        rows = {**_ours(Path(name)), **_rivals(name)}
        print(f"| {Path(name).name} | s |\n|---|---|")
        print("\n".join(f"| {stage} | {seconds:.3f} |" for stage, seconds in rows.items()))


def _ours(path: Path) -> dict[str, float]:
    rows = {"start of ours": _of_command([sys.executable, "-c", _IMPORTS])}
    rows["start of its decoder"] = _of_command([sys.executable, "-c", _DECODER])
    rows["decode"] = _least(lambda: _decoded(path))
    with path.open("rb", buffering=0) as file, open_reader(file, "x", None, None) as recording:
        blocks, rate_hz, channels = list(recording.blocks()), recording.rate_hz, recording.channels
    mixed: Samples = list(chosen(blocks, channels, rate_hz, "auto", []))
    rows["mix"] = _least(lambda: list(chosen(blocks, channels, rate_hz, "auto", [])))
    sent = _resampled(mixed, rate_hz)
    rows["resample"] = _least(lambda: _resampled(mixed, rate_hz))
    exact = _rounded(sent)
    rows["round"] = _least(lambda: _rounded(sent))
    rows["encode"] = _least(lambda: _encoded(exact))
    rows["hash"] = _least(lambda: [hashlib.sha256(block.data) for block in exact])
    rows["sum"] = sum(rows.values())
    with TemporaryDirectory() as folder:
        bench = str(Path(__file__).with_name("bench_prepare.py"))
        rows["all at once"] = _of_command(
            [sys.executable, bench, "--ours", str(path), "--out", folder]
        )
    return rows


def _decoded(path: Path) -> int:
    with path.open("rb", buffering=0) as file, open_reader(file, "x", None, None) as recording:
        return sum(len(planes[0]) for planes in recording.planes())


def _resampled(mixed: Samples, rate_hz: int) -> Samples:
    resampler = soxr.ResampleStream(rate_hz, RATE_HZ, 1)
    return [resampler.resample_chunk(block) for block in mixed]


def _rounded(blocks: Samples) -> Samples:
    return [(block * 32768).round().clip(-32768, 32767).astype(np.int16) for block in blocks]


def _encoded(blocks: Samples) -> int:
    encoder = ChunkEncoder("flac")
    for block in blocks:
        encoder.write(block)
    return len(encoder.finish())


def _rivals(name: str) -> dict[str, float]:
    decode = _of_command([*_FFMPEG, name, "-f", "null", "-"])
    sent = _of_command([*_FFMPEG, name, *_AS_OURS, "-f", "s16le", os.devnull])
    with TemporaryDirectory() as folder:
        whole = _of_command([*_FFMPEG, name, *_AS_OURS, f"{folder}/all.flac"])
    return {
        "ffmpeg: start and decode": decode,
        "ffmpeg: mix and resample": sent - decode,
        "ffmpeg: encode": whole - sent,
        "one ffmpeg": whole,
    }


def _least(work: Callable[[], Any]) -> float:
    return min(_taken(work) for _ in range(ROUNDS))


def _taken(work: Callable[[], Any]) -> float:
    before = getrusage(RUSAGE_SELF)
    work()
    after = getrusage(RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _of_command(command: Sequence[str]) -> float:
    return min(_run(command) for _ in range(ROUNDS))


def _run(command: Sequence[str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
