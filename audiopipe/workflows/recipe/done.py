"""Whether a pipeline has done with a recording what it would do now.

What each stage was told stands in the transcript that the recording has become, once all stages
have ended. Results of older versions, which do not know, are judged by their dates.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from audiopipe.errors import InputError
from audiopipe.render import render, write
from audiopipe.render.corrections import beside
from audiopipe.render.read import read_own
from audiopipe.settings import find
from audiopipe.settings.groups import VOICE
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.asked import changes, marks_of, shaping, shown
from audiopipe.workflows.recipe.parse import Recipe
from audiopipe.workflows.recipe.stages import OPTIONS, OWN, Stage

_log = logging.getLogger("audiopipe")

_STAGE = "stage "


def would_be_same(source: str, recipe: Recipe, stem: Path, files: Iterable[Path]) -> bool:
    """Whether results that are there lack nothing and would be the same now; what has changed is
    told.

    Args:
        source: the path of the recording.
        recipe: what is done with it.
        stem: of its results.
        files: they.
    """
    if not recipe.hears:
        return _are_newer(files, source, recipe)
    transcript = _heard(stem)
    if transcript is None or transcript.failures:
        return False
    if not transcript.asked:
        return _are_newer(files, source, recipe)
    before = {name: value for name, value in transcript.asked if name.startswith(_STAGE)}
    if not before:  # it was stopped on the way
        return False
    changed = (*_changes(before, recipe, stem), *_heard_changes(transcript, recipe, source))
    told = "; ".join(changed)
    if told:
        _log.info("%s: done again: %s", source, told)
    return not told


def seal(recipe: Recipe, stem: Path) -> None:
    """Note that all stages have ended, and what each was told.

    Raises:
        OutputError: that cannot be written.
    """
    if (transcript := _heard(stem)) and transcript.asked:
        asked = (*transcript.asked, *_told(recipe.stages, stem))
        write(f"{render(replace(transcript, asked=asked), 'json').rstrip()}\n", json_of(stem))


def json_of(stem: Path) -> Path:
    """Where what was heard stands; what somebody mends in it stands beside."""
    return stem.with_name(f"{stem.name}.json")


def _heard(stem: Path) -> Transcript | None:
    try:
        return read_own(json_of(stem))
    except InputError:
        return None


def _are_newer(files: Iterable[Path], source: str, recipe: Recipe) -> bool:
    changed_s = max(Path(source).stat().st_mtime, recipe.changed_s)
    return all(path.stat().st_mtime >= changed_s for path in files)


def _heard_changes(transcript: Transcript, recipe: Recipe, source: str) -> Iterator[str]:
    *_, last = (stage for stage in recipe.stages if stage.hears)
    yield from changes(transcript, last.settings, source, marks_of(source))


def _changes(before: Mapping[str, Any], recipe: Recipe, stem: Path) -> Iterator[str]:
    now = dict(_told(recipe.stages, stem))
    for name in {**before, **now}:
        if name not in now:
            yield f"{name} is gone"
        elif name not in before:
            yield f"{name} is new"
        elif before[name] != now[name]:
            yield f"{name} was {shown(before[name])}, is {shown(now[name])}"


def _told(stages: Iterable[Stage], stem: Path) -> Iterator[tuple[str, Any]]:
    """What each stage is told, by names for people, and what somebody has mended for them; of
    hearing the transcript tells itself."""
    mended = beside(json_of(stem))
    if mended.is_file():
        yield f"{_STAGE}corrections", hashlib.sha256(mended.read_bytes()).hexdigest()[:16]
    for number, stage in enumerate(stages, 1):
        place = f"{_STAGE}{number} ({stage.name})"
        yield place, ""
        yield f"{place} from", 0 if stage.after is None else stage.after + 1
        if not stage.hears:
            for option, value in _options(stage):
                yield f"{place} {option}", value


def _options(stage: Stage) -> Iterator[tuple[str, Any]]:
    """Those that shape a result: workers, waits and bounds do not."""
    asked = shaping(stage.settings)
    for option in OPTIONS.get(stage.name, ()):
        if option in OWN:
            value = getattr(stage, option)
            yield option, _digest(Path(value)) if value and option == "prompts" else value
        else:
            row = find(option)
            if row.name in asked or row.group is VOICE:
                yield option, asked.get(row.name, getattr(stage.settings, row.name))
    yield from ((name, str(value)) for name, value in stage.added)


def _digest(folder: Path) -> str:
    """What tells prompts from others."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.is_file():
            digest.update(f"{path.name}\0".encode(errors="surrogateescape") + path.read_bytes())
    return digest.hexdigest()[:16]
