"""The inputs of a command, and what is said of those that are left out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from audiopipe.cli.log import LOGGER
from audiopipe.cli.streams import stdin
from audiopipe.errors import UnreadableInput
from audiopipe.render.chunks import MANIFEST
from audiopipe.render.corrections import is_corrections
from audiopipe.settings import Settings
from audiopipe.workflows.batch import NAME as BATCH
from audiopipe.workflows.inputs import Item, Selection
from audiopipe.workflows.inputs import find_inputs as find
from audiopipe.workflows.inputs.names import ENDINGS

__all__ = ["Item", "find_inputs", "open_input", "transcripts"]

_RECORDS = (BATCH, MANIFEST)


def find_inputs(
    arguments: Iterable[str],
    settings: Settings | None = None,
    endings: Iterable[str] = ENDINGS,
) -> list[Item]:
    """The recordings that the arguments name; what is left out of folders is told.

    Args:
        arguments: files, folders, globs, addresses, or `-` for stdin.
        settings: which of them are wanted; all by default.
        endings: of the results; see `workflows.inputs.names.distinct`.

    Returns:
        At least one item for each argument that names nothing, with an error.
    """
    found = find(arguments, Selection.of(settings) if settings else None, endings)
    if summary := found.summary():
        LOGGER.info("%s; -v lists them", summary)
    for each in found.left_out:
        LOGGER.debug("left out: %s: %s", each.path, each.why)
    return [_checked(item) for item in found.items]


def transcripts(names: Iterable[str | Path]) -> list[Path]:
    """The transcripts among files that were named, as by `out/*.json`: the record of a batch, the
    parts of a recording and corrections stand beside them. One that is named alone is meant."""
    paths = [*map(Path, names)]
    told = [path for path in paths if path.name not in _RECORDS and not is_corrections(path)]
    return told or paths[:1]


def open_input(item: Item) -> str | BinaryIO:
    """What the library takes for an item: its path or address, or the stream of stdin."""
    return stdin() if item.source == "-" else item.source


def _checked(item: Item) -> Item:
    if item.source != "-":
        return item
    try:
        stdin()
    except UnreadableInput as error:
        return Item("-", "stdin", error)
    return item
