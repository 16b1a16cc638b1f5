"""Memory that two processes share, as the one sees it who puts blocks of samples there."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator

from audiopipe.audio.reading.isolation.wire import Gone, Place
from audiopipe.audio.reading.recording import BLOCK_FRAMES, Planes

SLOTS = 7
SLOT_FLOATS = 2 * BLOCK_FRAMES
"""A block of two channels."""


class Writer:
    """Puts blocks in, channel by channel.

    Args:
        memory, freed: descriptors, as `ring.Reader` has them.
    """

    def __init__(self, memory: int, freed: int) -> None:
        self._floats = memoryview(mmap.mmap(memory, SLOTS * SLOT_FLOATS * 4)).cast("f")
        self._freed = freed

    def put(self, planes: Planes) -> Iterator[Place]:
        """Wait for a slot for each part of a block; where that part lies then.

        Raises:
            Gone: nobody looks any more.
        """
        most = SLOT_FLOATS // len(planes)
        for at in range(0, len(planes[0]), most):
            slot = os.read(self._freed, 1)
            if not slot:
                raise Gone
            start = slot[0] * SLOT_FLOATS
            frames = min(most, len(planes[0]) - at)
            for plane in planes:
                self._floats[start : start + frames] = plane[at : at + frames]
                start += frames
            yield Place(frames, len(planes), slot[0])
