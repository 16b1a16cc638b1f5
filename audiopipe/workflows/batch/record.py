"""The record of a batch: what became of each input, in a file beside the results."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from audiopipe.errors import InputError, UsageError
from audiopipe.settings import Settings, check_reach, convert, table
from audiopipe.workflows.batch.row import Row, Status, line_of, row_of
from audiopipe.workflows.places import Place, place_of

NAME = "batch.json"
VERSION = 2
"""Grows by one when an older reader could no longer understand what is written; from 2 on readers
pass over what they do not know."""

_SHAPING = tuple(each.name for each in table() if each.shapes_results)
_GLOSSARY_SHA256 = "glossary_sha256"
_ROWS, _END = b'\n "rows": [\n', b"\n ]\n}\n"


@dataclass(frozen=True, slots=True)
class Head:
    """What is told of all inputs together.

    Attributes:
        begun, updated: the first and the last write; ISO 8601, UTC.
        stopped: why the last run ended before its end.
        settings: values of the last run that shape results, by their names in `Settings`; as
            they stand in the file, unchecked.
    """

    begun: str
    updated: str
    stopped: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Batch(Head):
    """All inputs whose results went to one folder.

    Attributes:
        rows: in the order of the inputs, those of the last run first.
    """

    rows: tuple[Row, ...]

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many rows have each status, every status named."""
        found = Counter(row.status for row in self.rows)
        return {status: found[status] for status in get_args(Status)}


def read(where: Path | str | Place) -> Batch:
    """The batch of a folder, or below an address.

    Raises:
        InputError: there is none, or the file is not ours.
    """
    place = where if isinstance(where, Place) else place_of(where)
    data = place.read(NAME)
    if data is None:
        raise InputError(f"no batch in {place.shown}: it has no {NAME}")
    head, rows = parse(data, place)
    return Batch(head.begun, head.updated, head.stopped, head.settings, tuple(rows))


def parse(data: bytes, place: Place) -> tuple[Head, Iterator[Row]]:
    """What a file says, its rows one at a time.

    Raises:
        InputError: it is not ours; also while rows are taken.
    """
    with _refused(place):
        document, rows = _split(data)
        if document["version"] not in range(1, VERSION + 1):
            raise ValueError(f"its version is {document['version']!r}, not {VERSION}")
        texts = (document["begun"], document["updated"], document["stopped"])
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("its times are no text")
        return Head(*texts, {**document["settings"]}), _parsed(rows, place)


def _parsed(rows: Iterable[Mapping[str, Any]], place: Place) -> Iterator[Row]:
    with _refused(place):
        yield from map(row_of, rows)


@contextmanager
def _refused(place: Place) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        shown = f"{place.shown}/{NAME}"
        raise InputError(f"{shown} is not the record of a batch: {error}") from error


def _split(data: bytes) -> tuple[Mapping[str, Any], Iterable[Mapping[str, Any]]]:
    """The document without its rows, and these: a line at a time where each has one, as we write
    them. All at once those of 100,000 inputs would take some 200 MB."""
    begin = data.find(_ROWS) + len(_ROWS)
    if begin > len(_ROWS) and data.endswith(_END) and all(map(_is_row, _lines(data, begin))):
        document = json.loads(data[:begin].decode("utf-8") + "]}")
        return document, (json.loads(_stripped(line)) for line in _lines(data, begin))
    document = json.loads(data.decode("utf-8"))
    return document, document["rows"]


def _lines(data: bytes, begin: int) -> Iterator[bytes]:
    """Those of rows, from the first on."""
    file, end = io.BytesIO(data), len(data) - len(_END)
    file.seek(begin)
    while file.tell() < end:
        yield file.readline()


def _stripped(line: bytes) -> bytes:
    return line.strip().removesuffix(b",")


def _is_row(line: bytes) -> bool:
    row = _stripped(line)
    return row.startswith(b"{") and row.endswith(b"}")


def settings_of(
    folder: Path, batch: Batch, given: Collection[str] = (), *, allow: bool = False
) -> dict[str, Any]:
    """The settings of the last run into a folder, checked: anybody may have written the file.

    A glossary outside of the folder is taken where its content is what it was: who knows that need
    not have it sent anywhere.

    Args:
        folder: of the results.
        batch: what its record says.
        given: names of settings that the user gives, in place of those of the record.
        allow: whether the record may name any file.

    Raises:
        UsageError: one that is not allowed, or that no batch keeps.
    """
    place = f"{folder / NAME}: settings"
    told = {name: value for name, value in batch.settings.items() if name not in given}
    glossary = told.pop(_GLOSSARY_SHA256, "")
    if strange := [name for name in told if name not in _SHAPING]:
        raise UsageError(f"{place}: a batch keeps no {strange[0]}, but {', '.join(_SHAPING)}")
    made = {name: convert(name, value, f"{place}: {name}") for name, value in told.items()}
    if glossary and _sha256(made.get("glossary", "")) == glossary:
        allow = True
    check_reach(made, {"allow": allow}, place, folder, os.environ)
    return made


def kept(settings: Settings) -> dict[str, Any]:
    """What a record keeps of the settings of a run. Neither key nor address is kept: who hands on a
    folder must not decide where the next one sends a key."""
    values = {name: getattr(settings, name) for name in _SHAPING}
    return values | ({_GLOSSARY_SHA256: _sha256(settings.glossary)} if settings.glossary else {})


def _sha256(file: str) -> str:
    """Of a file's content; "" where there is none."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() if Path(file).is_file() else ""
    except OSError:
        return ""


def text_of(batch: Batch) -> str:
    """What stands in the file of a batch."""
    return "".join(lines_of(batch, map(line_of, batch.rows)))


def lines_of(head: Head, rows: Iterable[str]) -> Iterator[str]:
    """JSON with a row a line, to be read and searched by eye.

    Args:
        head: all but the rows.
        rows: as `row.line_of` gives them.
    """
    told = {"version": VERSION, "begun": head.begun, "updated": head.updated}
    told |= {"stopped": head.stopped, "settings": head.settings}
    yield json.dumps(told, ensure_ascii=False, indent=1)[:-2] + ',\n "rows": ['
    for n, row in enumerate(rows):
        yield (",\n  " if n else "\n  ") + row
    yield "\n ]\n}\n"
