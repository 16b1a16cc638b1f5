"""`audiopipe translate`: speech in any language into English text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from audiopipe.cli import options
from audiopipe.cli.transcribe import run
from audiopipe.config import load


@click.command("translate")
@options.inputs
@options.output
@options.recognition
@options.budget
@options.cutting
@options.config
@options.verbosity
def command(inputs: tuple[str, ...], config: Path | None, **flags: Any) -> int:
    """Translate speech in any language into English text; else as transcribe."""
    return run(inputs, load({**flags, "task": "translate"}, os.environ, config))
