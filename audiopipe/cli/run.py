"""`audiopipe run`: the stages of a pipeline file, for each recording."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import options
from audiopipe.cli.codes import FLAGGED, NOTHING_DONE, SOME_FAILED
from audiopipe.cli.inputs import find_inputs
from audiopipe.cli.interrupt import stop_on_signals
from audiopipe.cli.log import LOGGER, complain
from audiopipe.cli.roundtrip import tell_step
from audiopipe.errors import AudiopipeError, UsageError
from audiopipe.render.chunks import MANIFEST
from audiopipe.workflows.inputs.names import ENDINGS

if TYPE_CHECKING:
    from audiopipe.workflows.recipe import Result


@options.command("run", "pipeline.toml recordings/ -o out", "pipeline.toml --max-cost 2")
@click.argument("pipeline", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("inputs", nargs=-1, metavar="[INPUT...]")
@options.settings("run", output_dir="Where results go.  [default: .]")
@options.verbosity
def command(pipeline: Path, inputs: tuple[str, ...], **flags: Any) -> int:
    """Run the stages of a pipeline file, such as transcribe, translate, render and speak, for each
    recording: files, folders, globs or URLs, or those that the file names.

    Each stage works on what earlier ones have made, and its results are DIR/NAME.*, each written
    whole or not at all. Inputs whose results exist and are newer are left alone.
    """
    from audiopipe.session import Session
    from audiopipe.workflows.recipe import Task, read

    recipe = read(pipeline, flags)
    endings = {file.name.removeprefix("_") for file in recipe.files(PurePath("_"))}
    items = find_inputs(inputs or recipe.inputs, recipe.settings, {*ENDINGS, *endings})
    if not items:
        raise UsageError(f"no recordings: name some, or say in {pipeline}: inputs = [...]")
    if any(item.source == "-" for item in items):
        raise UsageError("stages read a recording more than once: name a file in place of -")
    made = {path.resolve() for item in items for path in recipe.files(item.stem)}
    tasks = [
        Task(item.source, item.stem, item.error)
        for item in items
        if not _is_made(Path(item.source).resolve(), made)
    ]
    codes, code = [], 0
    with (
        stop_on_signals() as stop,
        Session(recipe.settings, listener=tell_step, stop=stop) as session,
    ):
        try:
            for result in session.run(recipe, tasks):
                codes.append(_told(result))
        except AudiopipeError as error:
            complain(error)
            code = error.exit_code
    return code if code else _code(codes)


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
