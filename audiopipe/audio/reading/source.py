"""What a user may hand in, brought to one of two shapes: a seekable file, or samples."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import select
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading.recording import BLOCK_FRAMES, Block, Recording
from audiopipe.audio.reading.remote import fetched, is_remote
from audiopipe.concurrency import Stop
from audiopipe.errors import UnreadableInput, UsageError

if TYPE_CHECKING:
    from pydub import AudioSegment

Samples: TypeAlias = tuple[NDArray[Any], int]
AudioSource: TypeAlias = (
    "str | bytes | bytearray | memoryview | os.PathLike[str] | os.PathLike[bytes] | IO[bytes]"
    " | Samples | AudioSegment"
)

_MOST_CHANNELS = 64

_LOOK_S = 0.1
"""How often a wait for data looks whether it shall end."""


def shown(source: AudioSource) -> str:
    """A name for messages: one line, whatever bytes the real one is made of."""
    if isinstance(source, str) and source.startswith("data:"):
        text = f"the given {re.split('[;,]', source[5:60])[0]}"
    elif isinstance(source, (str, os.PathLike)):
        text = os.fsdecode(source)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        text = "the given bytes"
    elif is_samples(source):
        text = "the given samples"
    else:
        text = str(getattr(source, "name", f"the given {type(source).__name__}"))
    text = os.fsencode(text).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


@contextmanager
def open_binary(source: AudioSource, name: str, stop: Stop) -> Iterator[IO[bytes]]:
    """The source as a seekable binary file at position 0; files that we opened are closed."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield io.BytesIO(source)
        return
    if not isinstance(source, (str, os.PathLike)):
        if not (hasattr(source, "read") and hasattr(source, "seekable")):
            raise UnreadableInput(
                f"a {type(source).__name__} is no recording: give a path, bytes, a binary file, or "
                "samples and their rate"
            )
        with _seekable(cast("IO[bytes]", source), name, stop) as file:
            yield file
        return
    if is_remote(source):
        with fetched(str(source), name) as file, _seekable(file, name, stop) as copy:
            yield copy
        return
    try:
        opened = open(source, "rb", opener=_at_once)  # noqa: SIM115 - a path may be bytes
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnreadableInput(f"cannot open {name}: {reason}") from error
    with opened, _seekable(opened, name, stop) as file:
        yield file


def inlined(address: str) -> bytes:
    """What an address holds itself: `data:audio/flac;base64,...`, in either alphabet.

    Raises:
        UnreadableInput: it is not Base64.
    """
    head, _, text = address.partition(",")
    if not head.endswith(";base64"):
        raise UnreadableInput(f"cannot read {shown(address)}: it is not in Base64")
    try:
        return base64.b64decode(text.translate(_URL_SAFE) + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise UnreadableInput(f"cannot read {shown(address)}: {error}") from error


_URL_SAFE = str.maketrans("-_", "+/")


class SampleRecording(Recording):
    """Samples that are in memory already."""

    def __init__(self, source: Samples | AudioSegment, name: str) -> None:
        samples, rate_hz = source if isinstance(source, tuple) else _segment_samples(source)
        self._samples, full_scale = _checked(np.asarray(samples), rate_hz)
        self._scale = np.float32(1 / full_scale)
        frames, channels = self._samples.shape
        super().__init__(name, int(rate_hz), channels, frames / rate_hz)

    def blocks(self) -> Iterator[Block]:
        for at in range(0, len(self._samples), BLOCK_FRAMES):
            with np.errstate(over="ignore"):
                block = self._samples[at : at + BLOCK_FRAMES].astype(np.float32)
            yield block * self._scale

    def sha256(self) -> str:
        kind = f"{self.rate_hz} {self._samples.shape} {self._samples.dtype.str} "
        return hashlib.sha256(
            kind.encode() + np.ascontiguousarray(self._samples).tobytes()
        ).hexdigest()


def is_samples(source: AudioSource) -> TypeGuard[Samples | AudioSegment]:
    """Whether the source is samples rather than a file."""
    return isinstance(source, tuple) or hasattr(source, "raw_data")


def _segment_samples(segment: AudioSegment) -> Samples:
    kind = np.dtype(f"<i{segment.sample_width}")
    samples = np.frombuffer(segment.raw_data, kind).reshape(-1, segment.channels)
    return samples, segment.frame_rate


def _checked(samples: NDArray[Any], rate_hz: float) -> tuple[NDArray[Any], float]:
    """Samples of shape (n, channels), and the value that stands for full scale."""
    table = samples[:, np.newaxis] if samples.ndim == 1 else samples
    if table.ndim != 2 or not 1 <= table.shape[1] <= _MOST_CHANNELS or not rate_hz > 0:
        raise UsageError(
            f"samples must have shape (n,) or (n, channels) and a rate in Hz, "
            f"not {samples.shape} at {rate_hz}"
        )
    if table.dtype.kind not in "fi":
        raise UsageError(f"samples must be float or signed integer, not {samples.dtype}")
    return table, 1.0 if table.dtype.kind == "f" else -float(np.iinfo(table.dtype).min)


@contextmanager
def _seekable(file: IO[bytes], name: str, stop: Stop) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        try:
            if not file.seekable():
                spool = stack.enter_context(tempfile.TemporaryFile())
                for data in _arriving(file, stop):
                    spool.write(data)
                file = spool
            file.seek(0)
        except OSError as error:
            raise UnreadableInput(f"cannot read {name}: {error.strerror}") from error
        # Unbuffered, so that decoders in C may share the file's descriptor and position.
        raw = getattr(file, "raw", None)
        yield raw if isinstance(raw, io.FileIO) else file


def _at_once(path: str, flags: int) -> int:
    """Open a FIFO before anybody writes into it: the wait is in `_arriving`, where it can end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _arriving(file: IO[bytes], stop: Stop) -> Iterator[bytes]:
    """What a file that cannot seek gives, until its end."""
    read = getattr(file, "read1", file.read)
    data: bytes | None = None
    while data != b"":
        while not _has_data(file):
            stop.check()
        data = read(1 << 20)
        yield data or b""


def _has_data(file: IO[bytes]) -> bool:
    """Whether reading will not wait, as far as the system tells; it is given a while."""
    raw = getattr(file, "raw", file)
    if not isinstance(raw, io.FileIO):
        return True
    try:
        return bool(select.select([raw], [], [], _LOOK_S)[0])
    except OSError:  # Windows asks sockets only
        return True
