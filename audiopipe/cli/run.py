"""`audiopipe run`: the stages of a pipeline file, for each recording or text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import options
from audiopipe.cli.codes import FLAGGED, NOTHING_DONE, SOME_FAILED
from audiopipe.cli.inputs import find_inputs
from audiopipe.cli.interrupt import stop_on_signals
from audiopipe.cli.log import LOGGER, complain
from audiopipe.cli.roundtrip import tell_step
from audiopipe.cli.streams import put
from audiopipe.errors import AudiopipeError, InputError, UsageError
from audiopipe.render import require_room
from audiopipe.render.chunks import MANIFEST
from audiopipe.workflows.batch import Manifest, Row, identity
from audiopipe.workflows.inputs.names import ENDINGS

if TYPE_CHECKING:
    from audiopipe.workflows.recipe import Recipe, Result, Task


@options.command("run", "pipeline.toml recordings/ -o out", "pipeline.toml --dry-run")
@click.argument("pipeline", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("inputs", nargs=-1, metavar="[INPUT...]")
@click.option("--dry-run", is_flag=True, help="Draw the stages and what each writes, and stop.")
@options.settings("run", output_dir="Where results go.  [default: .]")
@options.verbosity
def command(pipeline: Path, inputs: tuple[str, ...], dry_run: bool, **flags: Any) -> int:
    """Run the stages of a pipeline file, such as transcribe, translate, render and speak, for each
    recording: files, folders, globs or URLs, or those that the file names. Texts and transcripts
    are inputs too, named by themselves.

    Each stage works on what earlier ones have made, and its results are DIR/NAME.*, each written
    whole or not at all. Inputs whose results exist and would be the same now are left alone.
    DIR/batch.json says what became of each; `audiopipe status DIR` shows it.
    """
    from audiopipe.session import Session
    from audiopipe.workflows.recipe import read

    recipe = read(pipeline, flags, inputs)
    tasks = _tasks(recipe, inputs)
    if dry_run:
        put("\n".join(_drawn(recipe, pipeline, tasks)))
        return 0
    if not tasks:
        raise UsageError(f"no recordings: name some, or say in {pipeline}: inputs = [...]")
    codes, code = [], 0
    with (
        stop_on_signals() as stop,
        Session(recipe.settings, listener=tell_step, stop=stop) as session,
        _record(recipe, tasks) as record,
    ):
        try:
            for result in session.run(recipe, tasks):
                codes.append(_told(result))
                if record:
                    record.put(_row(result, recipe))
        except AudiopipeError as error:
            complain(error)
            if record:
                record.stop(str(error))
            code = error.exit_code
        if code := code or _code(codes):
            stop.set(gently=True)  # what it has refreshed stays so for the same command
    return code


def _tasks(recipe: Recipe, inputs: Sequence[str]) -> list[Task]:
    """What the arguments, or else the file, name; of folders their recordings, and their texts
    where nothing listens."""
    from audiopipe.workflows.recipe import Task
    from audiopipe.workflows.recipe.texts import in_folder

    endings = {file.name.removeprefix("_") for file in recipe.files(PurePath("_"))}
    named: list[str] = []
    for each in inputs or recipe.sources:
        is_of_texts = not recipe.hears and Path(each).is_dir()
        named += map(str, in_folder(Path(each))) if is_of_texts else [each]
    items = find_inputs(named, recipe.settings, {*ENDINGS, *endings})
    if any(item.source == "-" for item in items):
        raise UsageError("stages read a recording more than once: name a file in place of -")
    made = {path.resolve() for item in items for path in recipe.files(PurePath(item.stem))}
    return [
        Task(item.source, PurePath(item.stem), item.error)
        for item in items
        if not _is_made(Path(item.source).resolve(), made)
    ]


def _drawn(recipe: Recipe, pipeline: Path, tasks: Sequence[Task]) -> Iterator[str]:
    from audiopipe.workflows.recipe import is_done
    from audiopipe.workflows.recipe.graph import drawn

    done = sum(is_done(task, recipe) for task in tasks)
    yield f"{pipeline} -> {recipe.settings.output_dir}"
    yield from drawn(recipe.stages)
    yield f"inputs: {len(tasks)}" + (f", {done} done already" if done else "")


def _record(recipe: Recipe, tasks: Iterable[Task]) -> Manifest | nullcontext[None]:
    folder = Path(recipe.settings.output_dir)
    rows = [Row(identity(task.source), task.stem.as_posix()) for task in tasks if task.stem.name]
    require_room(folder)
    try:
        return Manifest(folder, recipe.settings, rows)
    except InputError as error:
        LOGGER.warning("%s; it is left alone, and this run has no record", error)
        return nullcontext()


def _row(result: Result, recipe: Recipe) -> Row:
    """What the record says of a recording; figures are those of its recognition."""
    source, stem = identity(result.task.source), result.task.stem.as_posix()
    folder = Path(recipe.settings.output_dir)
    files = tuple(path.relative_to(folder).as_posix() for path in result.files)
    if result.error:
        return Row(source, stem, "failed", str(result.error), files)
    if result.is_skipped:
        return Row(source, stem, "skipped", outputs=files)
    lacks = f"passages without a transcript: {result.lacks}" if result.lacks else ""
    row = Row(source, stem, "partial" if lacks else "done", lacks, files)
    if not result.heard or not result.heard.transcript:
        return row
    heard, usage = result.heard.transcript, result.heard.transcript.usage
    return replace(
        row,
        duration_s=heard.duration_s,
        flags=len(heard.flags),
        requests=usage.requests,
        billed_s=usage.billed_s,
        cost_usd=usage.cost_usd,
        spent_usd=result.heard.spent.cost_usd,
    )


def _is_made(source: Path, made: Collection[Path]) -> bool:
    """Whether an input is itself a result, or a chunk, of an earlier run into the same folder."""
    return source in made or source.with_name(MANIFEST) in made


def _told(result: Result) -> int:
    """Say what became of a recording; the exit code if it were the only one."""
    from audiopipe.audio.reading import shown

    source = shown(result.task.source)
    if result.is_skipped:
        LOGGER.info("%s: done already; --overwrite does it again", source)
        return 0
    if result.error:
        complain(result.error)
        return result.error.exit_code
    LOGGER.info("%s -> %s", source, ", ".join(map(str, result.files)))
    if result.lacks:
        LOGGER.warning("%s: passages without a transcript: %d", source, result.lacks)
    return SOME_FAILED if result.lacks else 0


def _code(codes: list[int]) -> int:
    """Of the whole run."""
    if len(codes) == 1 or set(codes) <= {0, FLAGGED}:
        return max(codes)
    written = {0, SOME_FAILED, FLAGGED}.intersection(codes)
    return SOME_FAILED if written else NOTHING_DONE
