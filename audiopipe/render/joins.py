"""Where the lines of a transcript's parts may end, and what stands where two of them meet.

What was heard is one text for each speaker's turn. Where somebody has mended a transcript, its
parts hold what they need by themselves: so his browser, which has other dictionaries, and `render`
come to the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audiopipe.render.passages import gap_text, without_controls
from audiopipe.text.breaks import line_breaks, may_part, parts_at
from audiopipe.text.joints import joint, lacks_space
from audiopipe.values.transcript import Failure, Segment

Part = Segment | Failure


def breaks_of(parts: Sequence[Part]) -> Iterator[int]:
    """Where lines of the parts' joined text may end, in order."""
    texts = [shown_text(part) for part in parts]
    if all(_told(part) is None for part in parts):
        yield from line_breaks("".join(texts))
        return
    at = 0
    for n, (part, text) in enumerate(zip(parts, texts, strict=True)):
        if n and _meets(texts[n - 1], part, text):
            yield at + len(text) - len(text.lstrip())
        yield from (at + place for place in _inside(part, text))
        at += len(text)


def space_between(before: Part | None, after: Part) -> str:
    """The space that two phrases lack between them, or nothing."""
    if before is None or isinstance(before, Failure) or isinstance(after, Failure):
        return ""
    if after.breaks is None:
        return joint(before.text, after.text)
    lacks = lacks_space(before.text + after.text, len(before.text))
    return " " if lacks and 0 in after.breaks else ""


def shown_text(part: Part) -> str:
    """What a reader gets of a part, each control character a blank."""
    return without_controls(gap_text(part) if isinstance(part, Failure) else part.text)


def _told(part: Part) -> tuple[int, ...] | None:
    return part.breaks if isinstance(part, Segment) else None


def _meets(before: str, part: Part, text: str) -> bool:
    told = _told(part)
    if told is not None:
        return 0 in told
    left, right = before[-1:], text[:1]
    return left.isspace() or right.isspace() or bool(left and right and may_part(left, right))


def _inside(part: Part, text: str) -> Iterator[int]:
    told = _told(part)
    if told is None:
        yield from line_breaks(text)
        return
    for place in sorted({*told}):
        # somebody may have changed the text in the file since
        if 0 < place < len(text) and parts_at(text[place - 1], text[place]):
            yield place
