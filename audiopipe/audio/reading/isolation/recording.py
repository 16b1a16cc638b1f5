"""A file that is decoded in another process, as its user sees it."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from audiopipe.audio.reading.isolation.decoder import CannotStart, Decoder, Died
from audiopipe.audio.reading.isolation.pool import decoders
from audiopipe.audio.reading.isolation.ring import TOGETHER
from audiopipe.audio.reading.isolation.wire import Request
from audiopipe.audio.reading.recording import Block, Recording, file_sha256, skip_frames
from audiopipe.concurrency import Stop
from audiopipe.errors import InputError, UnreadableInput
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Failure

__all__ = ["CannotStart", "IsolatedRecording", "isolated_chapters", "isolated_tags", "on_disk"]


_LEAST_LOST_S = 1.0
"""Told of as lost where a decoder dies, though nothing says how much would have followed."""


class IsolatedRecording(Recording):
    """A file that is read in another process.

    Args:
        file: its position is shared with the other process.
        name: for messages.
        track, raw: as `readers.open_reader` has them.
        stop: ends a wait for the other process.

    Raises:
        CannotStart: there can be no other process.
        InputError: as `reading.open_source`; also if the file makes each decoder die.
        Stopped: before it was open.
    """

    def __init__(
        self, file: io.FileIO, name: str, track: int | None, raw: str | None, stop: Stop
    ) -> None:
        self._file, self._stop = file, stop
        self._visits = _Visits(file, Request("open", name, track, raw), stop)
        self._decoder: Decoder | None
        self._decoder, facts = self._visits.next()
        self._is_giving = self._has_died = False
        super().__init__(name, facts["rate_hz"], facts["channels"], facts["duration_s"])
        self.notes = facts["notes"]
        self.is_ahead = True

    def blocks(self) -> Iterator[Block]:
        given, is_done = 0, False
        while not is_done:
            try:
                for block in skip_frames(self._received(), given):
                    given += len(block)
                    self._visits.deaths = 0
                    yield block
                is_done = True
            except Died as death:
                is_done = not self._begins_again(death, given)

    def sha256(self) -> str:
        return file_sha256(self._file)

    def close(self) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder and self._is_giving:
            decoders().drop(decoder)
        elif decoder:
            decoder.close()
            decoders().give_back(decoder)

    def _received(self) -> Iterator[Block]:
        assert self._decoder
        self._is_giving = True
        try:
            together = 1 if self._has_died else TOGETHER
            facts = yield from self._decoder.blocks(together, self._stop)
        except InputError:
            self._is_giving = False
            raise
        self._is_giving = False
        self.notes.extend(note for note in facts["notes"] if note not in self.notes)
        for start_s, end_s, reason in facts["losses"]:
            self.losses.append(Failure(Span(start_s, end_s), reason))

    @property
    def _unread(self) -> float:
        """How many times as long as what was read the file is, by its bytes."""
        read = self._file.tell()
        return self._file.seek(0, os.SEEK_END) / max(1, read)

    def _begins_again(self, death: Died, frames: int) -> bool:
        """Whether another decoder is at work; if not, what follows the `frames` is lost.

        Raises:
            UnreadableInput: nothing was given yet.
        """
        self.close()
        self._has_died = True
        try:
            self._visits.endure(death)
            self._decoder, _ = self._visits.next()
        except (UnreadableInput, CannotStart) as error:
            if not frames:
                raise UnreadableInput(str(error)) from error
            at_s = frames / self.rate_hz
            end_s = max(self.duration_s or at_s * self._unread, at_s + _LEAST_LOST_S)
            self.lose(at_s, end_s, f"the decoder {death.reason}")
            return False
        return True


def isolated_chapters(file: io.FileIO, name: str) -> list[tuple[float, float, str]]:
    """Start, end and title of each chapter; raises as `IsolatedRecording` does."""
    decoder, facts = _Visits(file, Request("chapters", name), Stop()).next()
    decoders().give_back(decoder)
    return [(start_s, end_s, title) for start_s, end_s, title in facts["chapters"]]


def isolated_tags(file: io.FileIO, name: str) -> dict[str, str]:
    """The tags of a file; raises as `IsolatedRecording` does."""
    decoder, facts = _Visits(file, Request("tags", name), Stop()).next()
    decoders().give_back(decoder)
    return {str(tag): str(line) for tag, line in facts["tags"].items()}


@contextmanager
def on_disk(file: IO[bytes], name: str) -> Iterator[io.FileIO]:
    """The file, or an unnamed temporary copy that has a descriptor.

    Raises:
        UnreadableInput: it cannot be read, or there is no room for a copy.
    """
    if isinstance(file, io.FileIO):
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        try:
            file.seek(0)
            shutil.copyfileobj(file, copy)
            copy.flush()
        except OSError as error:
            where = tempfile.gettempdir()
            raise UnreadableInput(f"cannot copy {name} to {where}: {error.strerror}") from error
        yield io.FileIO(copy.fileno(), closefd=False)


class _Visits:
    """A file goes from decoder to decoder, until one answers.

    Attributes:
        deaths: of decoders, in a row without a sound between.
    """

    def __init__(self, file: io.FileIO, request: Request, stop: Stop) -> None:
        self._file, self._request, self._stop = file, request, stop
        self.deaths = 0

    def next(self) -> tuple[Decoder, dict[str, Any]]:
        """A decoder and its answer; raises as `IsolatedRecording` does."""
        while True:
            try:
                decoder = decoders().take(fresh=self.deaths > 0)
            except Died as death:
                self.endure(death)
                continue
            try:
                return decoder, decoder.open(self._request, self._file.fileno(), self._stop)
            except Died as death:
                decoders().drop(decoder)
                self.endure(death)
            except InputError:
                decoders().give_back(decoder)
                raise
            except BaseException:
                decoders().drop(decoder)
                raise

    def endure(self, death: Died) -> None:
        """Go on after a death.

        Raises:
            UnreadableInput: there were too many.
        """
        self.deaths += 1
        if self.deaths >= death.tries:
            raise UnreadableInput(
                f"{self._request.name} cannot be read: the decoder {death.reason}"
            )
