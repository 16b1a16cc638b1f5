"""Which recordings the arguments name, and where the results of each go."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from audiopipe.backends.http.address import legible
from audiopipe.cli.streams import stdin
from audiopipe.errors import UnreadableInput

MEDIA = frozenset(
    ".3g2 .3gp .aac .ac3 .aif .aifc .aiff .amr .ape .asf .au .avi .caf .dts .flac .flv .m4a .m4b "
    ".m4v .mka .mkv .mov .mp2 .mp3 .mp4 .mpeg .mpg .mpga .mts .oga .ogg .ogv .opus .ra .rm .snd "
    ".spx .ts .tta .vob .w64 .wav .webm .wma .wmv .wv".split()
)
"""Endings that are taken from a folder; a file named by itself is always tried."""


@dataclass(frozen=True, slots=True)
class Item:
    """An input and the path of its results below the output folder, still without an ending."""

    source: str
    stem: PurePath
    error: UnreadableInput | None = None


def find_inputs(arguments: Iterable[str]) -> list[Item]:
    """The recordings that the arguments name, in order, each once, with names that differ.

    Args:
        arguments: files, folders, globs, URLs, or `-` for stdin.

    Returns:
        Items; one that names nothing carries an error.
    """
    found: dict[str, Item] = {}
    for argument in arguments:
        for item in _expand(argument):
            found.setdefault(_identity(item.source), item)
    return _distinct(list(found.values()))


def open_input(item: Item) -> str | BinaryIO:
    """What the library takes for an item: its path or address, or the stream of stdin."""
    return stdin() if item.source == "-" else item.source


def _identity(source: str) -> str:
    return source if source == "-" or "://" in source else os.path.realpath(source)


def _expand(argument: str) -> Iterator[Item]:
    if argument == "-":
        yield _stdin()
    elif re.match(r"https?://", argument):
        yield _address(argument)
    elif Path(argument).is_dir():
        yield from _in_folder(Path(argument))
    elif os.path.lexists(argument):
        yield Item(argument, PurePath(Path(argument).name))
    elif paths := sorted(glob.glob(argument, recursive=True)):  # noqa: PTH207 - absolute patterns too
        for path in paths:
            yield from (
                _in_folder(Path(path))
                if Path(path).is_dir()
                else [Item(path, PurePath(Path(path).name))]
            )
    else:
        error = UnreadableInput(f"{argument}: no such file")
        yield Item(argument, PurePath(_harmless(argument)), error)


def _stdin() -> Item:
    try:
        stdin()
    except UnreadableInput as error:
        return Item("-", PurePath("stdin"), error)
    return Item("-", PurePath("stdin"))


def _address(url: str) -> Item:
    try:
        return Item(url, PurePath(_harmless(unquote(urlsplit(url).path))))
    except ValueError as error:
        name = legible(url)
        return Item(url, PurePath("download"), UnreadableInput(f"{name} is no address: {error}"))


def _harmless(path: str) -> str:
    """A file name from the last part of a path."""
    last = path.rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^\w.\- ]", "_", last).lstrip(".") or "download"


def _in_folder(folder: Path) -> Iterator[Item]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in MEDIA)
    for path in paths:
        below = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in below.parts):
            yield Item(str(path), PurePath(below))
    if not paths:
        yield Item(str(folder), PurePath(), UnreadableInput(f"{folder}: no recording below it"))


def _distinct(items: Sequence[Item]) -> list[Item]:
    """Names without their ending, unless two would then be the same; a number if they still are."""
    stems = Counter(_folded(item.stem.with_suffix("")) for item in items if item.stem.name)
    taken: Counter[str] = Counter()
    named = []
    for item in items:
        stem = item.stem
        if stem.name and stems[_folded(stem.with_suffix(""))] == 1:
            stem = stem.with_suffix("")
        taken[_folded(stem)] += 1
        if (copy := taken[_folded(stem)]) > 1:
            stem = stem.with_name(f"{stem.name}-{copy}")
        named.append(Item(item.source, stem, item.error))
    return named


def _folded(stem: PurePath) -> str:
    """Names that differ in case alone are one file on many systems."""
    return str(stem).casefold()
