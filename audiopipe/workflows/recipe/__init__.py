"""Pipelines in a file: stages chained by name, for any number of recordings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from audiopipe.concurrency import ordered_map
from audiopipe.context import Context
from audiopipe.errors import AudiopipeError, InputError, Stopped, UsageError
from audiopipe.pipeline import Outcome
from audiopipe.render import require_room
from audiopipe.workflows.recipe.done import seal, would_be_same
from audiopipe.workflows.recipe.graph import before
from audiopipe.workflows.recipe.parse import Recipe, read
from audiopipe.workflows.recipe.work import Station, Work, begin, station

__all__ = ["Recipe", "Result", "Task", "is_done", "read", "run", "tasks"]

_AT_ONCE = 2
"""Recordings under way: while one waits for a server, another is decoded."""


@dataclass(frozen=True, slots=True)
class Task:
    """A recording, and the path of its results below the output folder, without an ending.

    `error` is what is known to be wrong with it.
    """

    source: Any
    stem: PurePath
    error: InputError | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a recording.

    Attributes:
        task: it.
        files: what stands in the output folder of it.
        error: why later files are missing.
        lacks: passages of the recording that have no transcript.
        is_skipped: whether all was there already.
        heard: what has been recognised; None where nothing has been.
    """

    task: Task
    files: tuple[Path, ...] = ()
    error: AudiopipeError | None = None
    lacks: int = 0
    is_skipped: bool = False
    heard: Outcome | None = None


def tasks(recipe: Recipe, sources: Iterable[Any] | None = None) -> Iterator[Task]:
    """Recordings as tasks, each named after its file.

    Args:
        recipe: its inputs are taken where there are no sources.
        sources: recordings, or tasks as they are.
    """
    for source in recipe.sources if sources is None else sources:
        if isinstance(source, Task):
            yield source
        else:
            name = os.fspath(source) if isinstance(source, str | os.PathLike) else "recording"
            yield Task(source, PurePath(PurePath(name).stem))


def run(
    recipe: Recipe,
    tasks: Iterable[Task],
    context: Context,
) -> Iterator[Result]:
    """A result for each recording, in order; one that fails does not stop the others.

    A recording whose files are there and lack nothing is left alone, where the same would be asked
    now; see `done`. All answers are stored, and one spending pays for all.

    Args:
        recipe: what to do.
        tasks: with what.
        context: backends, spending, listener and stop; its settings are those of the recipe.

    Raises:
        UsageError: what cannot work, before anything is read.
        AuthError: there is no key, or nobody to chat with; before anything is read, too.
        AudiopipeError: what makes every other recording pointless.
    """
    context = context.derive(recipe.settings, stop=context.stop.part())
    stop = context.stop
    require_room(Path(recipe.settings.output_dir))
    with ExitStack() as stack:
        stack.callback(stop.set)
        stations = [
            station(stage, before(recipe.stages, stage.after), context) for stage in recipe.stages
        ]
        broken: list[AudiopipeError] = []

        def work(task: Task) -> Result:
            try:
                stop.check()
                return _worked(task, recipe, stations)
            except AudiopipeError as error:
                if not isinstance(error, Stopped):
                    broken.append(error)
                    stop.set(gently=True)
                raise

        try:
            yield from ordered_map(work, tasks, workers=_AT_ONCE)
        except Stopped as error:
            raise broken[0] if broken else error from None


def _worked(task: Task, recipe: Recipe, stations: Iterable[Station]) -> Result:
    """What becomes of a recording.

    Raises:
        AudiopipeError: what makes every other pointless.
    """
    files = recipe.files(task.stem)
    if task.error:
        return Result(task, error=task.error)
    if is_done(task, recipe):
        return Result(task, files, is_skipped=True)
    try:
        first = begin(task.source, recipe.path(task.stem))
    except InputError as fault:
        return Result(task, error=fault)
    works, error = _walked(first, stations)
    if not error:
        seal(recipe, recipe.path(task.stem))
    heard = next((work.heard for work in works if work.heard), None)
    lacks = max((len(w.transcript.failures) for w in works if w.transcript), default=0)
    there = tuple(path for path in files if path.exists())
    return Result(task, there, error, lacks, heard=heard)


def _walked(first: Work, stations: Iterable[Station]) -> tuple[list[Work], AudiopipeError | None]:
    """What the stages have made, and the first error; behind a stage that fails nothing is done,
    and beside it all is."""
    works: list[Work | None] = []
    broken: AudiopipeError | None = None
    for at in stations:
        origin = first if at.stage.after is None else works[at.stage.after]
        made = None
        try:
            made = at.work(origin) if origin else None
        except AudiopipeError as fault:
            # what cannot work at all was refused before: this is about the recording
            if fault.stops_run and not isinstance(fault, UsageError):
                raise
            broken = broken or fault
        works.append(made)
    return [work for work in works if work], broken


def is_done(task: Task, recipe: Recipe) -> bool:
    """Whether all that a recording becomes is there, whole, and would be the same now; what has
    changed is told.

    Of stages that other packages add nobody knows what they write.
    """
    strict = any(stage.strict for stage in recipe.stages)  # it has to be told of again
    again = recipe.settings.overwrite or recipe.settings.refresh
    if again or strict or not isinstance(task.source, str):
        return False
    files = recipe.files(task.stem)
    there = Path(task.source).is_file() and all(path.is_file() for path in files)
    if not files or not there:
        return False
    return would_be_same(task.source, recipe, recipe.path(task.stem), files)
