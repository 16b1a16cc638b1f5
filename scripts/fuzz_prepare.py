"""Feeds mutated recordings of each container through the whole stage, each in a fresh process.

python scripts/fuzz_prepare.py --files 2000 --seed 1 --only flac

Fails if one crashes, takes over 10 s of the processor or waits for 120 s, needs over 300 MB or
raises what is no InputError; the offending files are kept in the folder that is named.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

import numpy as np

from audiopipe.audio.reading import pyav, pyav_fast  # noqa: F401 - imported once, not by each file
from audiopipe.audio.reading.readers import open_reader
from audiopipe.errors import InputError
from audiopipe.stages.chunk import Cutting, chunk
from audiopipe.stages.prepare import prepare

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from support.audio import babble, container_file, plain_file
from support.ogg import resealed

MOST_S, MOST_MB = 10, 300
WAITING_S = 120
"""Seconds of the wall clock after which a file hangs that takes no time of the processor."""

GOOD, REFUSED, CRASHED = 0, 3, 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000, help="of each container")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="one container")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    arguments = parser.parse_args()
    failures = 0
    for kind, whole in _containers().items():
        if arguments.only in (None, kind):
            failures += _fuzz(kind, whole, arguments)
    sys.exit(1 if failures else 0)


def _fuzz(kind: str, whole: bytes, arguments: argparse.Namespace) -> int:
    random_source = random.Random(f"{kind} {arguments.seed}")
    results: Counter[str] = Counter()
    slowest_s = largest_mb = 0.0
    for number in range(arguments.files):
        data = _mutated(whole, random_source)
        if whole.startswith(b"OggS") and number % 2:
            data = resealed(data)
        result, cpu_s, peak_mb = _judged(data)
        results[result] += 1
        slowest_s, largest_mb = max(slowest_s, cpu_s), max(largest_mb, peak_mb)
        if result not in ("read", "refused"):
            arguments.keep.mkdir(exist_ok=True)
            path = arguments.keep / f"{kind}-{arguments.seed}-{number}.{kind}"
            path.write_bytes(data)
            print(f"{path}: {result}", flush=True)
    print(
        f"{kind}: {dict(results)}, slowest {slowest_s:.1f} s, most {largest_mb:.0f} MB", flush=True
    )
    return sum(results.values()) - results["read"] - results["refused"]


def _judged(data: bytes) -> tuple[str, float, float]:
    """What became of a file in a process of its own, its CPU seconds and its peak MB."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        child = os.fork()
        if not child:
            os._exit(_run(file.name))
        _, status, usage = os.wait4(child, 0)
    cpu_s, peak_mb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    code = os.waitstatus_to_exitcode(status)
    if code in (-signal.SIGALRM, -signal.SIGXCPU):
        return "hung", cpu_s, peak_mb
    if peak_mb > MOST_MB:
        return f"took {peak_mb:.0f} MB", cpu_s, peak_mb
    names = {GOOD: "read", REFUSED: "refused", CRASHED: "raised"}
    return names.get(code, f"crashed with {code}"), cpu_s, peak_mb


def _run(path: str) -> int:
    if not Path(path).stat().st_size:
        return REFUSED
    signal.alarm(WAITING_S)
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_S, MOST_S + 1))
    # The decoders' own complaints would bury the result.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        # Decoded here, not in the process that guards a batch: what it takes is to be measured.
        with (
            Path(path).open("rb", buffering=0) as file,
            open_reader(file, path, None, None) as recording,
        ):
            for _ in chunk(prepare(recording), Cutting(60, 5, 1_000_000)):
                pass
    except InputError:
        return REFUSED
    except BaseException:  # noqa: BLE001 - whatever else it is, it is what we look for
        traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
        return CRASHED
    return GOOD


def _mutated(whole: bytes, source: random.Random) -> bytes:
    """One to four wounds: bits, bytes, holes, repeats, cuts; half of them in the header."""
    data = bytearray(whole)
    for _ in range(source.randint(1, 4)):
        reach = min(len(data), 300) if source.random() < 0.5 else len(data)
        at = source.randrange(max(1, reach))
        span = source.choice([1, 4, 50, 1000])
        match source.randrange(6):
            case 0:
                data[at : at + 1] = bytes([data[at] ^ 1 << source.randrange(8)]) if data else b""
            case 1:
                data[at : at + span] = source.randbytes(span)
            case 2:
                del data[at : at + span]
            case 3:
                data[at:at] = data[at : at + span]
            case 4:
                data[at : at + span] = source.choice([b"\0", b"\xff"]) * span
            case 5:
                del data[source.randrange(len(data) // 2, len(data) + 1) :]
        if not data:
            break
    return bytes(data)


def _containers() -> dict[str, bytes]:
    rate_hz = 16_000
    sound = babble(2).astype(np.float32)[:, np.newaxis] / np.float32(32768)
    fast = {"movflags": "faststart"}
    return {
        "wav": plain_file(sound, rate_hz, "WAV"),
        "flac": plain_file(sound, rate_hz, "FLAC"),
        "mp3": plain_file(sound, rate_hz, "MP3"),
        "ogg": plain_file(sound, rate_hz, "OGG", "VORBIS"),
        "opus": plain_file(sound, rate_hz, "OGG", "OPUS"),
        "aiff": plain_file(sound, rate_hz, "AIFF"),
        "m4a": container_file([sound], rate_hz, "ipod", "aac", options=fast),
        "mp4": container_file([sound], rate_hz, "mp4", "aac", video_s=2),
        "webm": container_file([sound], rate_hz, "webm", "libopus"),
        "mkv": container_file([sound], rate_hz, "matroska", "aac", video_s=2),
        "ts": container_file([sound], rate_hz, "mpegts", "aac"),
        "aac": container_file([sound], rate_hz, "adts", "aac"),
        "avi": container_file([sound], rate_hz, "avi", "libmp3lame"),
    }


if __name__ == "__main__":
    main()
