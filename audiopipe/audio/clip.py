"""Short sounds that are held in memory whole."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from audiopipe.values.audio import Audio

if TYPE_CHECKING:
    from pydub import AudioSegment

    from audiopipe.audio.reading.source import AudioSource

_PLACEHOLDER_S = 3600.0
"""A length that is further off stands for "not known" in a header that was written to a stream."""


def decode_clip(data: bytes) -> Audio:
    """The sound of a file in any format, all channels mixed.

    WAV files one behind another, as some speech servers send them, are joined. Lengths that only
    stand for "not known" (0, 0xFFFFFFFF, 2000000000), as others write them, are understood.

    Raises:
        InputError: it is no sound, or breaks off before the end that it promises.
    """
    from audiopipe.audio.reading import open_source
    from audiopipe.errors import UnreadableInput

    with open_source(data, name="the sound") as recording:
        blocks = [block.mean(axis=1, dtype=np.float32) for block in recording.blocks()]
        for loss in recording.losses:
            if loss.span.end_s < _PLACEHOLDER_S:
                raise UnreadableInput(f"{loss.reason} ({loss.span.end_s:.1f} s)")
    return Audio(np.concatenate(blocks or [np.empty(0, np.float32)]), recording.rate_hz)


def encode_clip(audio: Audio) -> bytes:
    """A FLAC file, 16 bit."""
    file = io.BytesIO()
    soundfile.write(file, audio.samples, audio.rate_hz, "PCM_16", format="FLAC")
    return file.getvalue()


def audio_segment(source: AudioSource) -> AudioSegment:
    """A whole recording as pydub holds it, 16 bit; for recordings that memory has room for.

    Raises:
        InputError: it cannot be used.
        ImportError: pydub is not installed.
    """
    from pydub import AudioSegment

    from audiopipe.audio.reading import open_source

    with open_source(source) as recording:
        pieces = [
            (block * 32768).round().clip(-32768, 32767).astype("<i2").tobytes()
            for block in recording.blocks()
        ]
        return AudioSegment(
            data=b"".join(pieces),
            sample_width=2,
            frame_rate=recording.rate_hz,
            channels=recording.channels,
        )
