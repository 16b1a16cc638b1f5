"""`audiopipe prepare`: the chunks of recordings, with a manifest, for use elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import click

from audiopipe.cli import options
from audiopipe.cli.inputs import Item, find_inputs, open_input
from audiopipe.cli.transcribe import SOME_FAILED
from audiopipe.config import Settings, load
from audiopipe.data import RATE_HZ, Chunk, Failure
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
    of each, and what of the recording could not be decoded.
    """
    settings = load(flags, os.environ, config)
    failed = partial = 0
    items = find_inputs(inputs)
    for item in items:
        try:
            if item.error:
                raise item.error
            partial += _prepare(item, settings)
        except InputError as error:
            click.echo(f"audiopipe: {error}", err=True)
            failed += 1
    if failed == len(items):
        return AudiopipeError.exit_code
    return SOME_FAILED if failed or partial else 0


def _prepare(item: Item, settings: Settings) -> bool:
    """Whether the recording lacks a passage."""
    from audiopipe.pipeline import prepare_and_tell
    from audiopipe.render import write

    folder = Path(settings.output_dir) / item.stem
    rows, losses = [], []
    for piece in prepare_and_tell(open_input(item), settings):
        if isinstance(piece, Failure):
            span = {"start": piece.span.start_s, "end": piece.span.end_s}
            losses.append({**span, "reason": piece.reason})
            continue
        path = folder / f"{piece.window.index:03}.{piece.format}"
        write(piece.data, path)
        rows.append(_row(piece, path.name))
    manifest = {"source": item.source, "rate_hz": RATE_HZ, "chunks": rows, "failures": losses}
    write(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", folder / "manifest.json")
    return bool(losses)


def _row(chunk: Chunk, name: str) -> dict[str, Any]:
    """Times in seconds of the recording; `core` is the part that no other chunk owns."""
    span, core = chunk.window.span, chunk.window.core
    row: dict[str, Any] = {
        "file": name,
        "start": span.start_s,
        "end": span.end_s,
        "core": [core.start_s, core.end_s],
        "bytes": len(chunk.data),
        "sha256": hashlib.sha256(chunk.data).hexdigest(),
    }
    if len(chunk.window.stretches) > 1:
        row["stretches"] = [[each.start_s, each.end_s] for each in chunk.window.stretches]
    return row
