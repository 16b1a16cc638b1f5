"""A pipeline file, read and checked before any work."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path, PurePath
from typing import Any

from audiopipe import plugins
from audiopipe.conversation.jobs.written import CHAPTER_SHAPES, SHAPES
from audiopipe.errors import UsageError
from audiopipe.render import RENDERERS
from audiopipe.settings import (
    Settings,
    change,
    check_inside,
    check_reach,
    convert,
    find,
    load,
    read_toml,
)
from audiopipe.settings.kinds import check
from audiopipe.text.languages import require_name
from audiopipe.workflows.recipe.graph import before, files, stem_before
from audiopipe.workflows.recipe.stages import JOBS, OPTIONS, OWN, Stage
from audiopipe.workflows.recipe.texts import is_text


@dataclass(frozen=True, slots=True)
class Recipe:
    """A pipeline.

    Attributes:
        settings: of the whole run.
        stages: in order.
        inputs: recordings and texts that it names.
        changed_s: when its file was changed, in seconds since the epoch.
        folder: of its file.
    """

    settings: Settings
    stages: tuple[Stage, ...]
    inputs: tuple[str, ...] = ()
    changed_s: float = 0.0
    folder: Path = Path()

    @property
    def sources(self) -> tuple[str, ...]:
        """The inputs that it names, from wherever it is run: paths are meant from its folder."""
        return tuple(each if "://" in each else str(self.folder / each) for each in self.inputs)

    @property
    def hears(self) -> bool:
        """Whether any stage listens to recordings."""
        return any(stage.hears for stage in self.stages)

    def path(self, stem: PurePath) -> Path:
        """Where the results of an input go, without an ending."""
        return Path(self.settings.output_dir) / stem

    def files(self, stem: PurePath) -> tuple[Path, ...]:
        """All that an input becomes, each file once."""
        return files(self.stages, self.path(stem))


def read(file: Path, flags: Mapping[str, Any], sources: Iterable[Any] = ()) -> Recipe:
    """The recipe in a TOML file: settings, `inputs`, and a table `[[stage]]` for each stage.

    A table has a `name`, and options by the names of the command line's flags. `from` names the
    stage whose results it works on, by its `id` or name; without it that is the stage before. A
    stage that is told several languages (`into`) or endings (`format`) is several stages, and what
    follows works on each. `prepare` says how the recording is cut for the stages behind it, and
    `repair` hears as `transcribe` did.

    Args:
        file: the pipeline.
        flags: settings that go before those of the file; None means not given.
        sources: inputs in place of those that the file names: texts need no stage that listens.

    Raises:
        UsageError: it cannot be read, a name is unknown, or the order cannot work.
    """
    table = read_toml(file)
    inputs, tables = table.pop("inputs", []), table.pop("stage", None)
    if not isinstance(inputs, list) or not all(isinstance(each, str) for each in inputs):
        raise UsageError(f"{file}: inputs must be a list of texts")
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise UsageError(f"{file}: name the stages, each in a table [[stage]]")
    try:
        settings = load(flags, os.environ, file, _from_folder(table, file.parent))
        stages = _stages(tables, file.parent, settings)
        _check_order(stages, any(map(is_text, [*sources] or inputs)))
    except UsageError as error:
        message = str(error)
        raise UsageError(message if str(file) in message else f"{file}: {message}") from error
    return Recipe(settings, tuple(stages), tuple(inputs), file.stat().st_mtime, file.parent)


def _from_folder(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The table; a relative `output_dir` is meant from the folder of the file."""
    return {
        name: str(folder / value)
        if name.replace("-", "_") == "output_dir" and isinstance(value, str) and value != "-"
        else value
        for name, value in table.items()
    }


def _stages(tables: Sequence[Mapping[str, Any]], folder: Path, settings: Settings) -> list[Stage]:
    stages: list[Stage] = []
    known: dict[str, list[int | None]] = {}
    last: list[int | None] = [None]
    for number, table in enumerate(tables, 1):
        place, options = f"stage {number}", dict(table)
        name, origin = str(options.get("name", "")), options.pop("from", None)
        called = str(options.pop("id", name))
        if origin is not None and origin not in known:
            lead = f"{place} ({name}): no stage before it is named"
            raise UsageError(_unknown(lead, str(origin), known))
        made: list[int | None] = []
        for after in last if origin is None else known[origin]:
            earlier = before(stages, after)
            for single in _each(options):
                stage = _stage(single, place, folder, settings, earlier)
                made.append(len(stages))
                stages.append(replace(stage, after=after, id=called))
        known[called] = last = made
    return stages


