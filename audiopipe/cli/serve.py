"""`audiopipe serve`: an OpenAI-compatible server in front of the whole pipeline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from audiopipe.cli import options
from audiopipe.cli.streams import put_whole
from audiopipe.errors import UsageError
from audiopipe.settings import load


@options.command(
    "serve",
    "--host 0.0.0.0 --api-key-file keys.toml --tls-cert server.pem",
    "--new-key alice --api-key-file keys.toml",
)
@click.option(
    "--new-key",
    metavar="NAME",
    help="Add a key to --api-key-file, print it once, and end.",
)
@options.settings("serve")
@options.config
@options.log_format
@options.verbosity
def command(new_key: str | None, config: Path | None, log_format: str, **flags: Any) -> int:
    """Serve OpenAI's API: any client gets the whole pipeline, without a limit of size.

    Point a client's base URL here; `audiopipe help serve` has a recipe for each. Any model id is
    taken and means the model that is set here. One process serves: requests wait their turn, and
    what was accepted goes on after a restart.
    """
    settings = load(flags, os.environ, config)
    try:
        from audiopipe.server.access import add_key
        from audiopipe.server.serve import serve
    except ModuleNotFoundError as error:
        raise UsageError(f"{error.name} is missing: pip install 'audiopipe[serve]'") from error
    if new_key is not None:
        if not settings.api_key_file:
            raise UsageError("--new-key needs --api-key-file FILE")
        put_whole(add_key(Path(settings.api_key_file), new_key) + "\n")
        return 0
    from audiopipe.session import Session

    with Session(settings) as session:
        serve(session)
    return 0
