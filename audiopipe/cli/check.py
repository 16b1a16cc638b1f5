"""`audiopipe check`: what not to trust in stored transcripts, and how a batch is doing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import options
from audiopipe.cli.codes import FLAGGED, NOTHING_DONE, SOME_FAILED
from audiopipe.cli.inputs import transcripts as named
from audiopipe.cli.log import LOGGER
from audiopipe.cli.streams import put
from audiopipe.errors import InputError
from audiopipe.settings import load as load_settings
from audiopipe.settings.kinds import Text, Words
from audiopipe.text.clocks import clock, in_words, milliseconds
from audiopipe.text.languages import code_of

if TYPE_CHECKING:
    from audiopipe.workflows.quality import Findings, Summary

RULES = ("netflix", "ebu", "bbc")
_MOST_CHARACTERS = 60


@options.command("check", "talk.json", "transcripts/ --strict --json")
@click.argument("transcripts", nargs=-1, required=True, metavar="TRANSCRIPT|DIR...")
@click.option("--strict", is_flag=True, help=f"Exit with {FLAGGED} if any flag is left.")
@click.option(
    "--rules",
    type=options.Value(Words(RULES)),
    metavar=f"[{'|'.join(RULES)}]",
    help="Tell instead where subtitles, of srt, vtt or as a transcript gives them, break what "
    "these ask.",
)
@click.option(
    "-l",
    "--language",
    type=options.Value(Text()),
    metavar="LANG",
    help="What subtitles are in, for --rules.  [default: what the file says]",
)
@options.as_json
@options.settings("check")
@options.config
@options.verbosity
def command(
    transcripts: tuple[str, ...],
    strict: bool,
    rules: str | None,
    language: str | None,
    as_json: bool,
    config: Path | None,
    **flags: Any,
) -> int:
    """Tell which passages of stored transcripts not to trust, and why.

    For each file its flags as they were stored when it was transcribed, the files of a folder
    with the most doubt left first; then for each folder what to do about them, and how the
    recogniser's measures are distributed, to be watched from batch to batch. Of a folder all
    transcripts below it are read. What another program wrote is checked by its text, times and
    measures.
    """
    if rules:
        from audiopipe.cli.rules import check

        settings = load_settings(flags, os.environ, config)
        code = code_of(language)
        return check(map(Path, transcripts), rules, code, settings, as_json=as_json, strict=strict)
    return _check(transcripts, strict=strict, as_json=as_json)


def _check(transcripts: Iterable[str], *, strict: bool, as_json: bool) -> int:
    from audiopipe.workflows.quality import summary

    found, failed = _examined(named(transcripts))
    alone = {path: summary([findings]) for path, findings in found.items()}
    worst_first = sorted(found, key=lambda path: _doubt(alone[path]))
    folders = {
        folder: [path for path in worst_first if path.parent == folder]
        for folder in sorted({path.parent for path in found})
    }
    totals = {f: summary([found[path] for path in paths]) for f, paths in folders.items()}
    if as_json:
        files = [_file_facts(path, found[path], alone[path]) for path in chain(*folders.values())]
        whole = [{"folder": str(folder), **_figures(each)} for folder, each in totals.items()]
        put(json.dumps({"files": files, "folders": whole}, ensure_ascii=False))
    else:
        for folder, paths in folders.items():
            for path in paths:
                put("\n".join(_file_lines(path, found[path], alone[path])))
            lines = _folder_lines(folder, [found[path] for path in paths], totals[folder])
            put("\n".join(lines))
    if failed:
        return SOME_FAILED if found else NOTHING_DONE
    return FLAGGED if strict and any(each.flags > each.settled for each in totals.values()) else 0


def _examined(paths: Iterable[Path]) -> tuple[dict[Path, Findings], int]:
    """What was found in each transcript, and how many were named that cannot be read."""
    from audiopipe.render.corrections import transcripts_in

    found, failed = {}, 0
    for path in paths:
        for file in transcripts_in(path) if path.is_dir() else [path]:
            try:
                found[file] = _findings(file)
            except InputError as error:
                if path.is_dir():  # other files may be JSON, and are no concern of ours
                    LOGGER.debug("left out: %s", error)
                else:
                    LOGGER.error("%s", error)
                    failed += 1
        if path.is_dir() and not any(path in file.parents for file in found):
            LOGGER.error("%s: no transcript below it as json", path)
            failed += 1
    return found, failed


def _findings(path: Path) -> Findings:
    """Of a transcript as it is corrected, with the flags of what was heard."""
    from audiopipe.render import read
    from audiopipe.render.corrections import apply, read_beside
    from audiopipe.values.corrections import settled
    from audiopipe.workflows.quality import checked, examine

    corrections = read_beside(path)
    return examine(apply(checked(read(path)), corrections), settled(corrections))


def _doubt(figures: Summary) -> tuple[float, float]:
    """Most first: what is left of doubt, then what there was."""
    return (-figures.open_s / (figures.duration_s or 1.0), -figures.flagged_share)


def _file_lines(path: Path, findings: Findings, figures: Summary) -> Iterator[str]:
    yield (
        f"{path}: {in_words(figures.duration_s)}, {figures.segments} segments, "
        f"{_flags_told(figures)}"
    )
    for flag, text in findings.flags:
        start, end = (clock(milliseconds(s)) for s in (flag.span.start_s, flag.span.end_s))
        yield (
            f"  {start} - {end}  {flag.kind:<19} "
            f"{flag.value:>7.2f} (limit {flag.limit:g})  "
            f"{'settled  ' if findings.is_settled(flag) else ''}{_shortened(text)}"
        ).rstrip()


def _flags_told(figures: Summary) -> str:
    told = f"{figures.flags} flags on {figures.flagged_share:.1%} of the time"
    return f"{told}, {figures.settled} settled" if figures.settled else told


def _folder_lines(folder: Path, findings: Iterable[Findings], figures: Summary) -> Iterator[str]:
    yield (
        f"{folder}/: {figures.files} files, {in_words(figures.duration_s)}, {_flags_told(figures)}"
    )
    details = {flag.kind: flag.detail for each in findings for flag, _ in each.flags}
    for kind, count in figures.kinds.items():
        yield f"  {count:>5} {kind:<19} {details[kind]}"
    if figures.measures:
        yield f"  {'':<19}{'least':>9}{'5 %':>9}{'median':>9}{'95 %':>9}{'most':>9}"
    for name, spread in figures.measures.items():
        yield f"  {name:<19}" + "".join(f"{value:>9.3f}" for value in asdict(spread).values())


def _shortened(text: str) -> str:
    from audiopipe.render.passages import one_line

    text = one_line(text)
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS].rstrip() + "…"


def _file_facts(path: Path, findings: Findings, figures: Summary) -> dict[str, Any]:
    flags = [
        {**asdict(flag), "text": text, "settled": findings.is_settled(flag)}
        for flag, text in findings.flags
    ]
    return {"file": str(path), **_figures(figures), "flags": flags}


def _figures(figures: Summary) -> dict[str, Any]:
    return {**asdict(figures), "flagged_share": figures.flagged_share}
