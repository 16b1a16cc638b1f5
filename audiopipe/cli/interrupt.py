"""Ctrl-C, SIGTERM and SIGHUP: the first ends a run in order, the second at once."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import Thread
from types import FrameType

from audiopipe.cli.log import LOGGER
from audiopipe.concurrency import Stop

_SHOW_CURSOR = b"\x1b[?25h\n"

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

_GRACE_S = 0.3
"""So long other threads may go on: an answer that has just arrived is stored in a few ms."""


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """What the first signal sets; the second leaves the process.

    The exit code is 128 and the number of the signal, as shells have it: 130, 143 or 129. A signal
    that was ignored before stays so, as SIGHUP is under nohup.
    """
    stop = Stop()
    arrived, arriving = socket.socketpair()
    arriving.setblocking(False)
    numbers = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    listener = Thread(target=_listen, args=(arrived, numbers, stop), daemon=True)
    listener.start()
    before_fd = signal.set_wakeup_fd(arriving.fileno(), warn_on_full_buffer=False)
    before = {number: signal.signal(number, _pass) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before_fd)
        arriving.close()
        listener.join()
        arrived.close()


def _pass(number: int, frame: FrameType | None) -> None:
    """The listener hears of it too. This thread cannot be relied on: a signal that comes while it
    is about to wait for a lock is acted on when the wait has ended."""


def _listen(arrived: socket.socket, numbers: Collection[int], stop: Stop) -> None:
    signals = itertools.count()
    while byte := arrived.recv(1):
        if (number := byte[0]) not in numbers:
            continue
        if next(signals):
            if sys.stderr.isatty():
                os.write(sys.stderr.fileno(), _SHOW_CURSOR)  # the bars have hidden it
            time.sleep(_GRACE_S)
            os._exit(128 + number)
        stop.set(exit_code=128 + number)
        # in a thread: whoever writes to stderr may have to wait for a terminal
        line = "stopping: what is under way ends; once more leaves at once"
        Thread(target=LOGGER.warning, args=(line,)).start()
