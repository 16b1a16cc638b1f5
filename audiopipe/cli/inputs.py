"""The inputs of a command, and what is said of those that are left out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import BinaryIO

from audiopipe.cli.log import LOGGER
from audiopipe.cli.streams import stdin
from audiopipe.errors import UnreadableInput
from audiopipe.settings import Settings
from audiopipe.workflows.inputs import Item, Selection
from audiopipe.workflows.inputs import find_inputs as find
from audiopipe.workflows.inputs.names import ENDINGS

__all__ = ["Item", "find_inputs", "open_input"]


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


def open_input(item: Item) -> str | BinaryIO:
    """What the library takes for an item: its path or address, or the stream of stdin."""
    return stdin() if item.source == "-" else item.source


def _checked(item: Item) -> Item:
    if item.source != "-":
        return item
    try:
        stdin()
    except UnreadableInput as error:
        return Item("-", PurePath("stdin"), error)
    return item
