"""`audiopipe status`: what became of a batch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from audiopipe.cli import options
from audiopipe.cli.codes import SOME_FAILED
from audiopipe.cli.progress import shown
from audiopipe.cli.streams import put
from audiopipe.text.clocks import in_words
from audiopipe.workflows.batch import Batch, read


@options.command("status", "transcripts", "transcripts --json")
@click.argument("folder", metavar="DIR", default=".")
@options.as_json
@options.verbosity
def command(folder: str, as_json: bool) -> int:
    """Tell what became of the batch whose results are in DIR.

    First what failed or lacks a passage, and why; then how many inputs are done, and what they
    took. Exit code 3 if anything failed or lacks a passage.
    """
    batch = read(folder)
    if as_json:
        facts = {"rows": [row.facts() for row in batch.rows]}
        put(json.dumps({**_head(batch), **facts}))
    else:
        put("\n".join(_lines(batch)))
    return SOME_FAILED if batch.counts["failed"] or batch.counts["partial"] else 0


def _head(batch: Batch) -> dict[str, Any]:
    head = {"begun": batch.begun, "updated": batch.updated, "stopped": batch.stopped}
    return head | {"settings": batch.settings, "counts": batch.counts, "totals": _totals(batch)}


def _totals(batch: Batch) -> Mapping[str, Any]:
    costs = [row.cost_usd for row in batch.rows if row.cost_usd is not None]
    return {
        "duration_s": sum(row.duration_s or 0.0 for row in batch.rows),
        "requests": sum(row.requests for row in batch.rows),
        "billed_s": sum(row.billed_s for row in batch.rows),
        "cost_usd": sum(costs) if len(costs) == len(batch.rows) else None,
    }


def _lines(batch: Batch) -> Iterator[str]:
    for status in ("failed", "partial"):
        for row in batch.rows:
            if row.status == status:
                named = "" if status == "failed" else f"{shown(row)}: "  # errors name their input
                yield f"{status:<8} {named}{row.reason}"
    counts = (f"{count} {status}" for status, count in batch.counts.items() if count)
    totals = _totals(batch)
    cost = "at a price not known" if totals["cost_usd"] is None else f"${totals['cost_usd']:.4f}"
    yield f"inputs   {', '.join(counts) or 'none'}"
    yield f"audio    {in_words(totals['duration_s'])}"
    yield (f"took     {totals['requests']} requests, {in_words(totals['billed_s'])} billed, {cost}")
    yield f"time     begun {batch.begun}, updated {batch.updated}"
    if batch.stopped:
        yield f"stopped  {batch.stopped}"
