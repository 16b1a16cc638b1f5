"""`audiopipe review`: transcripts and their recordings as one page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from audiopipe.cli import options
from audiopipe.cli.codes import NOTHING_DONE, SOME_FAILED
from audiopipe.cli.log import LOGGER
from audiopipe.settings import cache_folder, load


@options.command("review", "talk.json", "out/ -o review.html", "talk.json --embed-audio")
@click.argument(
    "transcripts",
    nargs=-1,
    required=True,
    metavar="TRANSCRIPT|DIR...",
    type=click.Path(path_type=Path, exists=True),
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("review.html"),
    metavar="FILE",
    help="The page to write.  [default: review.html]",
)
@click.option(
    "--audio",
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE|DIR",
    help="The recording, or a folder with the recordings.  [default: where they came from, or "
    "beside the transcripts]",
)
@click.option(
    "--embed-audio",
    is_flag=True,
    help="Put the recordings into the page: up to 20 MB as they are, larger ones as Opus.",
)
@options.settings("review")
@options.config
@options.verbosity
def command(
    transcripts: tuple[Path, ...],
    output: Path,
    audio: Path | None,
    embed_audio: bool,
    config: Path | None,
    **flags: Any,
) -> int:
    """Make a page for the ear and the keyboard: doubts to settle, text to mend.

    One HTML file that needs no network and opens from the disk. Its corrections are kept in the
    browser; save them as NAME.corrections.json beside the transcript, and every command uses them.
    Several transcripts have a list before them, those with the most doubt first.
    """
    settings = load(flags, os.environ, config)
    from audiopipe.render import write
    from audiopipe.review.build import build, reviewed

    shown, failed = reviewed(transcripts)
    if not shown:
        return NOTHING_DONE
    kept = cache_folder(settings, os.environ) / "peaks"
    text = build(shown, output, settings, audio=audio, kept=kept, is_embedded=embed_audio)
    write(text, output)
    doubts = sum(len(each.transcript.flags) for each in shown)
    LOGGER.info(
        "%s: %d transcripts, %d flags, %.1f MB",
        output,
        len(shown),
        doubts,
        output.stat().st_size / 1e6,
    )
    return SOME_FAILED if failed else 0
