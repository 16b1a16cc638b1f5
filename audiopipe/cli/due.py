"""Which inputs of a run have something left to do, and in which order it is done."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from audiopipe.backends.registry import named
from audiopipe.cli.inputs import Item, find_inputs
from audiopipe.cli.log import LOGGER
from audiopipe.concurrency import ordered_map
from audiopipe.engines.machine import split, this_machine
from audiopipe.errors import InputError
from audiopipe.settings import Settings, change
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.asked import Marks, changes, marks_of
from audiopipe.workflows.batch import NAME, Batch, Row, Rows, identity, parse
from audiopipe.workflows.inputs.names import Used, free
from audiopipe.workflows.places import Place, Prefix
from audiopipe.workflows.results import missing, names, row_of

_LOOKERS = 32
"""Threads that look for results in a store: each look waits for its own answer."""
_READERS = 8
"""Threads that read headers, for drives on the network: each header waits for its own answer."""


def undone(batch: Batch, inputs: Sequence[str], settings: Settings) -> list[Item]:
    """The inputs of a batch that failed, are partial or pending: all, or those among `inputs`."""
    rows = {row.source: row for row in batch.rows if row.is_due}
    if inputs:
        named = {identity(item.source): item for item in find_inputs(inputs, settings)}
        return [
            replace(named[source], stem=row.stem) for source, row in rows.items() if source in named
        ]
    for row in rows.values():
        if not row.is_whole:
            LOGGER.warning("%s: to try it again, name it as an input", row.source)
    return [Item(row.source, row.stem) for row in rows.values() if row.is_whole]


def in_share(items: Iterable[Item], share: str) -> list[Item]:
    """The items of one share, by the hash of their names: the same on every node.

    Args:
        items: all of them.
        share: `K/N`, K from 1 on.
    """
    one, among = map(int, share.split("/"))
    return [item for item in items if _hashed(item.stem) % among == one - 1]


def _hashed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(os.fsencode(name)).digest()[:8], "big")


def beside_record(items: Iterable[Item], place: Place) -> list[Item]:
    """The items under the names by which the record of a place knows them.

    New ones keep their ending, as inputs do that share a name, where they would write over the
    results of another recording, or over the record itself.
    """
    known = Names(place)
    return [known.beside_record(item) for item in items]


class Names:
    """What results are called that go to a folder, as they come; by the record there."""

    def __init__(self, place: Place) -> None:
        self._known = _known(place)
        self._used = Used()
        for stem in (NAME, *self._known.values()):
            self._used.add(PurePath(stem))

    def beside_record(self, item: Item) -> Item:
        """The item under its name there; see `beside_record`."""
        stem = self._known.get(identity(item.source))
        if stem is None:
            stem, wanted = item.stem, PurePath(item.stem)
            if wanted.name and self._used.has_one_of(wanted):
                named = wanted.with_name(PurePath(item.source).name)
                stem = free(named, self._used).as_posix()
                LOGGER.warning("%s: named %s, as another's results are there", item.source, stem)
        return item if stem == item.stem else replace(item, stem=stem)

    def keep(self, item: Item) -> Item:
        """The item under its name there, which then is nobody else's."""
        named = self.beside_record(item)
        self._known[identity(item.source)] = named.stem
        self._used.add(PurePath(named.stem))
        return named


def _known(place: Place) -> dict[str, str]:
    """The names of results by their sources, as far as these are there: what was moved keeps its
    name, as a new source."""
    try:
        data = place.read(NAME)
        rows = () if data is None else parse(data, place)[1]
        return {
            row.source: row.stem
            for row in rows
            if row.outputs and ("://" in row.source or Path(row.source).exists())
        }
    except InputError:
        return {}


