"""`audiopipe corrections`: what people have mended in transcripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import options
from audiopipe.cli.codes import of_inputs
from audiopipe.cli.log import LOGGER, complain
from audiopipe.cli.streams import put, put_whole
from audiopipe.errors import InputError, UsageError
from audiopipe.settings import FORMATS
from audiopipe.settings.kinds import Words

if TYPE_CHECKING:
    from audiopipe.values.corrections import Correction

_transcripts = click.argument("transcripts", nargs=-1, required=True, metavar="TRANSCRIPT|DIR...")


@click.group("corrections", no_args_is_help=True)
def command() -> None:
    """Corrections of NAME.json stand in NAME.corrections.json beside it; itself it never changes.

    The page of `audiopipe review` makes them. All commands that read transcripts read them too.
    """


@command.command(
    "apply",
    cls=options.Command,
    examples=("talk.json -o signed", "talk.json --from talk.corrections.json -o signed"),
)
@_transcripts
@click.option(
    "--from",
    "added",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Corrections of one transcript, as the page gives them, to be put beside it first; "
    "of each segment the last word counts.",
)
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where corrected transcripts go.  [default: stdout]",
)
@click.option(
    "-f",
    "--output-format",
    type=options.Value(Words(FORMATS, "renderers")),
    metavar="FORMAT",
    default="json",
    help="As of render.  [default: json]",
)
@options.verbosity
def apply(
    transcripts: tuple[str, ...],
    added: tuple[Path, ...],
    output_dir: Path | None,
    output_format: str,
) -> int:
    """Write transcripts as corrected."""
    from audiopipe.render import load, render, renderer, write
    from audiopipe.render.corrections import add, read
    from audiopipe.workflows.inputs.names import results

    paths = _files(transcripts)
    if added and len(paths) != 1:
        raise UsageError("--from names corrections of one transcript: name that one alone")
    if len(paths) > 1 and output_dir is None:
        raise UsageError("several results need a folder: -o DIR")
    for file in added:
        add(paths[0], read(file))
    files = results(paths, output_dir or Path(), [renderer(output_format).ending])

    def write_one(path: Path) -> None:
        text = render(load(path), output_format)
        if output_dir is None:
            put_whole(text)
        else:
            LOGGER.info("%s -> %s", path, write(text, files[paths.index(path)][0]))

    return _each(paths, write_one)


@command.command("show", cls=options.Command, examples=("talk.json", "out/ --json"))
@_transcripts
@options.as_json
@options.verbosity
def show(transcripts: tuple[str, ...], as_json: bool) -> int:
    """Show what was mended, by whom and when, and which flags were settled."""
    from audiopipe.render.corrections import read_beside, row_of
    from audiopipe.values.corrections import standing

    def tell(path: Path) -> None:
        history = read_beside(path)
        if as_json:
            rows = [row_of(each) for each in history]
            put(json.dumps({"file": str(path), "corrections": rows}, ensure_ascii=False))
            return
        put(f"{path}: {len(standing(history))} corrections")
        for each in standing(history).values():
            put("\n".join(_told(each)))

    return _each(_files(transcripts), tell)


@command.command("export", cls=options.Command, examples=("talk.json", "out/ -f glossary"))
@_transcripts
@click.option(
    "-f",
    "--format",
    "kind",
    type=options.Value(Words(("diff", "glossary"))),
    metavar="[diff|glossary]",
    default="diff",
    help="A unified diff, a line a segment; or lines of a --glossary for what was mended three "
    "times in the same way.  [default: diff]",
)
@options.verbosity
def export(transcripts: tuple[str, ...], kind: str) -> int:
    """Write corrections as a diff, or as proposals for a glossary."""
    from audiopipe.render import read
    from audiopipe.render.corrections import apply, read_beside
    from audiopipe.workflows.corrections import diff, proposals

    histories: list[tuple[Correction, ...]] = []

    def tell(path: Path) -> None:
        history = read_beside(path)
        histories.append(history)
        if kind == "diff":
            original = read(path)
            put(diff(original, apply(original, history), str(path)), end="")

    code = _each(_files(transcripts), tell)
    if kind == "glossary":
        put("".join(f"{heard} => {written}\n" for heard, written in proposals(histories)), end="")
    return code


def _files(arguments: tuple[str, ...]) -> list[Path]:
    """Transcripts; of folders those that have corrections."""
    from audiopipe.render.corrections import beside, is_corrections, transcripts_in

    def found() -> Iterator[Path]:
        for path in map(Path, arguments):
            if not path.exists():
                raise InputError(f"{path} is not there")
            if path.is_dir():
                yield from (each for each in transcripts_in(path) if beside(each).is_file())
            elif not is_corrections(path):
                yield path

    files = list(found())
    if not files:
        raise InputError(f"no corrections beside {', '.join(arguments)}")
    return files


def _each(paths: list[Path], work: Callable[[Path], Any]) -> int:
    failed = 0
    for path in paths:
        try:
            work(path)
        except InputError as error:
            complain(error)
            failed += 1
    return of_inputs(failed, len(paths))


def _told(each: Correction) -> Iterator[str]:
    where = "between segments" if each.segment is None else f"segment {each.segment}"
    signed = " ".join(filter(None, (each.when, each.who)))
    yield f"  {where}  {signed}".rstrip()
    if each.before != each.after:
        yield f"    - {each.before.strip()}"
        yield f"    + {each.after.strip()}" if each.after.strip() else "    (struck)"
    if each.speaker:
        yield f"    speaker: {each.speaker}"
    for doubt in each.settles:
        yield f"    settled: {doubt.kind} {doubt.span.start_s:.2f} to {doubt.span.end_s:.2f} s"
