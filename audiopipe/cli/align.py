"""`audiopipe align`: a text that is known, with the time of each word."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from audiopipe.cli import options
from audiopipe.cli.codes import SOME_FAILED
from audiopipe.cli.inputs import find_inputs
from audiopipe.cli.interrupt import stop_on_signals
from audiopipe.cli.log import LOGGER
from audiopipe.cli.streams import put_whole
from audiopipe.errors import UsageError
from audiopipe.render import content
from audiopipe.settings import load
from audiopipe.text.clocks import short_clock
from audiopipe.workflows import results
from audiopipe.workflows.places import place_of


@options.command(
    "align", "chapter.mp3 chapter.txt -f srt,json", "talk.mp4 reply.json -o out -f vtt"
)
@click.argument("recording", metavar="RECORDING")
@click.argument("text", metavar="TEXT")
@options.settings("align")
@options.config
@options.verbosity
def command(recording: str, text: str, config: Path | None, **flags: Any) -> int:
    """Find when each word of TEXT is spoken in RECORDING.

    TEXT is plain text, Markdown, HTML, EPUB, docx or PDF, whose sentences become segments, or a
    transcript (json, srt, vtt), whose segments stay. What is not spoken, and what is spoken
    besides, is told on stderr and flagged.
    """
    settings = load(flags, os.environ, config)
    if settings.output_dir == "-" and len(settings.output_formats) != 1:
        raise UsageError("-o - writes one format to stdout; name it, as in: -o - -f txt")
    (item, *more) = find_inputs([recording], settings)
    if item.error:
        raise item.error
    if more or not Path(item.source).is_file():
        raise UsageError(f"{recording} is not one file: a recording to align is read twice")
    place = None if settings.output_dir == "-" else place_of(settings.output_dir)
    if place:
        place.require(0)
    from audiopipe.session import Session

    with stop_on_signals() as stop, Session(settings, stop=stop) as session:
        # a name that no file has is no text, and an address is refused as one
        transcript = session.align(item.source, text if "://" in text else Path(text))
    for name, file in results.names(item, settings).items():
        made = content(transcript, name, settings)
        if place:
            place.write(file, made)
        else:
            put_whole(made)
    for flag in transcript.flags:
        LOGGER.warning("%s: %s: %s", short_clock(flag.span.start_s), flag.kind, flag.detail)
    return SOME_FAILED if transcript.failures else 0