def _each(options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The options of a stage, once for each value of those that are a list of several."""
    lists = {n: options[n] for n in _SEVERAL if isinstance(options.get(n), list) and options[n]}
    for values in product(*lists.values()):
        yield {**options, **dict(zip(lists, values, strict=True))}


_SEVERAL = ("into", "format")


def _stage(
    table: Mapping[str, Any],
    place: str,
    folder: Path,
    settings: Settings,
    earlier: Sequence[Stage],
) -> Stage:
    given = {str(name).replace("-", "_"): value for name, value in table.items()}
    name = str(given.pop("name", ""))
    if name not in OPTIONS:
        if name in plugins.names("stages"):
            return Stage(name, settings, added=tuple(given.items()))
        raise UsageError(_unknown(f"{place}: there is no stage", name, OPTIONS))
    place = f"{place} ({name})"
    for option in given:
        if option not in OPTIONS[name]:
            raise UsageError(_unknown(f"{place} has no option", option, OPTIONS[name]))
    own = {
        option: check(OWN[option], given.pop(option), f"{place}: {option}")
        for option in OWN.keys() & given.keys()
    }
    if own.get("prompts"):
        own["prompts"] = str(folder / own["prompts"])
        if not settings.allow:
            check_inside(own["prompts"], folder, f"{place}: prompts")
    stage = Stage(name, settings, **own)
    told = {
        find(option).name: convert(option, value, f"{place}: {option}", folder)
        for option, value in given.items()
    }
    known = {"backend": settings.backend, "allow": settings.allow, **told}
    check_reach(told, known, place, folder, os.environ)
    try:
        stage = Stage(name, _settings(stage, told, settings, earlier), **own)
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None
    _check(stage, place)
    return stage


def _settings(
    stage: Stage, told: dict[str, Any], settings: Settings, earlier: Sequence[Stage]
) -> Settings:
    """Settings of a stage: what the recipe says of hearing is for those that hear."""
    formats = {"output_formats": ("json",) if stage.hears or stage.rewrites else ("txt",)}
    if stage.name == "render":
        formats = {}
    if stage.name == "prepare":
        return change(settings, told)
    if not stage.hears:
        return change(settings, {"model": "", "language": None, **formats, **told})
    before = [each.settings for each in earlier if each.hears or each.name == "prepare"]
    if stage.name == "translate":
        told["task"] = "translate"
    if stage.name == "repair":
        told["repair"] = True
    made = change(before[-1] if before else settings, {**formats, **told})
    return change(made, {"output_formats": tuple(dict.fromkeys(("json", *made.output_formats)))})


def _check(stage: Stage, place: str) -> None:
    known: tuple[str, ...] = (*RENDERERS, *plugins.names("renderers"))
    if stage.name in JOBS:
        known = CHAPTER_SHAPES if stage.name == "chapters" else SHAPES
    for name in stage.settings.output_formats:
        if name not in known and stage.name not in ("prepare", "check", "speak"):
            raise UsageError(_unknown(f"{place} has no format", name, known))
    if stage.name == "rewrite" and not stage.instruct:
        raise UsageError(f'{place} needs to be told what to do: instruct = "..."')
    if stage.prompts and not Path(stage.prompts).is_dir():
        raise UsageError(f"{place}: prompts = {stage.prompts!r} is no folder")
    if stage.into:
        require_name(stage.into)


def _check_order(stages: Sequence[Stage], has_texts: bool) -> None:
    """Raises UsageError for a stage that would lack something, or undo what is done."""
    if not stages:
        raise UsageError("name the stages, each in a table [[stage]]")
    takes_texts = has_texts and not any(stage.hears for stage in stages)
    for number, stage in enumerate(stages):
        place, earlier = f"stage {number + 1} ({stage.name})", before(stages, stage.after)
        heard = next((each.name for each in earlier if each.hears), None)
        rewritten = next((each.name for each in earlier if each.rewrites), None)
        if stage.name == "prepare" and heard:
            raise UsageError(f"{place} would change nothing: put it before {heard}")
        if stage.name == "repair" and rewritten:
            raise UsageError(f"{place} hears again, and would undo {rewritten}: put it before that")
        if stage.hears and heard and stage.name != "repair":
            raise UsageError(f"{place} would begin anew: {heard} has made a transcript already")
        brings = stage.hears or stage.is_added or stage.name == "prepare"
        if not (brings or heard or takes_texts or any(each.is_added for each in earlier)):
            raise UsageError(
                f"{place} needs a transcript: put transcribe before it, or give it texts"
            )
        if stage.of == "summary" and not any(each.name == "summary" for each in earlier):
            raise UsageError(f"{place} of a summary needs one: put summary before it")
    _check_files(stages)


def _check_files(stages: Sequence[Stage]) -> None:
    """Raises UsageError where two stages would write the same; what hears again, and what renders,
    writes again on purpose."""
    written: dict[Path, str] = {}
    for number, stage in enumerate(stages, 1):
        place = f"stage {number} ({stage.name})"
        stem = stem_before(stages, stage.after, Path("it"))
        for path in () if stage.name in ("repair", "render") else stage.files(stem):
            if path in written:
                raise UsageError(f"{place} would write what {written[path]} has written")
            written[path] = place


def _unknown(lead: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
    return f"{lead} {name!r}: {hint}"
