"""The record of a batch: what became of each input, in a file beside the results."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from threading import Lock, Timer
from typing import Any, Literal, Self, get_args

from audiopipe.backends.http.address import public_name
from audiopipe.errors import InputError, OutputError, UsageError
from audiopipe.settings import Settings, check_reach, convert, table
from audiopipe.workflows.places import Place, place_of

NAME = "batch.json"
VERSION = 2
"""Grows by one when an older reader could no longer understand what is written; from 2 on readers
pass over what they do not know."""

Status = Literal["pending", "done", "partial", "failed", "skipped"]

_SHAPING = tuple(each.name for each in table() if each.shapes_results)
_GLOSSARY_SHA256 = "glossary_sha256"
_REST_S = 1.0
_SHARE = 20  # the rest between two writes is at least so many times what a write takes


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one input.

    Attributes:
        source: what `identity` gives for it.
        stem: path of its results below the folder, without an ending.
        status: `partial` lacks a passage; `skipped` was done already.
        reason: why it is partial or failed.
        outputs: paths of its results below the folder.
        duration_s: seconds of the recording; None where nobody knows.
        flags: passages not to trust.
        requests: requests that its transcript took, in all runs.
        billed_s: seconds that were billed for them.
        cost_usd: their price; None where it is not known.
        spent_usd: the part of it that the last run paid which worked on it.
        at: when this became of it; ISO 8601, UTC. "" for a row of version 1.
    """

    source: str
    stem: str
    status: Status = "pending"
    reason: str = ""
    outputs: tuple[str, ...] = ()
    duration_s: float | None = None
    flags: int = 0
    requests: int = 0
    billed_s: float = 0.0
    cost_usd: float | None = 0.0
    spent_usd: float | None = 0.0
    at: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        stem = PurePath(self.stem)
        if stem.is_absolute() or ".." in stem.parts:
            raise ValueError(f"{self.stem!r} leads out of the folder")
        if self.status not in get_args(Status):
            raise ValueError(f"{self.status!r} is no status")

    @property
    def is_due(self) -> bool:
        """Whether something is left to do."""
        return self.status in ("pending", "partial", "failed")

    @property
    def is_whole(self) -> bool:
        """Whether the source tells all that it takes to read it again."""
        return self.source != "-" and not ("://" in self.source and "#" in self.source)

    def facts(self) -> dict[str, Any]:
        """All attributes by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class Batch:
    """All inputs whose results went to one folder.

    Attributes:
        begun, updated: the first and the last write; ISO 8601, UTC.
        stopped: why the last run ended before its end.
        settings: values of the last run that shape results, by their names in `Settings`; as
            they stand in the file, unchecked.
        rows: in the order of the inputs, those of the last run first.
    """

    begun: str
    updated: str
    stopped: str
    settings: Mapping[str, Any]
    rows: tuple[Row, ...]

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many rows have each status, every status named."""
        found = Counter(row.status for row in self.rows)
        return {status: found[status] for status in get_args(Status)}


def identity(source: str) -> str:
    """What tells an input from every other, wherever a later run is started.

    The absolute path of a file, its links unresolved; an address without user, password and query,
    which may carry a signature: a hash stands for them, behind `#`. Stdin is `-`.
    """
    if source == "-":
        return source
    if "://" not in source:
        path = os.path.abspath(source)  # noqa: PTH100 - a path may be no file
        return source if path == source else path  # of 100,000 each name is held once
    return public_name(source)


def read(where: Path | str | Place) -> Batch:
    """The batch of a folder, or below an address.

    Raises:
        InputError: there is none, or the file is not ours.
    """
    place = where if isinstance(where, Place) else place_of(where)
    data = place.read(NAME)
    if data is None:
        raise InputError(f"no batch in {place.shown}: it has no {NAME}")
    return _read(data, place)


def _read(data: bytes, place: Place) -> Batch:
    try:
        return _parse(json.loads(data.decode("utf-8")))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        shown = f"{place.shown}/{NAME}"
        raise InputError(f"{shown} is not the record of a batch: {error}") from error


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


