"""`audiopipe check --rules`: where subtitles break what a publisher asks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from audiopipe.cli.codes import FLAGGED, NOTHING_DONE, SOME_FAILED
from audiopipe.cli.inputs import transcripts as named
from audiopipe.cli.log import complain
from audiopipe.cli.streams import put
from audiopipe.errors import InputError
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import clock

if TYPE_CHECKING:
    from audiopipe.render.cues import Cue
    from audiopipe.workflows.rules import Breach

_MOST_CHARACTERS = 60
_ENDINGS = (".json", ".srt", ".vtt")


def check(
    paths: Iterable[Path],
    name: str,
    language: str | None,
    settings: SubtitleSettings,
    *,
    as_json: bool,
    strict: bool,
) -> int:
    """Tell where subtitles break rules; the exit code.

    Args:
        paths: subtitles, transcripts, and folders of them.
        name: of the rules.
        language: code of what is written; None takes what the file says.
        settings: how transcripts are made into subtitles, and the rate of frames.
        as_json: whether to tell it to machines.
        strict: whether a breach has an exit code of its own.
    """
    from audiopipe.text.timecode import exact_rate
    from audiopipe.workflows.rules import RULES, breaches

    told, failed = [], 0
    for path in _files(paths):
        try:
            shown, written = _subtitles(path, settings)
        except InputError as error:
            complain(error)
            failed += 1
            continue
        rate = exact_rate(settings.frame_rate)
        broken = breaches(shown, RULES[name], language or written, rate)
        told.append({"file": str(path), "rules": name, "subtitles": len(shown)})
        told[-1] |= {"breaches": [asdict(breach) for breach in broken]}
        if not as_json:
            put("\n".join(_lines(path, name, len(shown), broken)))
    if as_json:
        put(json.dumps({"files": told}, ensure_ascii=False))
    if failed:
        return SOME_FAILED if told else NOTHING_DONE
    return FLAGGED if strict and any(each["breaches"] for each in told) else 0


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that are named; of a folder its subtitles, and transcripts that have none."""
    from audiopipe.render import stem_of
    from audiopipe.render.corrections import transcripts_in

    for path in named(paths):
        if not path.is_dir():
            yield path
            continue
        shown = sorted(each for each in path.rglob("*") if each.suffix.lower() in (".srt", ".vtt"))
        stems = {each.with_name(stem_of(each)) for each in shown}
        others = [f for f in transcripts_in(path) if f.with_name(stem_of(f)) not in stems]
        if not shown and not others:
            complain(InputError(f"{path}: no subtitles and no transcript below it"))
        yield from (*shown, *others)


def _subtitles(path: Path, settings: SubtitleSettings) -> tuple[list[Cue], str | None]:
    """What a file shows, and the language it says it is in."""
    from audiopipe.render import load
    from audiopipe.render.cues import cues
    from audiopipe.render.read import read_cues

    if (shown := read_cues(path)) is not None:
        return shown, None
    transcript = load(path)
    return cues(transcript, settings, label_speakers=True), transcript.language


def _lines(path: Path, name: str, count: int, broken: list[Breach]) -> Iterator[str]:
    places = len({breach.number for breach in broken})
    yield f"{path}: {count} subtitles, {places} break the rules of {name}"
    for each in broken:
        times = f"{clock(each.start_ms)} - {clock(each.end_ms)}"
        text = each.text
        if len(text) > _MOST_CHARACTERS:
            text = text[:_MOST_CHARACTERS].rstrip() + "…"
        measured = f"{each.value:>7.5g} (limit {each.limit:.3g} {each.unit})"
        yield f"  {each.number:>4}  {times}  {each.rule:<13} {measured}  {text}"
