"""Which recordings the arguments name, where the results of each go, and what is left out."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from audiopipe.backends.http.address import legible
from audiopipe.concurrency import ordered_map
from audiopipe.errors import AudiopipeError, InputError, UnreadableInput
from audiopipe.workflows.inputs.names import ENDINGS, distinct, harmless
from audiopipe.workflows.inputs.selection import Selection
from audiopipe.workflows.inputs.sniff import LOOK_BYTES, sort_by_name, sort_of

if TYPE_CHECKING:
    from audiopipe.audio.reading.remote import Entry

__all__ = ["Found", "Item", "LeftOut", "Selection", "find_inputs", "look"]

_LOOKERS = 8
"""Threads that look into files: on a network each look waits for its own answer."""


@dataclass(frozen=True, slots=True)
class Item:
    """An input and the path of its results below the output folder, still without an ending.

    Attributes:
        source: path or address; `-` is stdin.
        stem: path of its results, with slashes; `.` where it can have none.
        error: why it cannot be used.
        marks: size in bytes and time of the last change in ns, of what is no file of this machine.
    """

    source: str
    stem: str
    error: InputError | None = None
    marks: tuple[int, int] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What stands in a folder and is not taken, and why: a word or two, such as `picture`."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """The inputs of a run, and what was left out."""

    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]

    def summary(self) -> str:
        """`3 files left out: 2 pictures, 1 of 0 bytes`; "" if there is nothing to tell."""
        if not self.left_out:
            return ""
        count = len(self.left_out)
        kinds = Counter(each.why for each in self.left_out)
        told = ", ".join(_counted(number, why) for why, number in kinds.most_common())
        return f"{count} file{'s' * (count > 1)} left out: {told}"


def find_inputs(
    arguments: Iterable[str],
    selection: Selection | None = None,
    endings: Iterable[str] = ENDINGS,
) -> Found:
    """The recordings that the arguments name, in order, each once, with names that differ.

    Of a folder is taken what a look inside takes for a recording; hidden files are not. A file that
    is named by itself is always tried.

    Args:
        arguments: files, folders, globs, addresses, or `-` for stdin.
        selection: which of them are wanted; all by default.
        endings: of the results; see `names.distinct`.

    Returns:
        At least one item: an argument that names nothing gives one with an error.
    """
    wanted = selection or Selection()
    found: dict[str, Item] = {}
    left: list[LeftOut] = []
    for argument in arguments:
        for each in _expand(argument, wanted):
            if isinstance(each, LeftOut):
                left.append(each)
            else:
                found.setdefault(_identity(each.source), each)
    stems = distinct([item.stem for item in found.values()], endings)
    items = (replace(item, stem=stem) for item, stem in zip(found.values(), stems, strict=True))
    return Found(tuple(items), tuple(left))


def _identity(source: str) -> str:
    if source == "-" or "://" in source:
        return source
    path = os.path.realpath(source)
    return source if path == source else path  # of 100,000 each name is held once


def _expand(argument: str, wanted: Selection) -> Iterator[Item | LeftOut]:
    if argument == "-":
        yield Item("-", "stdin")
    elif re.match(r"https?://", argument):
        yield _address(argument)
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", argument):
        yield from _elsewhere(argument, wanted)
    elif os.path.isdir(argument):  # noqa: PTH112 - a name of any length
        yield from _told(argument, _in_folder(argument, wanted))
    elif os.path.lexists(argument):
        yield from _one(argument, wanted)
    elif paths := sorted(glob.glob(argument, recursive=True)):  # noqa: PTH207 - absolute patterns too
        yield from _told(argument, _of_glob(paths, wanted))
    else:
        error = UnreadableInput(f"{_shown(argument)}: no such file")
        yield Item(argument, harmless(argument), error)


def _address(url: str) -> Item:
    try:
        return Item(url, harmless(unquote(urlsplit(url).path)))
    except ValueError as error:
        told = UnreadableInput(f"{legible(url)} is no address: {error}")
        return Item(url, "download", told)


def _of_glob(paths: Iterable[str], wanted: Selection) -> Iterator[Item | LeftOut]:
    for path in paths:
        yield from _in_folder(path, wanted) if os.path.isdir(path) else _one(path, wanted)  # noqa: PTH112


def _one(path: str, wanted: Selection) -> Iterator[Item | LeftOut]:
    name = PurePath(path).name
    if why := wanted.reason_against(PurePath(name), _changed_s(path)):
        yield LeftOut(path, why)
    else:
        yield Item(path, name)


def _told(argument: str, found: Iterable[Item | LeftOut]) -> Iterator[Item | LeftOut]:
    """What was found in a folder; an item with an error if nothing of it is taken."""
    each_left: list[LeftOut] = []
    is_empty = True
    for each in found:
        if isinstance(each, LeftOut):
            each_left.append(each)
        else:
            is_empty = False
        yield each
    if is_empty:
        told = Found((), tuple(each_left)).summary()
        why = f" ({told})" if told else ""
        error = UnreadableInput(f"{_shown(argument)}: no recording below it{why}")
        yield Item(argument, ".", error)


def _in_folder(folder: str, wanted: Selection) -> Iterator[Item | LeftOut]:
    paths = sorted(_below(folder))
    yield from ordered_map(lambda path: look(folder, path, wanted), paths, workers=_LOOKERS)


def look(folder: str, path: str, wanted: Selection) -> Item | LeftOut:
    """What a file below a folder is: a recording that is wanted, or why it is left out."""
    why = _why_not(folder, path, wanted)
    if why:
        return LeftOut(path, why)
    return Item(path, PurePath(path).relative_to(folder).as_posix())


def _below(folder: str) -> Iterator[str]:
    """Every file below a folder; the name alone of folders that are hidden, closed to us, or links,
    which are not followed: they may lead back up.
    """
    closed: list[str] = []
    for parent, folders, files in os.walk(
        folder, onerror=lambda error: closed.append(error.filename)
    ):
        yield from (os.path.join(parent, name) for name in files)  # noqa: PTH118
        for name in list(folders):
            path = os.path.join(parent, name)  # noqa: PTH118
            if name.startswith(".") or os.path.islink(path):  # noqa: PTH114
                folders.remove(name)
                yield path
    yield from closed


def _why_not(folder: str, path: str, wanted: Selection) -> str:
    """Why a file of a folder is left out; "" if it is taken."""
    name = PurePath(path).name
    if name.startswith("."):
        return "hidden"
    if against := wanted.reason_against(PurePath(path).relative_to(folder), _changed_s(path)):
        return against
    try:
        if os.path.isdir(path):  # noqa: PTH112
            return "link to a folder" if os.path.islink(path) else "folder that cannot be opened"  # noqa: PTH114
        if not os.path.exists(path):  # noqa: PTH110
            return "link to nothing"
        if not os.path.isfile(path):  # noqa: PTH113
            return "no file"
        if not os.path.getsize(path):  # noqa: PTH202
            return "of 0 bytes"
        return _why_no_recording(path)
    except OSError:
        return ""  # whoever opens it will tell why it cannot be


def _why_no_recording(path: str) -> str:
    if sort_by_name(path):
        return ""
    with open(path, "rb") as file:  # noqa: PTH123 - a name of any bytes
        sort = sort_of(file.read(LOOK_BYTES))
    if sort == "unknown":
        return "" if _is_readable(path) else sort
    return "" if sort == "recording" else sort


def _is_readable(path: str) -> bool:
    from audiopipe.audio.reading import open_source

    try:
        with open_source(path):
            return True
    except AudiopipeError:
        return False


def _changed_s(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime  # noqa: PTH116
    except OSError:
        return None


def _elsewhere(argument: str, wanted: Selection) -> Iterator[Item | LeftOut]:
    """The objects of a store, or below a prefix of one."""
    # Imported late, as all that reads is: most runs are told of files, and of endings.
    from audiopipe.audio.reading.remote import entries

    try:
        listed = entries(argument)
    except InputError as error:
        yield Item(argument, harmless(argument), error)
        return
    found = (each for entry in listed for each in _object(entry, wanted))
    yield from found if listed[0].is_named else _told(argument, found)


def _object(entry: Entry, wanted: Selection) -> Iterator[Item | LeftOut]:
    below = PurePath(*(harmless(part) for part in entry.below.split("/"))).as_posix()
    against = wanted.reason_against(PurePath(entry.below), entry.changed_s)
    if not against and not entry.is_named:
        against = "" if sort_by_name(entry.below) else "other"
        against = "of 0 bytes" if entry.size == 0 else against
    marks = (entry.size, int(entry.changed_s * 1e9))
    yield LeftOut(entry.address, against) if against else Item(entry.address, below, marks=marks)


def _shown(path: str) -> str:
    from audiopipe.audio.reading import shown

    return shown(path)


def _counted(number: int, why: str) -> str:
    plural = "s" if number > 1 and why in _COUNTABLE else ""
    return f"{number} {why}{plural}"


_COUNTABLE: Sequence[str] = ("picture", "text", "archive", "document", "program")
