"""Linked: speakers that a provider told in each chunk for itself, as those of the whole."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from audiopipe.values.transcript import ChunkFailure, ChunkTranscript, Segment

_COUNTED = re.compile(r"(.*?)([0-9]{1,3}|(?<![0-9A-Za-z])[A-Z])")
"""`A`, `speaker_0`, `Speaker 2`: who is so called in one chunk may be somebody else in the next.
Other names are those of people."""

_LEAST_S = 0.2
"""Who speaks at once with somebody for less is not the same."""


def linked(
    results: Iterable[ChunkTranscript | ChunkFailure],
) -> Iterator[ChunkTranscript | ChunkFailure]:
    """The chunks with one label a speaker: whoever speaks when another chunk hears the same sound
    is the same there. Who isn't heard in an overlap gets a label of their own, as nobody knows.

    Args:
        results: of one channel, in order.
    """
    known: list[Segment] = []
    taken: set[str] = set()
    for result in results:
        if isinstance(result, ChunkTranscript) and any(s.speaker for s in result.segments):
            names = _names(result, known, taken)
            segments = tuple(
                replace(s, speaker=names.get(s.speaker or "", s.speaker)) for s in result.segments
            )
            taken.update(s.speaker for s in segments if s.speaker)
            known = [*segments]
            result = replace(result, segments=segments)
        yield result


def _names(result: ChunkTranscript, known: Iterable[Segment], taken: set[str]) -> Mapping[str, str]:
    """What each counted label of a chunk is called in the whole."""
    labels = dict.fromkeys(s.speaker for s in result.segments if s.speaker)
    names = {label: label for label in labels if not _COUNTED.fullmatch(label)}
    for _, label, name in sorted(_pairs(result, known), reverse=True):
        if label not in names and name not in names.values():
            names[label] = name
    for label in labels:
        if label not in names:
            names[label] = _free(label, taken | {*names.values()})
    return names


def _pairs(result: ChunkTranscript, known: Iterable[Segment]) -> Iterator[tuple[float, str, str]]:
    """How long each label speaks while a known speaker does."""
    shared_s: defaultdict[tuple[str, str], float] = defaultdict(float)
    heard = [s for s in known if s.speaker and s.span.overlap_s(result.window.span) > 0]
    for ours in result.segments:
        for theirs in heard if ours.speaker else ():
            shared_s[str(ours.speaker), str(theirs.speaker)] += ours.span.overlap_s(theirs.span)
    yield from ((s, *pair) for pair, s in shared_s.items() if s >= _LEAST_S)


def _free(label: str, taken: set[str]) -> str:
    """The label, or the next of its kind that nobody has."""
    while label in taken:
        found = _COUNTED.fullmatch(label)
        assert found
        head, count = found.groups()
        if count.isdigit():
            label = f"{head}{int(count) + 1:0{len(count)}}"
        else:
            label = f"{head}{chr(ord(count) + 1)}" if count != "Z" else f"{head}Z 1"
    return label
