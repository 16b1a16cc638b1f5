"""`audiopipe prepare`: the chunks of recordings, with a manifest, for use elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from audiopipe.cli import options
from audiopipe.cli.inputs import Item, find_inputs, open_input
from audiopipe.cli.transcribe import SOME_FAILED
from audiopipe.config import Settings, load
from audiopipe.errors import AudiopipeError, InputError


@click.command("prepare")
@options.inputs
@click.option("-o", "--output-dir", metavar="DIR", help="Where the chunks go.  [default: .]")
@click.option("--tier", type=click.Choice(["free", "dev"]), help="The Groq account's tier.")
@options.cutting
@options.config
@options.verbosity
def command(inputs: tuple[str, ...], config: Path | None, **flags: Any) -> int:
    """Write each recording as 16 kHz mono chunks that fit the upload limit.

    DIR/<name>/000.flac and so on, and DIR/<name>/manifest.json with start, end, bytes and sha256
    of each.
    """
    settings = load(flags, os.environ, config)
    failed = 0
    items = find_inputs(inputs)
    for item in items:
        try:
            if item.error:
                raise item.error
            _prepare(item, settings)
        except InputError as error:
            click.echo(f"audiopipe: {error}", err=True)
            failed += 1
    return 0 if not failed else SOME_FAILED if failed < len(items) else AudiopipeError.exit_code


def _prepare(item: Item, settings: Settings) -> None:
    from audiopipe.pipeline import prepare
    from audiopipe.render.chunks import write_chunks

    chunks = prepare(open_input(item), settings=settings)
    write_chunks(chunks, item.source, Path(settings.output_dir) / item.stem)
