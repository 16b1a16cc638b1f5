"""Prepares an hour of audio beside its rivals, in alternation, and prints a Markdown table.

python scripts/bench_prepare.py                                 about 6 minutes
python scripts/bench_prepare.py --kinds mp3 m4a --rivals --long-hours 10

CPU and wall time, the least of the rounds, are given as multiples of the first way's; the peak of
memory is that of all processes of a way together, what they share counted once; the first chunk is
given as the time until it is ready, start of the interpreter included, over its share of the whole
time. Rivals need the ffmpeg program; without it only our own rows are measured.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

CHUNK_S, OVERLAP_S = 600, 10

_KINDS = ("mp3", "m4a", "mkv", "webm", "ts", "mp4")
"""AAC in M4A and Matroska, Opus in WebM and MP4, MP2 in a transport stream."""

_LONG = ("mp3", "m4a")
"""Of which an hour and more is measured, and all rivals."""

_LOOK_S = 0.05

_HEADER = """\
| input | way | CPU | wall | peak MB | output MB | first chunk |
|---|---|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    size_mb: float
    first_s: float


def main() -> None:
    arguments = _arguments()
    if arguments.ours:
        _ours(arguments.ours, arguments.out, by_voice=arguments.by_voice, here=arguments.here)
        return
    if not shutil.which("ffmpeg"):
        print("ffmpeg is not installed: no rivals to measure", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(_HEADER)
        ways = RIVALS if shutil.which("ffmpeg") else OURS
        streamed = {name: way for name, way in ways.items() if way in _STREAMED}
        for kind in arguments.kinds:
            minutes = arguments.minutes if kind in _LONG else arguments.short_minutes
            path = folder / f"{minutes} minutes.{kind}"
            _make("speech", path, minutes)
            compared = ways if kind in _LONG and arguments.rivals else streamed
            _compare(path, minutes * 60, compared, arguments.rounds)
        for kind in _LONG if arguments.long_hours else ():
            if kind not in arguments.kinds:
                continue
            long = folder / f"{arguments.long_hours} hours.{kind}"
            short = folder / f"{arguments.minutes} minutes.{kind}"
            times = arguments.long_hours * 60 // arguments.minutes
            _make("repeat", long, times, short)
            _compare(long, times * arguments.minutes * 60, streamed, 1)
            long.unlink()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="of MP3 and M4A")
    parser.add_argument("--short-minutes", type=int, default=10, help="of the other kinds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long-hours", type=int, default=0, help="of MP3 and M4A, in one round")
    parser.add_argument("--rivals", action="store_true", help="also those that keep all in memory")
    parser.add_argument("--kinds", nargs="+", default=_KINDS, choices=_KINDS)
    parser.add_argument("--ours", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--by-voice", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _ours(path: Path, folder: Path, *, by_voice: bool, here: bool) -> None:
    """One run of our own way, in a process of its own; prints when its first chunk was ready."""
    from audiopipe.audio.reading import Recording, open_source
    from audiopipe.audio.reading.readers import open_reader
    from audiopipe.audio.vad import by_network
    from audiopipe.stages.chunk import Cutting, chunk
    from audiopipe.stages.prepare import prepare

    detect = by_network if by_voice else None
    cutting = Cutting(CHUNK_S, OVERLAP_S, 25_000_000, detect=detect)

    @contextmanager
    def in_this_process(path: Path) -> Iterator[Recording]:
        with path.open("rb", buffering=0) as file, open_reader(file, path.name, None, None) as made:
            yield made

    with in_this_process(path) if here else open_source(path) as recording:
        for piece in chunk(prepare(recording), cutting):
            (folder / f"{piece.window.index}.flac").write_bytes(piece.data)
            if piece.window.index == 0:
                print(time.monotonic(), flush=True)
            del piece  # no more than one is held


def _command_of_ours(path: Path, out: Path) -> list[str]:
    return [sys.executable, __file__, "--ours", str(path), "--out", str(out)]


def _command_by_voice(path: Path, out: Path) -> list[str]:
    return [*_command_of_ours(path, out), "--by-voice"]


def _command_here(path: Path, out: Path) -> list[str]:
    return [*_command_of_ours(path, out), "--here"]


def _ffmpeg(path: Path, out: Path) -> list[str]:
    rate = ["-ar", "16000", "-ac", "1", "-sample_fmt", "s16"]
    return ["ffmpeg", "-v", "error", "-i", str(path), *rate, str(out / "all.flac")]


_TUTORIAL = """
import subprocess, sys
from pydub import AudioSegment
source, out = sys.argv[1:]
subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-ar", "16000", "-ac", "1", "-map", "0:a",
                "-c:a", "flac", out + "/all.flac"], check=True)
audio = AudioSegment.from_file(out + "/all.flac", format="flac")
for at in range(0, len(audio), 590_000):
    audio[at:at + 600_000].export(f"{out}/{at}.flac", format="flac")
"""

_PYDUB = """
import sys
from pydub import AudioSegment
source, out = sys.argv[1:]
audio = AudioSegment.from_file(source).set_channels(1).set_frame_rate(16000)
audio.export(out + "/all.flac", format="flac")
"""


def _tutorial(path: Path, out: Path) -> list[str]:
    return [sys.executable, "-W", "ignore", "-c", _TUTORIAL, str(path), str(out)]


def _pydub(path: Path, out: Path) -> list[str]:
    return [sys.executable, "-W", "ignore", "-c", _PYDUB, str(path), str(out)]


Way = Callable[[Path, Path], list[str]]

OURS: dict[str, Way] = {
    "audiopipe": _command_of_ours,
    "audiopipe, without a process for decoding": _command_here,
    "audiopipe[local], which cuts by voice": _command_by_voice,
}
RIVALS: dict[str, Way] = {
    "one ffmpeg, one 16-bit FLAC": _ffmpeg,
    **OURS,
    "the provider's tutorial": _tutorial,
    "pydub": _pydub,
}


_STREAMED = (_ffmpeg, *OURS.values())
"""The ways that keep no whole recording in memory, and are quick enough to be run in all rounds."""


def _compare(path: Path, length_s: float, ways: Mapping[str, Way], rounds: int) -> None:
    runs: dict[str, list[Cost]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            if number == 0 or way in _STREAMED:
                runs[name].append(_measured(way, path))
    least = {name: _least(costs) for name, costs in runs.items()}
    measure = next(iter(least.values()))
    for name, cost in least.items():
        _row(f"{path.name} | {name}", cost, measure, min(1, CHUNK_S / length_s))


def _least(costs: list[Cost]) -> Cost:
    return Cost(
        min(cost.cpu_s for cost in costs),
        min(cost.wall_s for cost in costs),
        max(cost.peak_mb for cost in costs),
        costs[0].size_mb,
        min(cost.first_s for cost in costs),
    )


def _measured(way: Way, path: Path) -> Cost:
    out = path.with_name("out")
    out.mkdir()
    start_s = time.monotonic()
    process = subprocess.Popen(way(path, out), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with _watched(process.pid) as peak:
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - start_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{way.__name__} failed on {path.name}")
    size = sum(file.stat().st_size for file in out.iterdir())
    shutil.rmtree(out)
    cpu_s = usage.ru_utime + usage.ru_stime
    first_s = float(said) - start_s if said else wall_s
    return Cost(cpu_s, wall_s, max(peak) / 1024, size / 1e6, first_s)


@contextmanager
def _watched(process_id: int) -> Iterator[list[int]]:
    """KiB of memory of a process and its descendants, looked at until the end of the context."""
    seen, ended = [0], Event()

    def look() -> None:
        while not ended.wait(_LOOK_S):
            seen.append(sum(map(_held_kib, _family(process_id))))

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _family(process_id: int) -> Iterator[int]:
    yield process_id
    for told in Path(f"/proc/{process_id}/task").glob("*/children"):
        with suppress(OSError):
            for child in told.read_text().split():
                yield from _family(int(child))


def _held_kib(process_id: int) -> int:
    """Memory, of which what is shared counts by the share (PSS, proc_pid_smaps(5))."""
    with suppress(OSError):
        for line in Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _row(name: str, cost: Cost, measure: Cost, share: float) -> None:
    def times(seconds: float, unit_s: float) -> str:
        return f"{seconds / unit_s:.2f}" if cost is not measure else f"1 ({seconds:.1f} s)"

    part = cost.first_s / cost.wall_s
    first = f"{part / share:.2f}" if part < 1 else "at the end"
    print(
        f"| {name} | {times(cost.cpu_s, measure.cpu_s)} | {times(cost.wall_s, measure.wall_s)} "
        f"| {cost.peak_mb:.0f} | {cost.size_mb:.0f} | {first} |",
        flush=True,
    )


def _make(what: str, *arguments: Path | int) -> None:
    script = Path(__file__).with_name("make_bench_audio.py")
    subprocess.run([sys.executable, script, what, *map(str, arguments)], check=True)


if __name__ == "__main__":
    main()
