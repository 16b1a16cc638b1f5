"""`audiopipe render`: other formats of a stored transcript, without recognition."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import options
from audiopipe.cli.codes import of_inputs
from audiopipe.cli.inputs import transcripts as named
from audiopipe.cli.log import LOGGER, complain
from audiopipe.cli.streams import put_whole
from audiopipe.errors import InputError, UsageError
from audiopipe.settings import load as load_settings

if TYPE_CHECKING:
    from audiopipe.values.transcript import Transcript


@options.command("render", "talk.json -f srt --max-line-width 37", "out/*.json -f md -o notes")
@click.argument("transcripts", nargs=-1, required=True, metavar="TRANSCRIPT...")
@click.option(
    "--second",
    type=click.Path(path_type=Path, exists=True),
    metavar="TRANSCRIPT|DIR",
    help="The same in another language, to stand below the first in subtitles; of several "
    "transcripts a folder that has each under the same name.",
)
@options.settings(
    "render",
    output_dir="Where results go; - writes one format to stdout.  [default: beside the transcript]",
)
@options.config
@options.verbosity
def command(
    transcripts: tuple[str, ...],
    second: Path | None,
    output_dir: str | None,
    config: Path | None,
    **flags: Any,
) -> int:
    """Write transcripts in other formats, beside them or in DIR.

    Takes what audiopipe saved as json, the JSON of openai-whisper, faster-whisper, whisperX and
    whisper.cpp, replies of OpenAI's API, and subtitles in SubRip or WebVTT.
    """
    from audiopipe.render import content, load, renderer, write
    from audiopipe.workflows.inputs.names import results

    settings = load_settings(flags, os.environ, config)
    formats = settings.output_formats
    if output_dir == "-" and len(formats) != 1:
        raise UsageError("-o - writes one format to stdout; name it, as in: -o - -f txt")
    if second and second.is_file() and len(transcripts) > 1:
        raise UsageError("--second of several transcripts is a folder that has each of them")
    failed = 0
    paths = named(transcripts)
    endings = [renderer(name).ending for name in formats]
    targets = results(paths, Path(output_dir) if output_dir else None, endings)
    for path, files in zip(paths, targets, strict=True):
        try:
            transcript = _with_second(load(path), second, path.name)
        except InputError as error:
            complain(error)
            failed += 1
            continue
        for name, file in zip(formats, files, strict=True):
            if output_dir == "-":
                put_whole(content(transcript, name, settings))
            elif name == "json" and not output_dir:
                continue
            elif os.path.realpath(file) == os.path.realpath(path):
                LOGGER.warning("%s: not written over by its own %s; give -o DIR", path, name)
            else:
                write(content(transcript, name, settings), file)
    return of_inputs(failed, len(paths))


def _with_second(transcript: Transcript, second: Path | None, name: str) -> Transcript:
    from audiopipe.render import load

    if second is None:
        return transcript
    return replace(transcript, second=load(second / name if second.is_dir() else second))
