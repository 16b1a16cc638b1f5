"""Several batches as one: the records of shares that nodes did by themselves, and their results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from audiopipe.errors import InputError, OutputError, UsageError
from audiopipe.workflows.batch import NAME, Batch, Row, read, text_of
from audiopipe.workflows.places import Place, place_of


def merge(folders: Sequence[str], into: str) -> Batch:
    """Join batches: their results are copied to one place, where one record tells of all.

    Args:
        folders: of the batches, or addresses.
        into: where they go; a batch that is there already is one of them.

    Returns:
        What the record says then.

    Raises:
        InputError: one is no batch, or a result of it is gone.
        UsageError: two recordings have results of one name.
        OutputError: it cannot be written there.
    """
    target = place_of(into)
    there = target.read(NAME) is not None
    places = [place for place in map(place_of, folders) if place.shown != target.shown]
    batches = [(place, read(place)) for place in ([target] if there else []) + places]
    batch = joined([each for _, each in batches])
    _check_names(batch.rows)
    for place, each in batches:
        if place is not target:
            _copy(each, batch, place, target)
    target.write(NAME, text_of(batch))
    return batch


def joined(batches: Sequence[Batch]) -> Batch:
    """One batch of several; of an input in two of them the later news stands."""
    rows: dict[str, Row] = {}
    for row in (row for batch in batches for row in batch.rows):
        if row.source not in rows or rows[row.source].at <= row.at:
            rows[row.source] = row
    last = max(batches, key=lambda batch: batch.updated)
    stopped = "; ".join(dict.fromkeys(batch.stopped for batch in batches if batch.stopped))
    begun = min(batch.begun for batch in batches)
    return Batch(begun, last.updated, stopped, last.settings, tuple(rows.values()))


def _check_names(rows: Iterable[Row]) -> None:
    owners: dict[str, str] = {}
    for row in rows:
        for name in row.outputs:
            if owners.setdefault(name, row.source) != row.source:
                raise UsageError(
                    f"{name} is a result of {owners[name]} and of {row.source}: they cannot be in "
                    "one place"
                )


def _copy(mine: Batch, whole: Batch, place: Place, target: Place) -> None:
    """The results of the rows of a batch that stand in the whole."""
    standing = set(whole.rows)
    for row in mine.rows:
        for name in row.outputs if row in standing else ():
            data = place.read(name)
            if data is None:
                raise InputError(f"{place.shown}/{name} is gone: nothing is merged of it")
            try:
                target.write(name, data)
            except OutputError as error:
                raise OutputError(f"{error}; what is merged already stays") from error
