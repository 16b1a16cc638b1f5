"""Which inputs of a run have something left to do, and in which order it is done."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePath

from audiopipe.cli.inputs import Item, find_inputs
from audiopipe.cli.log import LOGGER
from audiopipe.cli.results import missing, paths, row_of
from audiopipe.errors import InputError
from audiopipe.settings import Settings
from audiopipe.store.files import sweep
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.asked import changes
from audiopipe.workflows.batch import NAME, Batch, Row, identity, read
from audiopipe.workflows.inputs.names import files as files_of
from audiopipe.workflows.inputs.names import free

_READERS = 8
"""Threads that read headers, for drives on the network: each header waits for its own answer."""


def undone(batch: Batch, inputs: Sequence[str], settings: Settings) -> list[Item]:
    """The inputs of a batch that failed, are partial or pending: all, or those among `inputs`."""
    rows = {row.source: row for row in batch.rows if row.is_due}
    if inputs:
        named = {identity(item.source): item for item in find_inputs(inputs, settings)}
        return [
            replace(named[source], stem=PurePath(row.stem))
            for source, row in rows.items()
            if source in named
        ]
    for row in rows.values():
        if not row.is_whole:
            LOGGER.warning("%s: to try it again, name it as an input", row.source)
    return [Item(row.source, PurePath(row.stem)) for row in rows.values() if row.is_whole]


def beside_record(items: Iterable[Item], folder: Path) -> list[Item]:
    """The items under the names by which the record of a folder knows them.

    New ones keep their ending, as inputs do that share a name, where they would write over the
    results of another recording, or over the record itself.
    """
    names = Names(folder)
    return [names.beside_record(item) for item in items]


class Names:
    """What results are called that go to a folder, as they come; by the record of the folder."""

    def __init__(self, folder: Path) -> None:
        self._known = _known(folder)
        self._used = {NAME, *(file for stem in self._known.values() for file in files_of(stem))}

    def beside_record(self, item: Item) -> Item:
        """The item under its name there; see `beside_record`."""
        stem = self._known.get(identity(item.source))
        if stem is None:
            stem = item.stem
            if stem.name and not self._used.isdisjoint(files_of(stem)):
                stem = free(stem.with_name(PurePath(item.source).name), self._used)
                LOGGER.warning("%s: named %s, as another's results are there", item.source, stem)
        return replace(item, stem=stem)

    def keep(self, item: Item) -> Item:
        """The item under its name there, which then is nobody else's."""
        named = self.beside_record(item)
        self._known[identity(item.source)] = named.stem
        self._used.update(files_of(named.stem))
        return named


def _known(folder: Path) -> dict[str, PurePath]:
    """The names of results by their sources, as far as these are there: what was moved keeps its
    name, as a new source."""
    try:
        rows = read(folder).rows
    except InputError:
        return {}
    return {
        row.source: PurePath(row.stem)
        for row in rows
        if row.outputs and ("://" in row.source or Path(row.source).exists())
    }


def settled(item: Item, settings: Settings) -> Row | None:
    """The row of an input that cannot be found, or is done already; None if it is due.

    It is done when every result exists and lacks nothing, and the same would be asked now about
    the same recording; what has changed is told. Results of older versions, which do not know what
    was asked, must be newer than the input, and of the same task and model.
    """
    if item.error:
        return missing(item, str(item.error))
    again = settings.overwrite or settings.refresh or settings.output_dir == "-"
    if again or not Path(item.source).is_file():
        return None
    files = paths(item, settings)
    for folder in {path.parent for path in files.values()}:
        sweep(folder)
    there = all(path.is_file() for path in files.values())
    transcript = _stored(files["json"]) if there and "json" in files else None
    if not transcript or transcript.failures:
        return None
    if transcript.asked and (told := "; ".join(changes(transcript, settings, item.source))):
        LOGGER.info("%s: done again: %s", item.source, told)
        return None
    if not transcript.asked and not _is_current(files.values(), item, transcript, settings):
        return None
    return row_of(item, settings, transcript, "skipped", Usage())


def durations(items: Sequence[Item]) -> Mapping[Item, float | None]:
    """Seconds of each recording by its header; None where that does not tell, 0 for no recording.

    A header takes a fraction of a millisecond, and sizes in bytes would mislead: an hour has ten
    times as many in one format as in another.
    """
    with ThreadPoolExecutor(_READERS) as readers:
        return dict(zip(items, readers.map(_duration_s, items), strict=True))


def short_first(durations_s: Mapping[Item, float | None]) -> list[Item]:
    """The items, those of unknown length last: most results are there early, and one long
    recording does not hold up all others under a limit."""

    def length(item: Item) -> float:
        seconds = durations_s[item]
        return math.inf if seconds is None else seconds

    return sorted(durations_s, key=length)


def _duration_s(item: Item) -> float | None:
    from audiopipe.audio.reading import open_source

    if not Path(item.source).is_file():
        return None
    try:
        with open_source(item.source) as recording:
            return recording.duration_s
    except InputError:
        return 0.0


def _stored(path: Path) -> Transcript | None:
    from audiopipe.render.read import read_own

    try:
        return read_own(path)
    except InputError:
        return None


def _is_current(
    files: Iterable[Path], item: Item, transcript: Transcript, settings: Settings
) -> bool:
    """Whether results that don't know what was asked may stand."""
    from audiopipe.backends.catalog import resolve

    changed = Path(item.source).stat().st_mtime
    is_repaired = not (settings.repair and transcript.flags and not transcript.repairs)
    models = {settings.model, resolve(settings.model)} if settings.model else {transcript.model}
    is_same = transcript.task == settings.task and transcript.model in models
    return is_repaired and is_same and all(path.stat().st_mtime >= changed for path in files)