def settled(item: Item, settings: Settings, place: Place) -> Row | None:
    """The row of an input that cannot be found, or is done already; None if it is due.

    It is done when every result exists and lacks nothing, and the same would be asked now about
    the same recording; what has changed is told. Results of older versions, which do not know what
    was asked, must be newer than the input, and of the same task and model.
    """
    if item.error:
        return missing(item, str(item.error))
    marks = item.marks or marks_of(item.source)
    files = names(item, settings)
    if settings.overwrite or settings.refresh or not marks or "json" not in files:
        return None
    written_s = [place.changed_s(name) for name in files.values()]
    transcript = None if None in written_s else _stored(files["json"], place)
    if not transcript or transcript.failures:
        return None
    if transcript.asked and (told := "; ".join(changes(transcript, settings, item.source, marks))):
        LOGGER.info("%s: done again: %s", item.source, told)
        return None
    if not transcript.asked and not _is_current(written_s, marks, transcript, settings):
        return None
    return row_of(item, settings, transcript, "skipped", Usage())


def left(items: Sequence[Item], settings: Settings, place: Place | None, known: Rows) -> list[Item]:
    """The items that are not settled; the rows of the others come to those that are known.

    Where results go to stdout, nothing but what cannot be found is settled.
    """

    def look(item: Item) -> Row | None:
        if place is None:
            return missing(item, str(item.error)) if item.error else None
        return settled(item, settings, place)

    workers = _LOOKERS if isinstance(place, Prefix) else 1
    undone = []
    for item, row in zip(items, ordered_map(look, items, workers=workers), strict=True):
        if row:
            known.put(row)
        else:
            undone.append(item)
    return undone


def durations(items: Sequence[Item]) -> Mapping[Item, float | None]:
    """Seconds of each recording by its header; None where that does not tell, 0 for no recording.

    A header takes a fraction of a millisecond, and sizes in bytes would mislead: an hour has ten
    times as many in one format as in another.
    """
    return dict(zip(items, ordered_map(_duration_s, items, workers=_READERS), strict=True))


def in_order(durations_s: Mapping[Item, float | None], *, is_limited: bool) -> list[Item]:
    """Recordings in the order in which they are done, those of unknown length last.

    Where no limit binds several nodes, long ones first: a long one that is begun last keeps the
    others waiting. Else short ones first: all takes as long as the limit, or the one machine, and
    most results are there early.

    Args:
        durations_s: with their seconds, None where nobody knows.
    """

    def length(item: Item) -> float:
        seconds = durations_s[item]
        if seconds is None:
            return math.inf
        return seconds if is_limited else -seconds

    return sorted(durations_s, key=length)


def divided(durations_s: Mapping[Item, float | None], settings: Settings) -> Settings:
    """The settings with the cores of this machine divided, where the embedded engine hears here and
    nobody has said how."""
    backend = named(settings, os.environ)[0]
    if backend != "local" or settings.on or settings.workers or settings.threads:
        return settings
    # of an unknown length: a piece
    known = [seconds or 1.0 for seconds in durations_s.values()]
    pieces = sum(math.ceil(seconds / settings.chunk_length_s) for seconds in known)
    way = split(this_machine(), pieces, len(known), sum(known))
    if way.processes > 1 and settings.output_dir != "-":
        return change(settings, {"on": "processes", "slots": way.processes})
    return change(settings, {"workers": max(2, way.at_once), "threads": way.threads})


def _duration_s(item: Item) -> float | None:
    from audiopipe.audio.reading import open_source

    if not Path(item.source).is_file():
        return None
    try:
        with open_source(item.source) as recording:
            return recording.duration_s
    except InputError:
        return 0.0


def _stored(name: str, place: Place) -> Transcript | None:
    from audiopipe.render import as_json

    try:
        data = place.read(name)
        return as_json.parse(data.decode("utf-8")) if data else None
    except (InputError, ValueError, RecursionError):
        return None


def _is_current(
    written_s: Iterable[float | None], marks: Marks, transcript: Transcript, settings: Settings
) -> bool:
    """Whether results that don't know what was asked may stand."""
    from audiopipe.backends.catalog import resolve

    changed_s = marks[1] / 1e9
    is_repaired = not (settings.repair and transcript.flags and not transcript.repairs)
    models = {settings.model, resolve(settings.model)} if settings.model else {transcript.model}
    is_same = transcript.task == settings.task and transcript.model in models
    return is_repaired and is_same and all((at_s or 0.0) >= changed_s for at_s in written_s)
