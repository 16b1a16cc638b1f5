"""Memory that two processes share, as the one sees it who looks at the blocks of samples there.

Nothing is copied for him. A slot is free again when the last array that looks into it is gone,
which a byte in a pipe tells; the one who puts (`slots`) waits for that, and is never far ahead.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading.isolation.slots import SLOT_FLOATS, SLOTS
from audiopipe.audio.reading.isolation.wire import Place
from audiopipe.audio.reading.recording import Block

_LEAST_FREE = 3
"""With fewer slots free, blocks are copied: somebody may keep all of them."""

TOGETHER = _LEAST_FREE - 1
"""So many blocks may be told of at once, so that a wait costs little: the next one has a slot."""


class Reader:
    """Looks at blocks, and frees their slots.

    Attributes:
        shared: the descriptors that the writer needs.
    """

    def __init__(self) -> None:
        self._memory = _anonymous(SLOTS * SLOT_FLOATS * 4)
        shared = mmap.mmap(self._memory, SLOTS * SLOT_FLOATS * 4)
        self._slots = np.frombuffer(shared, np.float32).reshape(SLOTS, SLOT_FLOATS)
        self._wanted, told = os.pipe()
        self._told = open(told, "wb", buffering=0)  # noqa: PTH123, SIM115 - closed in `close`
        self._told.write(bytes(range(SLOTS)))
        self._owner = os.getpid()
        self._leased: set[int] = set()

    @property
    def shared(self) -> Sequence[int]:
        return self._memory, self._wanted

    def look(self, place: Place) -> Block:
        """The block that lies there.

        Raises:
            ValueError: there is no such place.
        """
        if place.slot in self._leased or not 0 < place.frames * place.channels <= SLOT_FLOATS:
            raise ValueError(f"nothing can lie in {place}")
        self._leased.add(place.slot)
        block = _view(np.asarray(_Lease(self, place.slot, self._slots[place.slot])), place)
        return block if len(self._leased) <= SLOTS - _LEAST_FREE else block.copy("K")

    def free(self, slot: int) -> None:
        """Nobody looks there any more; that is not for a fork of ours to tell."""
        if os.getpid() == self._owner:
            self._leased.discard(slot)
            with suppress(OSError, ValueError):
                self._told.write(bytes([slot]))

    def close(self) -> None:
        """Nobody will put anything any more; what is looked at stays. Only to be called once."""
        self._told.close()
        os.close(self._memory)
        os.close(self._wanted)


class _Lease:
    """What keeps a slot: the owner of the memory of all arrays that look into it."""

    def __init__(self, reader: Reader, slot: int, samples: NDArray[np.float32]) -> None:
        self._reader, self._slot = reader, slot
        self.__array_interface__: dict[str, Any] = samples.__array_interface__

    def __del__(self) -> None:
        self._reader.free(self._slot)


def _view(samples: NDArray[np.float32], place: Place) -> Block:
    return samples[: place.frames * place.channels].reshape(place.channels, place.frames).T


def _anonymous(size: int) -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("audiopipe")
    else:
        from tempfile import TemporaryFile

        with TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor
