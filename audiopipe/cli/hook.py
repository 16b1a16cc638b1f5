"""`--hook`: a command of the user's that is run on each result."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from audiopipe.cli import options
from audiopipe.cli.log import LOGGER
from audiopipe.errors import UsageError
from audiopipe.workflows.batch import Row

_STDERR = 2
"""stdout is for results alone."""


class Hook:
    """Runs a command on results.

    It gets the files of a result as its last arguments, the row of the record as JSON on its stdin,
    and STATUS and SOURCE in its environment. No shell is in between. It is for `done` and `partial`
    results; what it writes goes to stderr.

    Args:
        command: as in a shell, with quotes.

    Raises:
        UsageError: it cannot be read, or there is no such program.
    """

    def __init__(self, command: str) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"--hook cannot be {command!r}: {error}") from error
        if not self._words or not shutil.which(self._words[0]):
            raise UsageError(f"--hook: there is no program {' '.join(self._words[:1])!r}")

    def __call__(self, row: Row, folder: Path) -> bool:
        """Run it for a row of a folder; whether it went well."""
        if row.status not in ("done", "partial"):
            return True
        command = [*self._words, *(str(folder / each) for each in row.outputs)]
        told = json.dumps(row.facts(), ensure_ascii=False)
        try:
            done = subprocess.run(
                command,
                input=told.encode("utf-8", "backslashreplace"),
                stdout=_STDERR,
                env={**os.environ, "STATUS": row.status, "SOURCE": row.source},
                check=False,
            )
        except OSError as error:
            LOGGER.warning("%s: the hook cannot be run: %s", row.source, error.strerror or error)
            return False
        if done.returncode:
            LOGGER.warning("%s: the hook ended with %d", row.source, done.returncode)
        return not done.returncode


def _made(ctx: click.Context, param: click.Parameter, command: str | None) -> Hook | None:
    return None if command is None else Hook(command)


option: Callable[[Any], Any] = click.option(
    "--hook",
    cls=options.Option,
    group="Output",
    metavar="COMMAND",
    callback=_made,
    help="Run a command on each result: its files are the last arguments, its row of batch.json is "
    "on stdin, STATUS and SOURCE are variables.",
)
