"""Many command lines, each in a process of its own, for the price of one start.

What each writes goes to `stdout` and `stderr` in its folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import audiopipe.cli
import audiopipe.cli.ask
import audiopipe.cli.chat
import audiopipe.cli.speak
import audiopipe.cli.transcribe

DEFECT = 70
"""Exit code where the command line has not left by itself."""


@dataclass(frozen=True, slots=True)
class Case:
    """A command line with what is set in its environment, and the folder that it works in."""

    arguments: tuple[str, ...]
    environment: dict[str, str]
    folder: str


class Forks:
    """Runs cases one after another, each in a fork of one process that has all imported.

    Args:
        environment: of that process.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        support = str(Path(__file__).parent.parent)
        path = os.pathsep.join(filter(None, (support, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.forked"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, "PYTHONPATH": path},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def run(self, case: Case) -> int:
        """The exit code."""
        assert self._process.stdin and self._process.stdout
        print(json.dumps(asdict(case)), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


def _run(case: Case) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.chdir(case.folder)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    os.environ.update(case.environment)
    sys.argv = ["audiopipe", *case.arguments]
    try:
        audiopipe.cli.main()
    except SystemExit as error:
        sys.stderr.flush()
        os._exit(int(error.code or 0))
    finally:
        os._exit(DEFECT)


def _main() -> None:
    for line in sys.stdin:
        given = json.loads(line)
        case = Case(tuple(given["arguments"]), given["environment"], given["folder"])
        print(_run(case), flush=True)


if __name__ == "__main__":
    _main()
