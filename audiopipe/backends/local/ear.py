"""Where somebody speaks, as faster-whisper's batched mode tells it before it listens."""

from __future__ import annotations

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from audiopipe.audio.vad import Mask
from audiopipe.values.audio import RATE_HZ

_STEP_SAMPLES = 512
"""The network hears 32 ms at once."""

_HOW = VadOptions(max_speech_duration_s=30.0, min_silence_duration_ms=160, speech_pad_ms=0)
"""The batched mode's own; what is kept around a voice, `windows` adds."""


def ear(samples: NDArray[np.float32]) -> tuple[Mask, Mask, float]:
    """A `audio.vad.Detector`: a voice begins at a probability of 0.5, and ends after 0.16 s below
    0.35. It tells no certain voice from a possible one."""
    voice = np.zeros(-(-len(samples) // _STEP_SAMPLES), bool)
    for span in get_speech_timestamps(samples, _HOW):
        voice[span["start"] // _STEP_SAMPLES : -(-span["end"] // _STEP_SAMPLES)] = True
    return voice, voice, _STEP_SAMPLES / RATE_HZ
