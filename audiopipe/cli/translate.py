"""`audiopipe translate`: speech in any language into English text."""

from __future__ import annotations

from typing import Any

import click

from audiopipe.cli import options
from audiopipe.cli.transcribe import run


@click.command("translate")
@options.inputs_or_retry
@options.output
@options.recognition
@options.budget
@options.cutting
@options.trust
@options.repair
@options.subtitles
@options.config
@options.log_format
@options.verbosity
def command(**given: Any) -> int:
    """Translate speech in any language into English text; else as transcribe."""
    return run(**given, task="translate")
