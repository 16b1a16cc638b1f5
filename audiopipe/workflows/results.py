"""The results of an input: its files, and its row in the record of the batch."""

from __future__ import annotations

from audiopipe.errors import AudiopipeError, OutputError
from audiopipe.pipeline import Outcome
from audiopipe.render import content, renderer
from audiopipe.settings import Settings
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.asked import Marks, stamped
from audiopipe.workflows.batch import Row, Status, identity
from audiopipe.workflows.inputs import Item
from audiopipe.workflows.places import Place


def names(item: Item, settings: Settings) -> dict[str, str]:
    """The files of an input below the place of results, by format."""
    return {name: item.stem + renderer(name).ending for name in settings.output_formats}


def save(item: Item, transcript: Transcript, settings: Settings, place: Place) -> None:
    """Write the files of an input; JSON last, which says that all are as it says.

    Raises:
        OutputError: one of them cannot be written.
    """
    files = names(item, settings)
    for form, name in sorted(files.items(), key=lambda each: each[0] == "json"):
        place.write(name, content(transcript, form, settings))


def saved(
    item: Item, outcome: Outcome, settings: Settings, place: Place, marks: Marks | None
) -> Row:
    """The row of an input, once its results are written.

    Args:
        marks: of the recording, from before it was read.

    Raises:
        OutputError: nothing can be written any more.
    """
    try:
        transcript = stamped(outcome.result(), settings, marks)
        save(item, transcript, settings, place)
    except AudiopipeError as error:
        if isinstance(error, OutputError) and error.stops_run:
            raise
        return missing(item, str(error))
    return row_of(item, settings, transcript, "done", outcome.spent)


def missing(item: Item, reason: str) -> Row:
    """The row of an input that gave nothing."""
    return Row(identity(item.source), item.stem, "failed", reason)


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
    files = () if settings.output_dir == "-" else names(item, settings).values()
    return Row(
        identity(item.source),
        item.stem,
        "partial" if lacks else status,
        lacks,
        tuple(files),
        transcript.duration_s,
        len(transcript.flags),
        transcript.usage.requests,
        transcript.usage.billed_s,
        transcript.usage.cost_usd,
        spent.cost_usd,
    )
