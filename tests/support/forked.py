"""Command lines, each in a process of its own, for the price of one start.

One process imports what commands need and forks for each: of a command that takes a second of the
processor, three quarters are imports.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import audiopipe

OVERTIME_S = 300
_END = "end"
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


class Forks:
    """Runs cases one after another, each in a fork of one process that has all imported."""

    def __init__(self) -> None:
        support = str(Path(__file__).parent.parent)
        path = os.pathsep.join(filter(None, (support, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.forked"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """End it, whoever else has inherited our end of its pipe."""
        assert self._process.stdin and self._process.stdout
        with self._process, self._process.stdin as lines:
            print(_END, file=lines)

    def run(self, case: Case) -> int:
        """The exit code; minus a signal's number where that ended it."""
        assert self._process.stdin and self._process.stdout
        print(json.dumps(asdict(case)), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


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


def _wait(child: int) -> int:
    overtime = threading.Timer(OVERTIME_S, os.kill, (child, 9))
    overtime.start()
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        overtime.cancel()


def _import_all() -> None:
    for module in pkgutil.walk_packages(audiopipe.__path__, "audiopipe."):
        if not module.name.startswith(_SERVED):
            with suppress(ImportError):  # of an extra that is not installed
                importlib.import_module(module.name)


def _main() -> None:
    lines, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    _import_all()
    for line in lines:
        if line.strip() == _END:
            return
        given = json.loads(line)
        case = Case(**{**given, "arguments": tuple(given["arguments"])})
        child = os.fork()
        if not child:
            _begin(case)
            sys.modules["audiopipe.cli"].main()
        print(_wait(child), file=answers, flush=True)


if __name__ == "__main__":
    _main()
