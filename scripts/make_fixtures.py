"""Make fixtures/recordings from a folder of longer recordings that are free to ship.

    python scripts/make_fixtures.py SPEECH_DIR

Needs nothing but the project's own packages. fixtures/README.md names origin and licence of each.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

OUT = Path(__file__).parent.parent / "fixtures" / "recordings"


def main(speech: Path) -> None:
    """Cut, resample and encode each recording."""
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "jfk.flac").write_bytes((speech / "jfk.flac").read_bytes())
    sf.write(OUT / "two_cities.flac", cut(speech / "two_cities.wav", 0, 44, 16_000), 16_000)
    sf.write(
        OUT / "reading.mp3", cut(speech / "en_read_30m.mp3", 0, 60, 22_050), 22_050, format="MP3"
    )
    sf.write(
        OUT / "lesung.opus",
        cut(speech / "de_read_60m.opus", 0, 20, 48_000),
        48_000,
        format="OGG",
        subtype="OPUS",
    )
    (OUT / "calls").mkdir(exist_ok=True)
    write_video(OUT / "calls" / "call.mp4", speech / "stereo_diarization.wav")


def cut(path: Path, start_s: float, end_s: float, rate_hz: int) -> NDArray[np.float32]:
    """Mono samples between two times, at another rate."""
    with sf.SoundFile(path) as file:
        file.seek(int(start_s * file.samplerate))
        samples = file.read(int((end_s - start_s) * file.samplerate), "float32", always_2d=True)
        mono: NDArray[np.float32] = soxr.resample(samples.mean(axis=1), file.samplerate, rate_hz)
    return np.clip(mono, -1, 1)


def write_video(path: Path, sound: Path) -> None:
    """A small video: a grey picture with the sound's two channels as AAC."""
    samples, rate_hz = sf.read(sound, dtype="float32", always_2d=True)
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=5)
        video.width = video.height = 64
        audio = container.add_stream("aac", rate=rate_hz, layout="stereo")
        for n in range(5 * len(samples) // rate_hz):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), "rgb24")
            picture.pts, picture.time_base = n, Fraction(1, 5)
            container.mux(video.encode(picture))
        for start in range(0, len(samples), 1024):
            block = np.ascontiguousarray(samples[start : start + 1024].T)
            frame = av.AudioFrame.from_ndarray(block, "fltp", "stereo")
            frame.sample_rate, frame.pts = rate_hz, start
            container.mux(audio.encode(frame))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
