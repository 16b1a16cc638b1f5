"""`audiopipe merge`: batches of several nodes as one."""

from __future__ import annotations

from collections.abc import Sequence

import click

from audiopipe.cli import options
from audiopipe.cli.codes import SOME_FAILED
from audiopipe.cli.streams import put


@options.command(
    "merge", "share-1 share-2 share-3 -o transcripts", "s3://archive/share-1 share-2 -o all"
)
@click.argument("folders", nargs=-1, required=True, metavar="DIR...")
@click.option(
    "-o", "--output-dir", "into", required=True, metavar="DIR", help="Where all of it goes."
)
@options.verbosity
def command(folders: Sequence[str], into: str) -> int:
    """Join batches that nodes did by themselves, as with --share: results are copied to one DIR, or
    address, and its batch.json tells of all. Of an input in two of them the later news stands.

    Shares whose results went to one place are one batch already. Exit code 3 if anything failed or
    lacks a passage.
    """
    from audiopipe.workflows.merge import merge

    batch = merge(folders, into)
    put(", ".join(f"{count} {status}" for status, count in batch.counts.items() if count))
    return SOME_FAILED if batch.counts["failed"] or batch.counts["partial"] else 0
