"""Command lines, each in a process of its own, for the price of one start.

One process imports what commands need and forks for each: of a command that takes a second of the
processor, three quarters are imports.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import audiopipe

OVERTIME_S = 300
_PAUSE_S = 0.005
"""After which it looks who has ended."""
_END = b"end"
_SERVED = ("audiopipe.server", "audiopipe.__main__")
"""Nothing imports these but what starts them."""


@dataclass(frozen=True, slots=True)
class Case:
    """A command line.

    Attributes:
        environment: all of it; what an interpreter reads of it as it starts has no effect.
        folder: what it works in.
        streams: where it finds what it reads in `stdin`, if that is there, and writes `stdout` and
            `stderr`.
    """

    arguments: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    streams: str


class Running:
    """A command that was begun, and may be watched and killed; as `subprocess.Popen` is used."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None
        self._has_ended = threading.Event()

    def poll(self) -> int | None:
        """The exit code as soon as there is one; minus a signal's number where that ended it."""
        return self._code

    def wait(self, timeout_s: float = OVERTIME_S) -> int:
        """The exit code, once it has ended."""
        assert self._has_ended.wait(timeout_s), "the command does not end"
        assert self._code is not None
        return self._code

    def send_signal(self, number: int) -> None:
        """Unless it has ended."""
        if self._code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self, code: int) -> None:
        """It has ended, as the process that it was forked from saw."""
        self._code = code
        self._has_ended.set()


class Forks:
    """Runs cases, each in a fork of one process that has all imported."""

    def __init__(self) -> None:
        self._running: dict[int, Running] = {}
        self._begun: queue.Queue[Running] = queue.Queue()
        self._beginning = threading.Lock()
        support = str(Path(__file__).parent.parent)
        path = os.pathsep.join(filter(None, (support, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.forked"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            text=True,
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """End it, whoever else has inherited our end of its pipe."""
        assert self._process.stdin and self._process.stdout
        with self._process, self._process.stdin as lines:
            print(_END.decode(), file=lines, flush=True)
            self._listener.join()

    def run(self, case: Case) -> int:
        """The exit code; minus a signal's number where that ended it."""
        return self.begin(case).wait()

    def begin(self, case: Case) -> Running:
        """The command, on its way."""
        assert self._process.stdin
        with self._beginning:
            print(json.dumps(asdict(case)), file=self._process.stdin, flush=True)
            return self._begun.get(timeout=OVERTIME_S)

    def _listen(self) -> None:
        """Hear which commands have begun, and how they ended."""
        assert self._process.stdout
        for line in self._process.stdout:
            pid, *code = map(int, line.split())
            if code:
                self._running.pop(pid).end(*code)
            else:
                self._running[pid] = Running(pid)
                self._begun.put(self._running[pid])


def _begin(case: Case) -> None:
    """Be as a process that was started for a case."""
    os.chdir(case.folder)
    streams = Path(case.streams)
    read = streams / "stdin"
    with read.open("rb") if read.exists() else Path(os.devnull).open("rb") as given:
        os.dup2(given.fileno(), 0)
    for number, name in ((1, "stdout"), (2, "stderr")):
        with (streams / name).open("wb") as file:
            os.dup2(file.fileno(), number)
    os.environ.clear()
    os.environ.update(case.environment)
    sys.argv = ["audiopipe", *case.arguments]


def _import_all() -> None:
    for module in pkgutil.walk_packages(audiopipe.__path__, "audiopipe."):
        if not module.name.startswith(_SERVED):
            with suppress(ImportError):  # of an extra that is not installed
                importlib.import_module(module.name)


def _main() -> None:
    """Begin each case of a line, and tell who began and who ended: without threads, as it forks."""
    commands, tell = os.dup(0), os.dup(1)
    _import_all()
    until_s: dict[int, float] = {}
    heard = b""
    while True:
        if select.select([commands], [], [], _PAUSE_S if until_s else None)[0]:
            more = os.read(commands, 1 << 16)
            *lines, heard = (heard + more).split(b"\n")
            if not more or _END in lines:
                return
            for line in lines:
                child = _fork(json.loads(line))
                until_s[child] = time.monotonic() + OVERTIME_S
                os.write(tell, f"{child}\n".encode())
        for child in [child for child in until_s if time.monotonic() > until_s[child]]:
            os.kill(child, signal.SIGKILL)
        while until_s and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            del until_s[ended[0]]
            os.write(tell, f"{ended[0]} {os.waitstatus_to_exitcode(ended[1])}\n".encode())


def _fork(given: dict[str, Any]) -> int:
    child = os.fork()
    if not child:
        _begin(Case(**{**given, "arguments": tuple(given["arguments"])}))
        sys.modules["audiopipe.cli"].main()
    return child


if __name__ == "__main__":
    _main()
