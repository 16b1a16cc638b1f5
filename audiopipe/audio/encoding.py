"""16 kHz mono 16-bit samples to what is uploaded, and back."""

from __future__ import annotations

import io
import os
from threading import Lock
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from audiopipe.values.audio import RATE_HZ, AudioFormat

_SOUNDFILE: dict[AudioFormat, dict[str, Any]] = {
    # Level 4 of 8. An hour of speech, read and by telephone: 63.5 and 43.2 MB in 0.70 and 0.63 s of
    # CPU; level 0 makes 64.3 and 59.6 MB in 0.63 and 0.59 s, level 8 62.6 and 41.0 MB in 1.35 and
    # 1.24 s.
    "flac": {"format": "FLAC", "subtype": "PCM_16", "compression_level": 0.5},
    "wav": {"format": "WAV", "subtype": "PCM_16"},
    # libsndfile's bit rate is 6 + 250 * (1 - level) kbit/s a channel: 24 here. A fifth of the FLAC;
    # over 15 minutes of three readers, Whisper base erred no more on it (3.3 % of words, against
    # 3.8 % on FLAC).
    "opus": {"format": "OGG", "subtype": "OPUS", "compression_level": 0.928},
}

_PENDING_BYTES = 40_000
"""More than a header, and what an encoder holds back before it writes."""


def _renew_lock() -> None:
    """Of soundfile, which a thread of the parent may have held when this process was forked."""
    soundfile.SoundFile._sf_error_lock = Lock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_renew_lock)


def most_samples(size_bytes: int) -> int:
    """How many samples surely fit into so many bytes, whatever they hold and the format.

    No encoder here makes 16-bit samples larger, but for frame headers, well under one per cent.
    """
    return max(0, (size_bytes - _PENDING_BYTES) * 50 // 101)


class ChunkEncoder:
    """Encodes a chunk piece by piece, in memory."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._buffer = io.BytesIO()
        settings = _SOUNDFILE.get(audio_format)
        self._sound = settings and soundfile.SoundFile(
            self._buffer, "w", RATE_HZ, channels=1, **settings
        )

    @property
    def size_bytes(self) -> int:
        """Bytes written so far; what the encoder still holds back comes on top."""
        return self._buffer.getbuffer().nbytes

    def write(self, samples: NDArray[np.int16]) -> None:
        """Take the next samples, shape (n,), 16 kHz."""
        if self._sound:
            self._sound.buffer_write(samples, "int16")
        else:
            self._buffer.write(samples.astype("<i2", copy=False).tobytes())

    def finish(self) -> bytes:
        """The whole upload; the encoder takes nothing more."""
        self.close()
        return self._buffer.getvalue()

    def close(self) -> None:
        """Give up what is not finished. Closing twice is harmless."""
        if self._sound:
            self._sound.close()


def decode_pcm(data: bytes, audio_format: AudioFormat) -> NDArray[np.float32]:
    """The samples of a chunk, float32 of shape (n,), full scale -1..1, at 16 kHz."""
    if audio_format == "pcm":
        return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)
    samples: NDArray[np.float32] = soundfile.read(io.BytesIO(data), dtype="float32")[0]
    return samples
