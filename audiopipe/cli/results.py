"""The results of an input: its files, and its row in the record of the batch."""

from __future__ import annotations

from pathlib import Path

from audiopipe.cli.inputs import Item
from audiopipe.cli.streams import put_whole
from audiopipe.render import content, renderer, write
from audiopipe.settings import Settings
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.batch import Row, Status, identity


def paths(item: Item, settings: Settings) -> dict[str, Path]:
    """The files of an input, by format."""
    stem = Path(settings.output_dir) / item.stem
    return {
        name: stem.with_name(stem.name + renderer(name).ending) for name in settings.output_formats
    }


def save(item: Item, transcript: Transcript, settings: Settings) -> None:
    """Write the files of an input, or its one format to stdout; JSON last, which says that all are
    as it says.

    Raises:
        OutputError: one of them cannot be written.
    """
    files = paths(item, settings)
    for name, path in sorted(files.items(), key=lambda each: each[0] == "json"):
        made = content(transcript, name, settings)
        if settings.output_dir == "-":
            put_whole(made)
        else:
            write(made, path)


def missing(item: Item, reason: str) -> Row:
    """The row of an input that gave nothing."""
    return Row(identity(item.source), item.stem.as_posix(), "failed", reason)


def row_of(
    item: Item,
    settings: Settings,
    transcript: Transcript,
    status: Status,
    spent: Usage,
) -> Row:
    """The row of an input whose results exist.

    Args:
        status: `skipped` or `done`; the latter is `partial` if the transcript lacks something.
        spent: what this run paid for it.
    """
    lacks = "; ".join(
        f"nothing from {loss.span.start_s:.1f} to {loss.span.end_s:.1f} s: {loss.reason}"
        for loss in transcript.failures
    )
    files = () if settings.output_dir == "-" else paths(item, settings).values()
    return Row(
        identity(item.source),
        item.stem.as_posix(),
        "partial" if lacks else status,
        lacks,
        tuple(path.relative_to(settings.output_dir).as_posix() for path in files),
        transcript.duration_s,
        len(transcript.flags),
        transcript.usage.requests,
        transcript.usage.billed_s,
        transcript.usage.cost_usd,
        spent.cost_usd,
    )
