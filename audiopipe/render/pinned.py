"""The places where lines may end, kept in the segments before they are mended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from audiopipe.render.drafts import turns
from audiopipe.render.joins import shown_text
from audiopipe.text.breaks import line_breaks
from audiopipe.text.joints import meets
from audiopipe.text.words import is_unspaced
from audiopipe.values.transcript import Segment, Transcript

_AFTER_SPACE = re.compile(r"\S\s+(?=\S)")


def pinned(transcript: Transcript) -> tuple[Segment, ...]:
    """The segments, each with its `breaks` where these are not just after spaces; 0 in them is for
    a line that may end before it. They are those of the whole turn, as it was heard."""
    places = dict(_places(transcript))
    return tuple(
        replace(each, breaks=places.get(id(each), each.breaks)) for each in transcript.segments
    )


def _places(transcript: Transcript) -> Iterator[tuple[int, tuple[int, ...]]]:
    before = ""
    for turn in turns(transcript):
        said = [part for part in turn.parts if isinstance(part, Segment)]
        lines = _uncommon(said)
        at = 0
        for segment in said:
            text = shown_text(segment)
            if lines is not None:
                own = {place - at for place in lines if at <= place < at + len(text)}
                if not at and before and meets(before, text):
                    own.add(0)
                yield id(segment), _from_start(own, text)
            before, at = text, at + len(text)


def _uncommon(said: Sequence[Segment]) -> tuple[int, ...] | None:
    """Where the lines of a turn may end; None where that is after spaces, or each part tells."""
    text = "".join(map(shown_text, said))
    if text.isascii() or any(part.breaks is not None for part in said):
        return None
    lines = tuple(line_breaks(text))
    is_plain = lines == tuple(match.end() for match in _AFTER_SPACE.finditer(text))
    return None if is_plain and not any(map(is_unspaced, text)) else lines


def _from_start(places: set[int], text: str) -> tuple[int, ...]:
    """The places, that before the first letter as 0, whatever space is before it."""
    lead = len(text) - len(text.lstrip())
    return tuple(sorted({0 if place <= lead else place for place in places}))