class Manifest:
    """The record of a running batch: a context that writes it at its beginning and its end, and
    soon after each change.

    Rows of earlier runs, and of other processes that work in the same folder, are kept; where two
    tell of the same input, the later news stands. Writing takes at most a twentieth of the time, so
    that its cost for 10,000 files is linear.

    Args:
        where: results go; a folder or an address.
        settings: of this run. Neither key nor address is kept: who hands on a folder must not
            decide where the next one sends a key.
        rows: the inputs of this run, in order; of those that an earlier run left undone, what it
            knew is kept until there is news.
        clock: seconds since the epoch.

    Raises:
        InputError: the name of the file is taken by something else, which is left alone.
        OutputError: the record cannot be written.
    """

    def __init__(
        self,
        where: Path | str | Place,
        settings: Settings,
        rows: Iterable[Row],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._place, self._clock = where if isinstance(where, Place) else place_of(where), clock
        there = self._place.read(NAME)
        earlier = None if there is None else _read(there, self._place)
        known = {row.source: row for row in earlier.rows if row.is_due} if earlier else {}
        now = self._now()
        self._rows = {row.source: known.get(row.source, replace(row, at=now)) for row in rows}
        self._theirs: dict[str, Row] = {}
        self._ours = ""
        self._settings = {name: getattr(settings, name) for name in _SHAPING}
        if settings.glossary:
            self._settings[_GLOSSARY_SHA256] = _sha256(settings.glossary)
        self._begun = earlier.begun if earlier else self._now("seconds")
        self._stopped = ""
        self._rest_s = _REST_S
        self._timer: Timer | None = None
        self._lock = Lock()

    def put(self, row: Row, *, at_once: bool = False) -> None:
        """There is news of an input, which may have to be on the disk before anything else is."""
        with self._lock:
            self._rows[row.source] = replace(row, at=self._now())
            if at_once:
                self._rest()
            elif self._timer is None:
                self._timer = Timer(self._rest_s, self._save_in_time)
                self._timer.daemon = True
                self._timer.start()
        if at_once:
            self._save()

    def stop(self, reason: str) -> None:
        """The run ends before its end."""
        self._stopped = reason

    def __enter__(self) -> Self:
        self._save()
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._rest()
        self._save()

    def _rest(self) -> None:
        """What was to be written soon is written by who calls this."""
        if self._timer is not None:
            self._timer.cancel()

    def _save_in_time(self) -> None:
        with suppress(OutputError):  # the write at the end tells, where somebody can hear it
            self._save()

    def _save(self) -> None:
        with self._lock:
            self._timer = None
            began_s = time.monotonic()
            self._ours = self._place.replace(NAME, self._text, self._ours)
            self._rest_s = max(_REST_S, _SHARE * (time.monotonic() - began_s))

    def _text(self, theirs: bytes | None) -> str:
        """The record, after what others have written if they have."""
        if theirs is not None:
            try:
                rows = _read(theirs, self._place).rows
            except InputError as error:
                raise OutputError(f"the record of this run cannot be kept: {error}") from error
            self._theirs = {row.source: row for row in rows}
        updated, rows = self._now("seconds"), tuple(self._newest())
        batch = Batch(self._begun, updated, self._stopped, self._settings, rows)
        return text_of(batch)

    def _newest(self) -> Iterator[Row]:
        """All rows, those of this run first."""
        for source, row in self._rows.items():
            theirs = self._theirs.get(source, row)
            yield theirs if theirs.at > row.at else row
        yield from (row for source, row in self._theirs.items() if source not in self._rows)

    def _now(self, exact_to: str = "milliseconds") -> str:
        return datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec=exact_to)


def _sha256(file: str) -> str:
    """Of a file's content; "" where there is none."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() if Path(file).is_file() else ""
    except OSError:
        return ""


def text_of(batch: Batch) -> str:
    """What stands in the file of a batch."""
    return "".join(_lines(batch))


def _lines(batch: Batch) -> Iterator[str]:
    """JSON with a row a line, to be read and searched by eye."""
    head = {"version": VERSION, "begun": batch.begun, "updated": batch.updated}
    head |= {"stopped": batch.stopped, "settings": batch.settings}
    yield json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "rows": ['
    for n, row in enumerate(batch.rows):
        yield (",\n  " if n else "\n  ") + json.dumps(row.facts(), ensure_ascii=False)
    yield "\n ]\n}\n"


def _parse(document: Mapping[str, Any]) -> Batch:
    if document["version"] not in range(1, VERSION + 1):
        raise ValueError(f"its version is {document['version']!r}, not {VERSION}")
    texts = (document["begun"], document["updated"], document["stopped"])
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("its times are no text")
    rows = tuple(Row(**_checked(row)) for row in document["rows"])
    return Batch(*texts, {**document["settings"]}, rows)


_ROW = Row("", "").facts() | {"duration_s": 0.0}
_OPTIONAL = ("duration_s", "cost_usd", "spent_usd")


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of a row, lists as tuples; each is of its kind, or there is a TypeError."""
    known = {name: value for name, value in values.items() if name in _ROW}
    made = {name: tuple(v) if isinstance(v, list) else v for name, v in known.items()}
    for name, value in made.items():
        like = _ROW[name]
        kinds = (int, float) if isinstance(like, float) else type(like)
        if not (isinstance(value, kinds) or (value is None and name in _OPTIONAL)):
            raise TypeError(f"{name} cannot be {value!r}")
    return made
