"""The sounds of lines, laid one behind another with their pauses."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from audiopipe.audio.filters import paced
from audiopipe.audio.mastering import Master
from audiopipe.settings import Settings
from audiopipe.speech.cast import Role
from audiopipe.speech.script import Line
from audiopipe.values.audio import Audio, Span

_FADE_S = 0.01


def laid(master: Master, audio: Audio, line: Line, role: Role, settings: Settings) -> Span:
    """When the line sounds in the file; its pause is laid behind it.

    Args:
        master: the file.
        audio: the line's sound.
        line: what is spoken.
        role: who says it, how fast and how high.
        settings: the pauses.
    """
    samples = audio.samples
    if audio.rate_hz != master.rate_hz:
        samples = soxr.resample(samples, audio.rate_hz, master.rate_hz)
    if (role.pace, role.pitch) != (1, 1) and len(samples):
        samples = paced(samples, master.rate_hz, role.pace, role.pitch)
    _rest(master, round((line.start_s or 0.0) * master.rate_hz) - master.samples)
    start = master.samples
    master.write(_faded(samples, master.rate_hz))
    end = master.samples
    rest_s = settings.turn_pause_s if line.ends_turn else line.pause * settings.pause_s
    _rest(master, round(rest_s * master.rate_hz))
    return Span(start / master.rate_hz, end / master.rate_hz)


def _rest(master: Master, samples: int) -> None:
    """Lay so much silence, in blocks of a second: it may last for hours."""
    for at in range(0, samples, master.rate_hz):
        master.write(np.zeros(min(master.rate_hz, samples - at), np.float32))


def _faded(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """The samples, rising from zero and falling to it: without that, a join would click."""
    length = min(round(_FADE_S * rate_hz), len(samples) // 2)
    slope = np.sin(np.linspace(0, np.pi / 2, length, dtype=np.float32)) ** 2
    faded = samples.copy()
    faded[:length] *= slope
    faded[len(faded) - length :] *= slope[::-1]
    return faded
