"""Parts of a chunk as chunks of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading import ChunkEncoder, decode_pcm
from audiopipe.values.audio import RATE_HZ, Chunk, Span, Window


def samples_of(chunk: Chunk) -> NDArray[np.int16]:
    """The samples of a chunk, shape (n,), 16 kHz."""
    return np.rint(decode_pcm(chunk.data, chunk.format) * 32768).clip(-32768, 32767).astype("int16")


def excerpt(
    chunk: Chunk, samples: NDArray[np.int16], parts: Sequence[tuple[int, int]], core: Span
) -> Chunk:
    """Some samples of a chunk as a chunk, encoded alike.

    Args:
        chunk: whose index, format and origin the new one has.
        samples: its samples, or others that take their place, such as without noise.
        parts: first and past-the-last sample of each part that is taken, in order.
        core: what is the new one's own.
    """
    taken = np.concatenate([samples[start:end] for start, end in parts])
    encoder = ChunkEncoder(chunk.format)
    encoder.write(taken)
    digest = hashlib.sha256(taken.astype("<i2", copy=False).tobytes()).hexdigest()
    stretches = tuple(each for part in parts for each in between(chunk.window.stretches, *part))
    window = Window(chunk.window.index, stretches, core)
    return Chunk(window, encoder.finish(), chunk.format, digest, chunk.origin)


def between(stretches: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    """What lies between two samples of the stretches joined."""
    at = 0
    for stretch in stretches:
        count = round(stretch.duration_s * RATE_HZ)
        first, last = max(start - at, 0), min(end - at, count)
        if first < last:
            yield Span(stretch.start_s + first / RATE_HZ, stretch.start_s + last / RATE_HZ)
        at += count


def sample_at(stretches: Sequence[Span], at_s: float) -> int:
    """The sample of the stretches joined that lies at a time of the file, or next after it."""
    at = 0
    for stretch in stretches:
        if at_s < stretch.end_s:
            return at + max(0, round((at_s - stretch.start_s) * RATE_HZ))
        at += round(stretch.duration_s * RATE_HZ)
    return at
