"""Halve: a chunk that is too much for one request becomes two that overlap."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from audiopipe.codec import ChunkEncoder, decode_pcm
from audiopipe.data import RATE_HZ, Chunk, Span, Window
from audiopipe.silence import quietest


def halve(chunk: Chunk, *, overlap_s: float) -> tuple[Chunk, Chunk]:
    """Two chunks in place of one, cut at the quietest point of its middle quarter.

    Both keep the index of the whole; their cores tile its core.

    Args:
        chunk: longer than four overlaps.
        overlap_s: what the two share, in seconds.
    """
    samples = np.rint(decode_pcm(chunk.data, chunk.format) * 32768).astype(np.int16)
    first, last = len(samples) * 3 // 8, len(samples) * 5 // 8
    seam, half = first + quietest(samples[first:last]), round(overlap_s * RATE_HZ / 2)
    stretches = chunk.window.stretches
    seam_s = next(_between(stretches, seam, len(samples))).start_s
    core = chunk.window.core
    left, right = Span(core.start_s, seam_s), Span(seam_s, core.end_s)
    return (
        _piece(chunk, samples, 0, seam + half, left),
        _piece(chunk, samples, seam - half, len(samples), right),
    )


def _piece(chunk: Chunk, samples: NDArray[np.int16], start: int, end: int, core: Span) -> Chunk:
    encoder = ChunkEncoder(chunk.format)
    encoder.write(samples[start:end])
    digest = hashlib.sha256(samples[start:end].astype("<i2", copy=False).tobytes()).hexdigest()
    stretches = tuple(_between(chunk.window.stretches, start, end))
    window = Window(chunk.window.index, stretches, core)
    return Chunk(window, encoder.finish(), chunk.format, digest)


def _between(stretches: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    """What lies between two samples of the stretches joined."""
    at = 0
    for stretch in stretches:
        count = round(stretch.duration_s * RATE_HZ)
        first, last = max(start - at, 0), min(end - at, count)
        if first < last:
            yield Span(stretch.start_s + first / RATE_HZ, stretch.start_s + last / RATE_HZ)
        at += count
