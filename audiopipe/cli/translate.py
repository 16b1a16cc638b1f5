"""`audiopipe translate`: speech in any language into English text."""

from __future__ import annotations

from typing import Any

from audiopipe.cli import options
from audiopipe.cli.transcribe import run


@options.command(
    "translate",
    "recordings/ -o english",
    "rede.mp3 -l de -f srt --max-line-width 37",
)
@options.inputs_or_retry
@options.settings("translate")
@options.config
@options.log_format
@options.verbosity
def command(**given: Any) -> int:
    """Translate speech in any language into English text; else as transcribe."""
    return run(**given, task="translate")
