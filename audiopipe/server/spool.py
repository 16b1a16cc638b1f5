"""The folder of uploads: files on disk, hashed as they are written, bounded each and together."""

from __future__ import annotations

import hashlib
import re
import secrets
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from audiopipe.server.refusals import Refusal

_MOST_NAME = 120
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}")
_RAW_HZ = 16_000
_HEADER_BYTES = 44


@dataclass(frozen=True, slots=True)
class Upload:
    """A recording on disk.

    Attributes:
        path: the file; whoever holds the upload deletes it by `Spool.drop`.
        name: what the client calls it, made short and plain.
        sha256: of its bytes as they came.
        size: of the file, in bytes.
    """

    path: Path
    name: str
    sha256: str
    size: int


@dataclass(slots=True)
class Spool:
    """The folder of uploads, and what they may take.

    Attributes:
        folder: made if missing.
        most_bytes: of one upload.
        most_disk_bytes: of all.
        used: bytes of all uploads now.
    """

    folder: Path
    most_bytes: float
    most_disk_bytes: float
    used: int = 0

    def sweep(self, kept: set[str]) -> None:
        """Make the folder, delete all its files but those named, and count these."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            if path.name in kept:
                self.used += path.stat().st_size
            else:
                path.unlink()

    def drop(self, upload: Upload) -> None:
        """Delete an upload. Dropping it twice is harmless."""
        with suppress(FileNotFoundError):
            upload.path.unlink()
            self.used -= upload.size

    def begin(self, name: str, *, raw: bool = False) -> Writer:
        """A new upload.

        Args:
            name: as the client has it.
            raw: whether it is samples without a header, 16 bit, 16 kHz and mono, as Bazarr sends
                them; they get one.

        Raises:
            Refusal: the disk is full.
        """
        return Writer(self, plain_name(name), raw)


class Writer:
    """Writes one upload, which is either `done` or abandoned."""

    def __init__(self, spool: Spool, name: str, raw: bool) -> None:
        ending = ".wav" if raw else PurePath(name).suffix.lower()
        ending = ending if _ENDING.fullmatch(ending) else ""
        self._spool, self._name, self._raw = spool, name, raw
        self._path = spool.folder / (secrets.token_hex(16) + ending)
        self._hash = hashlib.sha256()
        self._size = 0
        try:
            self._file = self._path.open("xb", buffering=0)
        except OSError as error:
            raise no_room(error) from error
        if raw:
            self._put(bytes(_HEADER_BYTES))

    def write(self, data: bytes | bytearray) -> int:
        """Add bytes.

        Raises:
            Refusal: it is larger than allowed, or there is no room for it.
        """
        if self._size + len(data) > self._spool.most_bytes:
            raise Refusal(
                413,
                f"the recording is larger than {self._spool.most_bytes / 1e6:,.6g} MB, the most "
                "that this server takes (--max-upload)",
                "request_too_large",
            )
        self._hash.update(data)
        self._put(data)
        return len(data)

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._size

    def restart(self) -> None:
        """Forget what was written."""
        self._file.seek(0)
        self._file.truncate()
        self._spool.used -= self._size
        self._size, self._hash = 0, hashlib.sha256()

    def done(self) -> Upload:
        """The upload, whole."""
        if self._raw:
            self._file.seek(0)
            self._file.write(_wav_header(self._size - _HEADER_BYTES))
        self._file.close()
        return Upload(self._path, self._name, self._hash.hexdigest(), self._size)

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._spool.drop(Upload(self._path, self._name, "", self._size))

    def _put(self, data: bytes | bytearray) -> None:
        if self._spool.used + len(data) > self._spool.most_disk_bytes:
            raise no_room()
        try:
            rest = memoryview(data)
            while rest:
                written = self._file.write(rest)
                self._size += written
                self._spool.used += written
                rest = rest[written:]
        except OSError as error:
            raise no_room(error) from error


def no_room(error: OSError | None = None) -> Refusal:
    """That the disk is full."""
    why = error.strerror if error else "--max-disk is reached"
    return Refusal(507, f"this server has no room for the recording: {why}", "no_room")


def plain_name(name: str) -> str:
    """A client's name of a file: its last part, on one line, short."""
    last = re.split(r"[/\\]", name)[-1].strip()
    text = "".join(c if c.isprintable() else "_" for c in last)[-_MOST_NAME:]
    return text if text.strip(". ") else "audio"


def _wav_header(size: int) -> bytes:
    """Of 16-bit mono samples; a length that the field cannot hold is left open."""
    riff, data = (n if n < 1 << 32 else 0xFFFFFFFF for n in (size + 36, size))
    sound = struct.pack("<IHHIIHH", 16, 1, 1, _RAW_HZ, 2 * _RAW_HZ, 2, 16)
    return (
        struct.pack("<4sI8s", b"RIFF", riff, b"WAVEfmt ")
        + sound
        + struct.pack("<4sI", b"data", data)
    )
