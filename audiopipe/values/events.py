"""What a run tells while it works, for progress bars, logs and services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from audiopipe.concurrency import Stop
from audiopipe.values.audio import Span
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Segment


@dataclass(frozen=True, slots=True)
class Heard:
    """A chunk has its answer, which is stored.

    Attributes:
        source: name of the recording.
        span: the part of it that no other chunk owns.
        usage: what the chunk took, whenever it was asked for.
        cached: whether the answer is of an earlier run, and cost this one nothing.
    """

    source: str
    span: Span
    usage: Usage
    cached: bool


@dataclass(frozen=True, slots=True)
class Mended:
    """A passage was asked about again.

    Attributes:
        source: name of the recording.
        span: the passage.
        replaced: whether another answer stands there now.
        usage: what it took, whenever it was asked for.
        spent: the part of it that this run paid.
    """

    source: str
    span: Span
    replaced: bool
    usage: Usage
    spent: Usage


@dataclass(frozen=True, slots=True)
class Lost:
    """A chunk was given up."""

    source: str
    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """The next segments of a transcript, which no later chunk can change.

    Attributes:
        number: of the recording among those of the call, from 0.
        segments: they follow those that were told before.
    """

    number: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Spoke:
    """A line of a text has its sound, which is stored.

    Attributes:
        text: the line.
        number: its number, from 1.
        lines: lines of the whole text.
        usage: what the line took, whenever it was asked for.
        cached: whether the sound is of an earlier run, and cost this one nothing.
    """

    text: str
    number: int
    lines: int
    usage: Usage
    cached: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request waits, for a limit or before it is sent again.

    Attributes:
        wait_s: seconds, known before the wait begins.
        reason: what for, such as "7200 audio seconds an hour".
        billed: whether the request was sent, may have been billed, and is now sent again.
    """

    wait_s: float
    reason: str
    billed: bool = False


Event = Heard | Mended | Lost | Settled | Spoke | Waiting
Listener = Callable[[Event], None]
"""Called with each event, one at a time, from any thread; it should return soon."""

Pause = Callable[[float, Waiting], None]
"""Waits so many seconds, a part or all of a wait that is known; may raise `errors.Stopped`."""


def waiting(pause: Pause) -> Callable[[float], None]:
    """The pause as a wait for what somebody else has asked for, of which nobody is told."""
    return lambda seconds: pause(seconds, Waiting(0.0, "the answer to the same request"))


class Teller:
    """Tells a listener of events, for many threads, and waits so that a stop ends the wait.

    Args:
        listener: called with one event at a time; None tells nobody.
        stop: ends every wait.
    """

    def __init__(self, listener: Listener | None, stop: Stop) -> None:
        self.listener, self._stop = listener, stop
        self._telling = Lock()

    def tell(self, event: Event) -> None:
        """Something happened."""
        if self.listener:
            with self._telling:
                self.listener(event)

    def pause(self, seconds: float, waiting: Waiting) -> None:
        """Wait, for a limit or before another try; see `Pause`."""
        if waiting.wait_s > 0:
            self.tell(waiting)
        self._stop.sleep(seconds)
