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
from audiopipe.render import require_room
from audiopipe.render.read import read_own
from audiopipe.workflows.recipe.parse import Recipe, read
from audiopipe.workflows.recipe.work import Station, Work, station

__all__ = ["Recipe", "Result", "Task", "read", "run", "tasks"]

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
    """

    task: Task
    files: tuple[Path, ...] = ()
    error: AudiopipeError | None = None
    lacks: int = 0
    is_skipped: bool = False


def tasks(recipe: Recipe, sources: Iterable[Any] | None = None) -> Iterator[Task]:
    """Recordings as tasks, each named after its file.

    Args:
        recipe: its inputs are taken where there are no sources.
        sources: recordings, or tasks as they are.
    """
    for source in recipe.inputs if sources is None else sources:
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

    A recording whose files are there, are newer than itself and the recipe, and lack nothing is
    left alone. All answers are stored, and one spending pays for all.

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
            station(stage, recipe.stages[:number], context)
            for number, stage in enumerate(recipe.stages)
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
    if _is_done(task, recipe, files):
        return Result(task, files, is_skipped=True)
    work = Work(task.source, recipe.path(task.stem))
    error: AudiopipeError | None = None
    for at in stations:
        try:
            work = at.work(work)
        except AudiopipeError as fault:
            # what cannot work at all was refused before: this is about the recording
            if fault.stops_run and not isinstance(fault, UsageError):
                raise
            error = fault
            break
    lacks = len(work.transcript.failures) if work.transcript else 0
    there = tuple(path for path in files if path.exists())
    return Result(task, there, error, lacks)


def _is_done(task: Task, recipe: Recipe, files: Iterable[Path]) -> bool:
    strict = any(stage.strict for stage in recipe.stages)  # it has to be told of again
    again = recipe.settings.overwrite or recipe.settings.refresh
    if again or strict or not isinstance(task.source, str):
        return False
    source = Path(task.source)
    if not source.is_file() or not all(path.is_file() for path in files):
        return False
    changed_s = max(source.stat().st_mtime, recipe.changed_s)
    if any(path.stat().st_mtime < changed_s for path in files):
        return False
    heard = any(stage.hears for stage in recipe.stages)
    return not heard or _is_whole(recipe.path(task.stem))


def _is_whole(stem: Path) -> bool:
    try:
        return not read_own(stem.with_name(f"{stem.name}.json")).failures
    except InputError:
        return False
