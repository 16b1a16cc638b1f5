"""`audiopipe prepare`: the chunks of recordings, with a manifest, for use elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from audiopipe.cli import options
from audiopipe.cli.codes import NOTHING_DONE, SOME_FAILED
from audiopipe.cli.inputs import Item, find_inputs, open_input
from audiopipe.cli.log import complain
from audiopipe.errors import InputError, UnwritableName
from audiopipe.render import require_room
from audiopipe.settings import Settings, load


@options.command("prepare", "recordings/ -o chunks", "call.wav --channels split --chunk-length 60")
@options.inputs
@options.settings("prepare", output_dir="Where the chunks go.  [default: .]")
@options.config
@options.verbosity
def command(inputs: tuple[str, ...], config: Path | None, **flags: Any) -> int:
    """Write each recording as 16 kHz mono chunks that fit the upload limit.

    DIR/<name>/000.flac and so on, and DIR/<name>/manifest.json with start, end, bytes and sha256
    of each, and what of the recording could not be decoded.
    """
    settings = load(flags, os.environ, config)
    failed = partial = 0
    items = find_inputs(inputs, settings)
    require_room(Path(settings.output_dir))
    for item in items:
        try:
            if item.error:
                raise item.error
            partial += _prepare(item, settings)
        except (InputError, UnwritableName) as error:
            complain(error)
            failed += 1
    if failed == len(items):
        return NOTHING_DONE
    return SOME_FAILED if failed or partial else 0


def _prepare(item: Item, settings: Settings) -> bool:
    """Whether the recording lacks a passage."""
    from audiopipe.pipeline import prepare_and_tell
    from audiopipe.render.chunks import write_chunks

    pieces = prepare_and_tell(open_input(item), settings)
    return write_chunks(pieces, item.source, Path(settings.output_dir) / item.stem)
