"""What a person has made of a transcript: passages mended, speakers named, flags settled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag


@dataclass(frozen=True, slots=True)
class Doubt:
    """A flag, as a correction names it: its kind and its passage tell it from all others."""

    kind: str
    span: Span


def doubt_of(flag: Flag) -> Doubt:
    """What names a flag."""
    return Doubt(flag.kind, flag.span)


@dataclass(frozen=True, slots=True)
class Correction:
    """All that somebody said of one segment; it takes the place of what was said before.

    Attributes:
        segment: its number in the original, from 0 on; None where a flag lies in no segment.
        before: its text in the original, which tells whether the correction belongs to it.
        after: its text from now on; blank strikes it, and each line of it is a passage of its own.
        speaker: its speaker from now on, None for nobody known.
        who: a name; "" where none was given.
        when: ISO 8601, UTC.
        settles: the flags that are no doubts any more.
        breaks: places in `after` where lines may end, as whoever wrote it has them; None where he
            does not tell, and a dictionary is asked.
        joined: whether it goes on with the passage before it.
    """

    segment: int | None
    before: str
    after: str
    speaker: str | None = None
    who: str = ""
    when: str = ""
    settles: tuple[Doubt, ...] = ()
    breaks: tuple[int, ...] | None = field(default=None, compare=False)
    joined: bool = False

    def __post_init__(self) -> None:
        if self.segment is not None and self.segment < 0:
            raise ValueError(f"there is no segment {self.segment}")


def merged(*histories: Iterable[Correction]) -> tuple[Correction, ...]:
    """All of several people's, each once, in order of time: of a segment the last word counts, and
    what it took the place of is kept."""
    every = dict.fromkeys(each for history in histories for each in history)
    return tuple(sorted(every, key=lambda each: each.when))


def standing(history: Iterable[Correction]) -> dict[int | None, Correction]:
    """The last word on each segment, in order of the segments."""
    last = {each.segment: each for each in history}
    return dict(sorted(last.items(), key=lambda item: -1 if item[0] is None else item[0]))


def settled(history: Iterable[Correction]) -> frozenset[Doubt]:
    """The flags that are no doubts any more."""
    return frozenset(doubt for each in standing(history).values() for doubt in each.settles)
