"""Replace: write what is known to be heard wrongly as the glossary has it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from audiopipe.stages.finish.glossary import Replacement
from audiopipe.text.words import shared_out, split_words, whole_words
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Transcript, Word


def replace_words(transcript: Transcript, replacements: Sequence[Replacement]) -> Transcript:
    """The transcript with its replacements made; all times outside of them stay as they are.

    Whole words are compared, whatever their case and the space between them; in scripts without
    spaces the text itself. Of several that begin at the same place the longest is made, and none
    in what another has written. Each is within one segment. As many words as were there keep their
    own times, more or fewer share the time of those they replace.

    Args:
        transcript: its flags stay.
        replacements: what is heard, and what to write.
    """
    if not replacements:
        return transcript
    longest_first = sorted(replacements, key=lambda each: len(each.heard), reverse=True)
    heard = re.compile("|".join(f"({whole_words(each.heard)})" for each in longest_first), re.I)
    written = [each.written for each in longest_first]
    return replace(
        transcript,
        segments=tuple(
            _replaced(segment, [_hit(match, written) for match in heard.finditer(segment.text)])
            for segment in transcript.segments
        ),
    )


@dataclass(frozen=True, slots=True)
class _Hit:
    """Characters of a segment's text, and what to write there."""

    start: int
    end: int
    written: str


def _hit(match: re.Match[str], written: Sequence[str]) -> _Hit:
    assert match.lastindex
    return _Hit(match.start(), match.end(), written[match.lastindex - 1])


def _replaced(segment: Segment, hits: Sequence[_Hit]) -> Segment:
    if not hits:
        return segment
    text = _written(segment.text, hits, 0, len(segment.text))
    return replace(segment, text=text, words=tuple(_reworded(segment, hits)))


def _reworded(segment: Segment, hits: Sequence[_Hit]) -> Iterator[Word]:
    """The segment's words, those under a hit made anew."""
    run: list[Word] = []
    start = end = 0
    for word in segment.words:
        run.append(word)
        end += len(word.text)
        if any(hit.start < end < hit.end for hit in hits):
            continue
        inside = [hit for hit in hits if start <= hit.start < end]
        yield from _timed(_written(segment.text, inside, start, end), run) if inside else run
        run, start = [], end


def _written(text: str, hits: Sequence[_Hit], start: int, end: int) -> str:
    """The part of the text with the hits in it made."""
    pieces = []
    for hit in hits:
        pieces += [text[start : hit.start], hit.written]
        start = hit.end
    return "".join([*pieces, text[start:end]])


def _timed(text: str, replaced: Sequence[Word]) -> Iterator[Word]:
    pieces = split_words(text)
    if len(pieces) == len(replaced):
        yield from (replace(word, text=piece) for word, piece in zip(replaced, pieces, strict=True))
        return
    start_s = replaced[0].span.start_s
    whole = Span(start_s, max(start_s, replaced[-1].span.end_s))
    known = [word.probability for word in replaced if word.probability is not None]
    for word in shared_out(text, whole):
        yield replace(word, probability=min(known, default=None))
