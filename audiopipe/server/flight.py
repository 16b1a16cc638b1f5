"""Work under way, which any number of requests wait for, and which waits for none of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from audiopipe.concurrency import Stop
from audiopipe.errors import AudiopipeError
from audiopipe.server.jobs import Job
from audiopipe.values.transcript import Segment, Transcript


class Flight:
    """One recording's way, from the queue to its end; used in the thread of the event loop.

    Args:
        job: what was accepted.
        stop: ends it alone.

    Attributes:
        pieces: the transcript's segments as they became settled, whole at the end.
        transcript, error: what became of it.
        is_running: whether it has left the queue.
        is_cancelled: whether its client deleted it.
    """

    def __init__(self, job: Job, stop: Stop) -> None:
        self.job, self.stop = job, stop
        self.pieces: list[tuple[Segment, ...]] = []
        self.transcript: Transcript | None = None
        self.error: AudiopipeError | None = None
        self.is_running = self.is_cancelled = False
        self._changed = asyncio.Event()

    @property
    def has_ended(self) -> bool:
        return self.transcript is not None or self.error is not None

    def settle(self, segments: tuple[Segment, ...]) -> None:
        """More of the transcript is settled."""
        self.pieces.append(segments)
        self._tell()

    def land(self, transcript: Transcript) -> None:
        """It ended well: what was not settled before is now."""
        told = [segment for piece in self.pieces for segment in piece]
        rest = transcript.segments[len(told) :]
        if [each.text for each in told] != [each.text for each in transcript.segments[: len(told)]]:
            # what was sent stands: go on behind it
            rest = tuple(s for s in transcript.segments if s.span.start_s >= told[-1].span.end_s)
        if rest:
            self.pieces.append(rest)
        self.transcript = transcript
        self._tell()

    def fail(self, error: AudiopipeError) -> None:
        """It ended badly."""
        self.error = error
        self._tell()

    async def ended(self, wait_s: float | None = None) -> bool:
        """Wait for the end, at most so long; whether it has come."""
        return await self._waited(lambda: self.has_ended, wait_s)

    async def begun(self, wait_s: float) -> bool:
        """Wait for the first piece or the end, at most so long; whether either has come."""
        return await self._waited(lambda: self.has_ended or bool(self.pieces), wait_s)

    async def _waited(self, is_so: Callable[[], bool], wait_s: float | None) -> bool:
        try:
            async with asyncio.timeout(wait_s):
                while not is_so():
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def settled(self, beat_s: float) -> AsyncIterator[tuple[Segment, ...]]:
        """Pieces as they are settled, until the end; an empty one where so long none came."""
        told = 0
        while True:
            while told < len(self.pieces):
                told += 1
                yield self.pieces[told - 1]
            if self.has_ended:
                return
            try:
                await asyncio.wait_for(self._changed.wait(), beat_s)
            except TimeoutError:
                yield ()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
