"""What is taken of the channels of a recording, by the user's choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.mixing import Mixer

Channels = Literal["auto", "mix", "left", "right", "split"]

_NOT_NUMBERS = "samples that are no number were taken as silence"

_LOUDEST = np.float32(1e6)
"""Far above full scale, and far below what overflows."""


def chosen(
    blocks: Iterable[NDArray[np.float32]],
    channels: int,
    rate_hz: int,
    choice: Channels,
    notes: list[str],
) -> Iterator[NDArray[np.float32]]:
    """What is taken of the channels of each block; samples that are no number become silence.

    Args:
        blocks: of shape (n, channels).
        choice: as `stages.prepare` has it.
        notes: told what the user should know.

    Returns:
        Blocks of shape (n,), or (n, channels) for `split`.
    """
    if choice != "auto" or channels == 1:
        for block in blocks:
            yield _chosen(block, "mix" if choice == "auto" else choice, notes)
        return
    mixer = Mixer(channels, rate_hz, notes, lambda some: _numbers(some, notes))
    for block in blocks:
        yield mixer.push(block)
    yield mixer.finish()


def _chosen(
    block: NDArray[np.float32], channels: Channels, notes: list[str]
) -> NDArray[np.float32]:
    with np.errstate(invalid="ignore", over="ignore"):
        mixed = _taken(block, channels)
        suspect = not np.isfinite(mixed.sum())
    return _taken(_numbers(block, notes), channels) if suspect else mixed


def _taken(block: NDArray[np.float32], channels: Channels) -> NDArray[np.float32]:
    count = block.shape[1]
    if channels == "split":
        return block
    if channels != "mix" or count == 1:
        return block[:, 1 if channels == "right" and count > 1 else 0]
    # Column by column: numpy takes 20 times as long for the mean of each row of two.
    mixed = block[:, 0] + block[:, 1]
    for number in range(2, count):
        mixed += block[:, number]
    mixed *= np.float32(1 / count)
    return mixed


def _numbers(block: NDArray[np.float32], notes: list[str]) -> NDArray[np.float32]:
    """The block with silence for what is no number, held where sums stay numbers."""
    known = np.isfinite(block)
    if not known.all() and _NOT_NUMBERS not in notes:
        notes.append(_NOT_NUMBERS)
    return np.where(known, block, np.float32(0)).clip(-_LOUDEST, _LOUDEST)
