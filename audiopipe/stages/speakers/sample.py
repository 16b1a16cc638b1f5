"""Samples: the voice of somebody who is alone in a recording."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from audiopipe.audio.reading import open_source
from audiopipe.audio.vad import best_detector, find_voice
from audiopipe.audio.voiceprint import Directions, find_prints, mean_direction
from audiopipe.concurrency import Stop
from audiopipe.errors import UnreadableInput
from audiopipe.stages.prepare import prepare
from audiopipe.values.audio import RATE_HZ

_MOST_S = 300.0
"""More of a sample is not heard: a minute tells as much."""


def voice_of(path: str, stop: Stop) -> Directions:
    """The direction of the voice in a recording, shape (256,).

    Args:
        path: of the recording.
        stop: ends the wait for one that is still being written.

    Raises:
        InputError: it cannot be used, or nobody speaks in it.
    """
    with open_source(path, stop=stop) as recording, closing(prepare(recording)) as blocks:
        held = []
        for block in blocks:
            held.append(block)
            if sum(map(len, held)) >= _MOST_S * RATE_HZ:
                break
    samples = np.concatenate(held).astype(np.float32) / np.float32(32768)
    prints = find_prints(samples, find_voice(samples, best_detector()).possible)
    if not prints.spans:
        raise UnreadableInput(f"{path}: nobody is heard in this sample of a voice")
    return mean_direction(prints.directions)
