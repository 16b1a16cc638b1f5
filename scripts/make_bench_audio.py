"""Makes the recordings that bench_prepare.py measures with, from the shipped speech.

python scripts/make_bench_audio.py speech OUT.mp3 60            minutes of stereo
python scripts/make_bench_audio.py repeat OUT.mp3 10 IN.mp3     an MP3 or M4A ten times over
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE_HZ = 44_100
RECORDINGS = Path(__file__).parent.parent / "fixtures" / "recordings"


def main() -> None:
    what, out, number, *rest = sys.argv[1:]
    if what == "repeat":
        _repeat(Path(rest[0]), Path(out), int(number))
    elif out.endswith(".mp3"):
        _write_mp3(Path(out), int(number) * 60)
    else:
        _write(Path(out), int(number) * 60)


def _write_mp3(path: Path, seconds: int) -> None:
    settings = {"bitrate_mode": "CONSTANT", "compression_level": 0.6}
    with soundfile.SoundFile(path, "w", RATE_HZ, 2, format="MP3", **settings) as file:
        for block in _speech(seconds):
            file.write(block)


_CODED = {
    ".m4a": ("ipod", "aac", 44_100),
    ".mkv": ("matroska", "aac", 44_100),
    ".webm": ("webm", "libopus", 48_000),
    ".ts": ("mpegts", "mp2", 44_100),
    ".mp4": ("mp4", "libopus", 48_000),
}


def _write(path: Path, seconds: int) -> None:
    kind, codec, rate_hz = _CODED[path.suffix]
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout="stereo", bit_rate=128_000)
        assert isinstance(stream, av.AudioStream)
        resampler = av.AudioResampler(stream.format, "stereo", rate_hz)
        for number, block in enumerate(_speech(seconds)):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T), "fltp", "stereo")
            frame.rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
            frame.pts = number * RATE_HZ
            for each in resampler.resample(frame):
                container.mux(stream.encode(each))
        for each in resampler.resample(None):
            container.mux(stream.encode(each))
        container.mux(stream.encode(None))


def _speech(seconds: int) -> Iterator[NDArray[np.float32]]:
    """Stereo speech with a little noise in each channel, in blocks of a second."""
    random = np.random.default_rng(1)
    whole = np.concatenate([_clip(path) for path in sorted(RECORDINGS.rglob("*.flac"))])
    for second in range(seconds):
        places = (np.arange(RATE_HZ) + second * RATE_HZ) % len(whole)
        noise = random.standard_normal((RATE_HZ, 2)).astype(np.float32) * np.float32(0.001)
        yield whole[places][:, np.newaxis] * np.float32(0.9) + noise


def _clip(path: Path) -> NDArray[np.float32]:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    resampled: NDArray[np.float32] = soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ)
    return resampled


def _repeat(path: Path, out: Path, times: int) -> None:
    """Copy packets, all as long as the first, so that no clock jumps where one file ends."""
    kind = {".mp3": "mp3", ".m4a": "ipod"}[out.suffix]
    with av.open(str(out), "w", format=kind) as target, av.open(str(path)) as first:
        stream, at = target.add_stream_from_template(first.streams.audio[0]), 0
        length = next(first.demux(first.streams.audio[0])).duration or 0
        for _ in range(times):
            with av.open(str(path)) as source:
                for packet in source.demux(source.streams.audio[0]):
                    if packet.dts is None:
                        continue
                    packet.pts = packet.dts = at
                    at += length
                    packet.stream = stream
                    target.mux(packet)


if __name__ == "__main__":
    main()
