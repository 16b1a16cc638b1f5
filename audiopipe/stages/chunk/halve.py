"""Halve: a chunk that is too much for one request becomes two that overlap."""

from __future__ import annotations

from audiopipe.audio.excerpt import between, excerpt, samples_of
from audiopipe.audio.silence import quietest
from audiopipe.values.audio import RATE_HZ, Chunk, Span


def halve(chunk: Chunk, *, overlap_s: float) -> tuple[Chunk, Chunk]:
    """Two chunks in place of one, cut at the quietest point of its middle quarter.

    Both keep the index of the whole; their cores tile its core.

    Args:
        chunk: longer than four overlaps.
        overlap_s: what the two share, in seconds.
    """
    samples = samples_of(chunk)
    first, last = len(samples) * 3 // 8, len(samples) * 5 // 8
    seam, half = first + quietest(samples[first:last]), round(overlap_s * RATE_HZ / 2)
    seam_s = next(between(chunk.window.stretches, seam, len(samples))).start_s
    core = chunk.window.core
    left, right = Span(core.start_s, seam_s), Span(seam_s, core.end_s)
    return (
        excerpt(chunk, samples, [(0, seam + half)], left),
        excerpt(chunk, samples, [(seam - half, len(samples))], right),
    )
