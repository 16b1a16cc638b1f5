"""Blocks of samples in memory that two processes share: one puts them in, the other looks at them.

Nothing is copied for the one who looks. A slot is free again when the last array that looks into it
is gone, which a byte in a pipe tells; the one who puts waits for that, and so is never far ahead.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading.isolation.wire import Gone, Place
from audiopipe.audio.reading.recording import BLOCK_FRAMES, Block

_SLOTS = 12
_SLOT_FLOATS = 2 * BLOCK_FRAMES
"""A block of two channels."""

_LEAST_FREE = 5
"""With fewer slots free, blocks are copied: somebody may keep all of them."""

TOGETHER = _LEAST_FREE - 1
"""So many blocks may be told of at once, so that a wait costs little: the next one has a slot."""


class Writer:
    """Puts blocks in.

    Args:
        memory, freed: descriptors, as `Reader` has them.
    """

    def __init__(self, memory: int, freed: int) -> None:
        self._slots, self._freed = _mapped(memory), freed
        self._made: dict[int, Place] = {}
        self._spare: list[int] = []

    def begin(self) -> None:
        """A new file: what was made for the last one and never put is free."""
        self._spare += [place.slot for place in self._made.values()]
        self._made.clear()

    def room(self, frames: int, channels: int) -> Block:
        """An array by columns, of which `put` makes no copy if it lies in a slot."""
        if not 0 < frames * channels <= _SLOT_FLOATS:
            return np.empty((channels, frames), np.float32).T
        place = Place(frames, channels, self._slot(), True)
        block = _view(self._slots[place.slot], place)
        self._made[_address(block)] = place
        return block

    def put(self, block: Block) -> Iterator[Place]:
        """Wait for a slot for each part of a block; where that part lies then.

        Raises:
            Gone: nobody looks any more.
        """
        made = self._made.pop(_address(block), None)
        if made and block.shape == (made.frames, made.channels):
            yield made
            return
        most = _SLOT_FLOATS // block.shape[1]
        by_columns = block.strides[0] < block.strides[1]
        for at in range(0, len(block), most):
            part = block[at : at + most]
            place = Place(len(part), part.shape[1], self._slot(), by_columns)
            np.copyto(_view(self._slots[place.slot], place), part)
            yield place
        if made:  # its end was cut off
            self._spare.append(made.slot)

    def _slot(self) -> int:
        if self._spare:
            return self._spare.pop()
        slot = os.read(self._freed, 1)
        if not slot:
            raise Gone
        return slot[0]


class Reader:
    """Looks at blocks, and frees their slots.

    Attributes:
        shared: the descriptors that the writer needs.
    """

    def __init__(self) -> None:
        self._memory = _anonymous(_SLOTS * _SLOT_FLOATS * 4)
        self._slots = _mapped(self._memory)
        self._wanted, told = os.pipe()
        self._told = open(told, "wb", buffering=0)  # noqa: PTH123, SIM115 - closed in `close`
        self._told.write(bytes(range(_SLOTS)))
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
        if place.slot in self._leased or not 0 < place.frames * place.channels <= _SLOT_FLOATS:
            raise ValueError(f"nothing can lie in {place}")
        self._leased.add(place.slot)
        block = _view(np.asarray(_Lease(self, place.slot, self._slots[place.slot])), place)
        return block if len(self._leased) <= _SLOTS - _LEAST_FREE else block.copy("K")

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


def _address(block: Block) -> int:
    address: int = block.__array_interface__["data"][0]
    return address


def _view(samples: NDArray[np.float32], place: Place) -> Block:
    part = samples[: place.frames * place.channels]
    if place.by_columns:
        return part.reshape(place.channels, place.frames).T
    return part.reshape(place.frames, place.channels)


def _mapped(memory: int) -> NDArray[np.float32]:
    shared = mmap.mmap(memory, _SLOTS * _SLOT_FLOATS * 4)
    return np.frombuffer(shared, np.float32).reshape(_SLOTS, _SLOT_FLOATS)


def _anonymous(size: int) -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("audiopipe")
    else:
        from tempfile import TemporaryFile

        with TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor
