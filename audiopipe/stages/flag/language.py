"""Flags from a language that is not the rest's."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby

from audiopipe.stages.flag.evidence import Evidence, covering, outside
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.values.transcript import ChunkTranscript, Flag

_DETAIL = (
    "This is in another language than the rest: if it is not spoken here transcribe the passage "
    "again with the language named, and if it is, transcribe it by itself."
)

_EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH")
"""Scripts that stand in one Japanese sentence."""


def other_script(evidence: Evidence) -> Iterator[Flag]:
    """Letters of another script than that of most letters of the chunk."""
    counts = [Counter(map(_script, filter(str.isalpha, s.text))) for s in evidence.segments]
    total = sum(counts, Counter[str]())
    main = max(sorted(total), key=total.__getitem__, default="")
    return outside(
        "language-switch",
        evidence.segments,
        [1 - count[main] / count.total() if count else None for count in counts],
        upper=evidence.thresholds.max_other_script,
        detail=_DETAIL,
    )


def other_language(
    transcript: ChunkTranscript, shares: Mapping[str, float], thresholds: Thresholds
) -> Iterator[Flag]:
    """Stretches of a chunk in a language that little of the file is in.

    Args:
        transcript: the chunk.
        shares: `spoken_languages` of the whole file.
        thresholds: those of the model.
    """
    least = thresholds.min_language_share
    main = next(iter(shares), None)
    for language, group in groupby(
        transcript.segments, key=lambda segment: segment.language or transcript.language
    ):
        share = shares.get(language, 0.0) if language else 1.0
        if least is not None and language != main and share < least:
            span = covering(segment.span for segment in group)
            yield Flag("language-switch", span, share, least, _DETAIL)


def _script(letter: str) -> str:
    if letter.isascii():
        return "LATIN"
    script = unicodedata.name(letter, "").partition(" ")[0]
    return "EAST ASIAN" if script in _EAST_ASIAN else script
