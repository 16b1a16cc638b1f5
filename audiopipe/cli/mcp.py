"""`audiopipe mcp`: tools for agents, over stdin and stdout."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from audiopipe.cli import options
from audiopipe.errors import UsageError
from audiopipe.render import require_room
from audiopipe.settings import load


@options.command("mcp", "recordings/ -o transcripts", "recordings/ notes/ --max-cost 5")
@click.argument(
    "folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path)
)
@options.settings("mcp", output_dir="Where results go.  [default: the first DIR]")
@options.config
@options.verbosity
def command(folders: tuple[Path, ...], config: Path | None, **flags: Any) -> int:
    """Serve tools to an agent by the Model Context Protocol, on stdin and stdout: transcribe,
    search in transcripts, check, ask a chat model, speak.

    The tools read what is in the folders, and write into DIR; whatever leads out of them is
    refused, by .. or by a link. All calls together stay within --max-cost and --max-requests.
    """
    settings = load(flags, os.environ, config)
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder")
    if not find_spec("mcp"):
        raise UsageError("tools for agents take more: pip install 'audiopipe[mcp]'")
    out = Path(flags["output_dir"]) if flags.get("output_dir") else folders[0]
    require_room(out)
    from audiopipe.server.agents import serve
    from audiopipe.session import Session

    with Session(settings) as session:
        serve(session, [*folders], out)
    return 0
