"""`audiopipe transcribe`: recordings in, transcripts out."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from audiopipe.cli import options
from audiopipe.cli.inputs import Item, find_inputs, open_input
from audiopipe.config import Settings, load
from audiopipe.data import Transcript
from audiopipe.errors import AudiopipeError, InputError, UsageError

log = logging.getLogger("audiopipe")

SOME_FAILED = 3
"""Exit code of a batch in which some inputs failed and the rest is written."""


@click.command("transcribe")
@options.inputs
@options.output
@click.option("--task", type=click.Choice(["transcribe", "translate"]), help="What to do.")
@options.recognition
@options.budget
@options.cutting
@options.config
@options.verbosity
def command(inputs: tuple[str, ...], config: Path | None, **flags: Any) -> int:
    """Transcribe recordings: files, folders (recursive), globs, URLs, or - for stdin.

    Results are DIR/<path below the given folder>/<name>.<format>, each written whole or not at
    all. Inputs whose results exist and are newer are left alone.
    """
    return run(inputs, load(flags, os.environ, config))


def run(inputs: Sequence[str], settings: Settings) -> int:
    """Transcribe all `inputs` and write what was asked; the exit code."""
    if settings.output_dir == "-" and len(settings.output_formats) != 1:
        raise UsageError("-o - writes one format to stdout; name it, as in: -o - -f txt")
    items = find_inputs(inputs)
    failed = [item for item in items if item.error]
    for item in failed:
        click.echo(f"audiopipe: {item.error}", err=True)
    due = [item for item in items if not item.error and not _is_done(item, settings)]
    done = len(items) - len(failed) - len(due)
    try:
        for item, complete in _transcribe(due, settings):
            done += complete is not None
            failed += [] if complete else [item]
    except AudiopipeError as error:
        if not done or error.exit_code != AudiopipeError.exit_code:
            raise
        click.echo(f"audiopipe: {error}", err=True)
        return SOME_FAILED
    return 0 if not failed else SOME_FAILED if done else AudiopipeError.exit_code


def _transcribe(due: Sequence[Item], settings: Settings) -> Iterator[tuple[Item, bool | None]]:
    """Each input with whether all of it was recognised; None if nothing was."""
    from audiopipe.backends.choose import choose
    from audiopipe.pipeline import transcribe_many

    if not due:
        return
    choice = choose(settings, os.environ)
    log.info("%s recognises: %s", choice.transcriber.name, choice.reason)
    with choice.transcriber as backend:
        sources = (open_input(item) for item in due)
        outcomes = transcribe_many(sources, backend=backend, settings=settings)
        for item, outcome in zip(due, outcomes, strict=True):
            if outcome.transcript:
                yield item, _report(item, outcome.transcript, settings)
            else:
                click.echo(f"audiopipe: {outcome.error}", err=True)
                yield item, None


def _report(item: Item, transcript: Transcript, settings: Settings) -> bool:
    """Write and tell what was recognised; whether that is all of it."""
    written = list(_write(item, transcript, settings))
    told = f"{item.source}: {transcript.duration_s:.0f} s, flags: {len(transcript.flags)}"
    if written:
        told += f" -> {written[0].parent / item.stem.name}" + _braces(settings)
    for loss in transcript.failures:
        told += f"; nothing from {loss.span.start_s:.1f} to {loss.span.end_s:.1f} s: {loss.reason}"
    log.log(logging.WARNING if transcript.failures else logging.INFO, told)
    return not transcript.failures


def _braces(settings: Settings) -> str:
    """The endings that were written, as a shell would take them."""
    from audiopipe.render import RENDERERS

    endings = [RENDERERS[name].ending for name in settings.output_formats]
    return endings[0] if len(endings) == 1 else f"{{{','.join(endings)}}}"


def _write(item: Item, transcript: Transcript, settings: Settings) -> Iterator[Path]:
    from audiopipe.render import render, write

    for name, path in _outputs(item, settings):
        text = render(transcript, name)
        if settings.output_dir == "-":
            click.echo(text, nl=not text.endswith("\n"))
        else:
            write(text, path)
            yield path


def _outputs(item: Item, settings: Settings) -> Iterator[tuple[str, Path]]:
    from audiopipe.render import RENDERERS

    for name in settings.output_formats:
        stem = Path(settings.output_dir) / item.stem
        yield name, stem.with_name(stem.name + RENDERERS[name].ending)


def _is_done(item: Item, settings: Settings) -> bool:
    """Whether every result exists, is newer than the input, and answers the same question."""
    if settings.overwrite or settings.output_dir == "-" or not Path(item.source).is_file():
        return False
    changed = Path(item.source).stat().st_mtime
    paths = dict(_outputs(item, settings))
    if not all(path.is_file() and path.stat().st_mtime >= changed for path in paths.values()):
        return False
    if "json" not in paths or not _is_same(paths["json"], settings):
        return False
    log.info("%s: done already; --overwrite does it again", item.source)
    return True


def _is_same(stored: Path, settings: Settings) -> bool:
    from audiopipe.models import resolve
    from audiopipe.render import load as load_transcript

    try:
        transcript = load_transcript(stored)
    except InputError:
        return False
    models = ("", transcript.model) if not settings.model else (transcript.model,)
    return transcript.task == settings.task and (
        settings.model in models or resolve(settings.model) in models
    )
