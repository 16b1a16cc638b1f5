"""`audiopipe report`: one page that tells how a batch went."""

from __future__ import annotations

from pathlib import Path

import click

from audiopipe.cli import options
from audiopipe.cli.codes import NOTHING_DONE
from audiopipe.cli.log import LOGGER


@options.command("report", "out/", "out/ -o june.html")
@click.argument(
    "folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The page to write.  [default: DIR/report.html]",
)
@options.verbosity
def command(folder: Path, output: Path | None) -> int:
    """Make one page about the results in DIR, for people who open no terminal.

    Cost, what is in doubt and what is settled, the files with the most doubt, what failed, how the
    recogniser's measures are distributed, and how well narrations were understood.
    """
    from audiopipe.render import write
    from audiopipe.review.build import reviewed
    from audiopipe.review.report import report

    shown, _ = reviewed([folder])
    if not shown:
        return NOTHING_DONE
    target = write(report(folder, shown), output or folder / "report.html")
    LOGGER.info("%s: %d transcripts", target, len(shown))
    return 0
