"""A process of its own that decodes, as its user sees it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audiopipe import errors
from audiopipe.audio.reading.isolation.means import MOST_BYTES, OVERTIME, use_of
from audiopipe.audio.reading.isolation.ring import Reader
from audiopipe.audio.reading.isolation.wire import Gone, Link, Place, Request
from audiopipe.audio.reading.recording import Block
from audiopipe.concurrency import Stop

STALLED_S = 30.0
"""So long may a decoder neither give sound nor use the processor. It may wait for a slow disk."""

_LOOK_S = 0.1
"""How often a wait looks whether it shall end."""

_DYING_S = 5.0

_CODE = (
    "import gc; gc.disable(); import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from audiopipe.audio.reading.isolation.child import main; main(*map(int, sys.argv[2:]))"
)
"""Not `-m`, nor a start of our own `__main__` again: what is imported is what we ourselves import,
whatever the working directory holds."""

_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 20), "MALLOC_TRIM_THRESHOLD_": str(8 << 20)}
"""What is large goes back to the system when it is freed, as tables of an MP4 that are made anew;
the C library of GNU would keep it (mallopt(3))."""

_CRASHES_IN_A_ROW, _KILLS_IN_A_ROW = 2, 30

_CRASHES = {"SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"}


class CannotStart(Exception):
    """No process can be started here."""


class Died(Exception):
    """A decoder ended in the midst of its work.

    Args:
        reason: what it did, to stand behind the name of a file.
        tries: how often that may happen in a row, without a new sound between, before it is taken
            for what the file does to any decoder.
        is_by_signal: whether a signal did it.
    """

    def __init__(self, reason: str, tries: int, *, is_by_signal: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.tries = tries
        self.is_by_signal = is_by_signal


class Decoder:
    """A decoder process, for one file after another.

    Raises:
        CannotStart: it did not begin.
        Died: something ended it as it began.
    """

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        ours.settimeout(_LOOK_S)
        self._link = Link(ours, self._look)
        self._ring = Reader()
        self._stop = Stop()
        self._quiet_s = 0.0
        self._ticks = 0
        self._verdict: Died | None = None
        self._is_open = True
        try:
            with theirs:
                self._process = _started(theirs, self._ring.shared)
        except (OSError, ValueError) as error:
            self._link.close()
            self._ring.close()
            raise CannotStart(str(error)) from error
        try:
            self._facts(Stop())  # that it is ready
        except Died as death:
            if death.is_by_signal:
                raise
            raise CannotStart(f"the process {death.reason}") from death

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def open(self, request: Request, descriptor: int, stop: Stop) -> dict[str, Any]:
        """Its answer to a request about an open file.

        Raises:
            Died: on that.
            InputError: it cannot use the file.
            Stopped: by `stop`.
        """
        self._ask(asdict(request), [descriptor])
        return self._facts(stop)

    def blocks(self, together: int, stop: Stop) -> Generator[Block, None, dict[str, Any]]:
        """All blocks of the open file, and at the end what is known then; raises as `open` does.

        Args:
            together: so many come at once, up to `TOGETHER`: what had not come when a decoder dies
                is lost with it.
        """
        self._ask({"what": "blocks", "together": together})
        while isinstance(message := self._message(stop), Place):
            try:
                block = self._ring.look(message)
            except (IndexError, ValueError):
                raise self._death() from None
            yield block
            del block  # its slot must not wait for the next
        return message

    def close(self) -> None:
        """Close the file of which no blocks were asked."""
        with suppress(Died):
            self._ask({"what": "close"})

    def end(self) -> None:
        """End the process at once. Ending it twice is harmless."""
        if not self._is_open:
            return
        self._is_open = False
        self._link.close()
        self._ring.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # it hangs in a call to the system
            self._process.wait(_DYING_S)

    def forget(self) -> None:
        """It is our parent's: we are a fork."""
        self._is_open = False
        self._link.forget()
        self._ring.close()
        self._process.returncode = 0  # it is no child of ours to wait for

    def _ask(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        try:
            self._link.send(request, descriptors)
        except Gone:
            raise self._death() from None

    def _facts(self, stop: Stop) -> dict[str, Any]:
        if isinstance(message := self._message(stop), Place):
            raise self._death()
        return message

    def _message(self, stop: Stop) -> dict[str, Any] | Place:
        self._stop, self._quiet_s = stop, 0.0
        try:
            message = self._link.receive()
        except Gone:
            raise self._death() from None
        if isinstance(message, dict) and "error" in message:
            raise getattr(errors, message["error"])(message["message"])
        return message

    def _look(self) -> None:
        """Called while it says nothing."""
        self._stop.check()
        ticks, held_bytes = use_of(self._process.pid)
        self._quiet_s = self._quiet_s + _LOOK_S if ticks == self._ticks else 0.0
        self._ticks = ticks
        if held_bytes > MOST_BYTES:
            self._verdict = Died(f"took more than {MOST_BYTES >> 20} MB of memory", 1)
            raise Gone
        if self._quiet_s >= STALLED_S:
            self._verdict = Died(f"did nothing for {STALLED_S:.0f} s", _CRASHES_IN_A_ROW)
            raise Gone

    def _death(self) -> Died:
        """What has ended it; we do it now if it is still there."""
        if not self._verdict:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_DYING_S)
        code = self._process.poll()
        self.end()
        return self._verdict or _cause(code)


def _cause(code: int | None) -> Died:
    if code is None:
        return Died("said what cannot be", _CRASHES_IN_A_ROW)
    if code >= 0:
        return Died(f"ended with code {code}", _CRASHES_IN_A_ROW, is_by_signal=False)
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    if name == OVERTIME.name:
        return Died("found no sound though it worked on", 1)
    if name in _CRASHES:
        return Died(f"crashed ({name})", _CRASHES_IN_A_ROW)
    return Died(f"was ended by others ({name})", _KILLS_IN_A_ROW)


def _started(line: socket.socket, shared: Sequence[int]) -> subprocess.Popen[bytes]:
    if getattr(sys, "frozen", False) or not sys.executable:
        raise ValueError("this program is no Python interpreter that could be started again")
    if not hasattr(socket, "send_fds"):
        raise ValueError("this system hands no open files from process to process")
    home = str(Path(errors.__file__).parent.parent)
    path = [os.path.abspath(entry) for entry in [*sys.path, home]]  # noqa: PTH100 - "" is here
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _CODE, json.dumps(path), *map(str, shared)],
        pass_fds=shared,
        stdin=line.fileno(),
        stdout=subprocess.DEVNULL,
        # What decoders complain about is for nobody: what it means for the file is in our notes.
        stderr=subprocess.DEVNULL,
        # Ctrl-C is for us. It ends when its line is closed, however we end.
        process_group=0,
        env={**_MEMORY, **os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
