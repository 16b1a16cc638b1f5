"""Any recording to 16 kHz 16-bit samples: what recognisers hear, and what is uploaded."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, nullcontext

import numpy as np
import soxr
from numpy.typing import NDArray

from audiopipe.audio.channels import Channels, chosen
from audiopipe.audio.reading import Recording
from audiopipe.concurrency import prefetch
from audiopipe.errors import EmptyAudio, TooLongAudio, UnreadableInput
from audiopipe.values.audio import RATE_HZ

LEAST_S = 0.01
"""Shorter audio is refused by the provider."""

_RATES_HZ = range(1_000, 768_001)
"""Sample rates that exist; a broken header may claim any other."""

_AHEAD_BLOCKS = 4
"""Blocks that the decoding thread may be ahead of the resampler."""


def prepare(
    recording: Recording, *, channels: Channels = "auto", max_duration_s: float | None = None
) -> Generator[NDArray[np.int16], None, None]:
    """The recording as 16 kHz blocks, decoded in a thread of its own while they are used.

    Channels are averaged, so a mix never clips; `auto` leaves out those that are silent, and takes
    one where they cancel each other, with a note. The resampler is linear-phase and leaves nothing
    audible of what lies above 8 kHz, and moves no sound in time. Samples that are no number become
    silence, with a note.

    Args:
        recording: read to its end; its notes and losses are complete then.
        channels: `auto` or `mix` all into one; `left` or `right` takes one (the only one of mono);
            `split` keeps them apart.
        max_duration_s: the longest recording to accept, in seconds; None for any.

    Returns:
        Blocks of shape (n,), or (n, channels) for `split`.

    Raises:
        EmptyAudio: less than 0.01 s.
        TooLongAudio: longer than allowed, by its header before anything is decoded, or by count.
        UnreadableInput: a sample rate that cannot be.
    """
    if recording.rate_hz not in _RATES_HZ:
        raise UnreadableInput(f"{recording.name} claims {recording.rate_hz} samples a second")
    _refuse_longer(recording, recording.duration_s or 0.0, max_duration_s)
    count = 0
    with closing(_resampled(recording, channels)) as blocks:
        for block in blocks:
            count += len(block)
            _refuse_longer(recording, count / RATE_HZ, max_duration_s)
            yield _as_int16(block)
    if count < LEAST_S * RATE_HZ:
        raise EmptyAudio(f"{recording.name} holds less than {LEAST_S} s of sound")


def _refuse_longer(recording: Recording, seconds: float, limit_s: float | None) -> None:
    if limit_s is not None and seconds > limit_s:
        raise TooLongAudio(
            f"{recording.name} is longer than the {limit_s:g} s that --max-duration allows"
        )


def _resampled(
    recording: Recording, channels: Channels
) -> Generator[NDArray[np.float32], None, None]:
    """Blocks of float32 at 16 kHz, shaped as `prepare` gives them."""
    outputs = recording.channels if channels == "split" else 1
    resampler = soxr.ResampleStream(recording.rate_hz, RATE_HZ, outputs)
    same_rate = recording.rate_hz == RATE_HZ
    rest = np.zeros((0, outputs) if channels == "split" else 0, np.float32)
    rate_hz, notes = recording.rate_hz, recording.notes
    made = chosen(recording.blocks(), recording.channels, rate_hz, channels, notes)
    ahead = nullcontext(made) if recording.is_ahead else prefetch(made, depth=_AHEAD_BLOCKS)
    with ahead as blocks:
        for mixed in blocks:
            yield mixed if same_rate else resampler.resample_chunk(mixed)
    if not same_rate:
        yield resampler.resample_chunk(rest, last=True)


def _as_int16(block: NDArray[np.float32]) -> NDArray[np.int16]:
    """Rounded to the nearest 16-bit value, and held at full scale."""
    scaled = block * np.float32(32768)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -32768, 32767, out=scaled)
    return scaled.astype(np.int16)
