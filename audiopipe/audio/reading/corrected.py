"""A length that is claimed, and a file that claims another."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True, slots=True)
class Claim:
    """The length of the sound by its header, and by the file's end.

    Attributes:
        stated_bytes: what the header says; None where it leaves the length open.
        true_bytes: what there is.
        fields: places in the header and what they ought to hold.
    """

    stated_bytes: int | None
    true_bytes: int
    fields: tuple[tuple[int, bytes], ...]

    @property
    def is_true(self) -> bool:
        return self.stated_bytes == self.true_bytes

    @property
    def share(self) -> float:
        """How many times as much was promised as there is, 1 at least."""
        return max(1.0, (self.stated_bytes or 0) / max(1, self.true_bytes))


class Corrected(io.RawIOBase):
    """A file with some of its bytes replaced; nothing is copied."""

    def __init__(self, file: IO[bytes], fields: tuple[tuple[int, bytes], ...]) -> None:
        self._file = file
        self._fields = fields

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        at = self._file.tell()
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        for place, value in self._fields:
            for number, byte in enumerate(value, place - at):
                if 0 <= number < len(data):
                    buffer[number] = byte
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
