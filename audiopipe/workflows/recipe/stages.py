"""The stages of recipes as data: what each may be told, needs and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from audiopipe.audio.mastering import KINDS
from audiopipe.conversation.answer import MAX_RETRIES
from audiopipe.render import renderer
from audiopipe.render.chunks import MANIFEST
from audiopipe.settings import Settings, table
from audiopipe.settings.groups import SUBTITLES
from audiopipe.settings.kinds import Kind, Number, Switch, Text, Words

HEARING = ("transcribe", "translate", "repair")
"""They listen to the recording; `translate` only where it is not told `into` which language."""
JOBS = ("summary", "chapters", "actions")
REWRITING = ("clean", "rewrite", "translate")

_TAKEN = {
    "prepare": "prepare",
    "transcribe": "transcribe",
    "translate": "translate",
    "repair": "transcribe",
    "render": "render",
    "speak": "speak",
    **dict.fromkeys((*JOBS, *REWRITING[:2]), "ask"),
}
"""The commands whose settings a stage takes, but those of the whole run."""

_OWN = {
    "translate": "into prompts max_retries",
    "check": "strict",
    **dict.fromkeys(JOBS, "model prompts max_retries output_format into"),
    "clean": "model prompts max_retries output_format",
    "rewrite": "model prompts max_retries output_format instruct",
    "speak": "title author of format align",
}


def _options(stage: str) -> tuple[str, ...]:
    taken = [each for each in table(_TAKEN.get(stage, stage)) if not each.is_for_run]
    if stage in JOBS:  # what they write is no subtitle
        taken = [each for each in taken if each.group is not SUBTITLES]
    return (*(each.option for each in taken), *_OWN.get(stage, "").split())


OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        stage: _options(stage)
        for stage in (
            "prepare transcribe translate repair check summary chapters actions clean rewrite "
            "render speak"
        ).split()
    }
)
"""What each stage may be told, by the names of the command line's flags."""


OWN: Mapping[str, Kind] = MappingProxyType(
    {
        **dict.fromkeys(("into", "instruct", "prompts", "title", "author"), Text()),
        "max_retries": Number(is_whole=True),
        "strict": Switch(),
        "of": Words(("transcript", "summary")),
        "format": Words(tuple(ending.removeprefix(".") for ending in KINDS)),
        "align": Switch(),
    }
)
"""What the options of stages may be that are no settings."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a recipe; what it has no use for keeps its default.

    Attributes:
        name: a key of `OPTIONS`.
        settings: those of the recipe, with what the stage is told.
        into: a language to write in, as code or name.
        instruct: what `rewrite` is to do.
        prompts: a folder of prompts of the user's own; "" for none.
        max_retries: corrections to ask for.
        strict: whether flags end the work on an input.
        of: what is spoken: `transcript` or `summary`.
        format: ending of the sound file, without its dot.
        align: whether sentences begin no earlier than in the recording.
        title, author: tags of the sound file.
        added: options of a stage that another package adds, as they stand in the recipe.
        after: place of the stage whose results it works on; None for the input itself.
        id: what `from` calls it; its name where nobody says otherwise.
    """

    name: str
    settings: Settings
    into: str = ""
    instruct: str = ""
    prompts: str = ""
    max_retries: int = MAX_RETRIES
    strict: bool = False
    of: str = "transcript"
    format: str = "m4a"
    align: bool = False
    title: str = ""
    author: str = ""
    added: tuple[tuple[str, Any], ...] = ()
    after: int | None = None
    id: str = ""

    @property
    def is_added(self) -> bool:
        """Whether another package adds it."""
        return self.name not in OPTIONS

    @property
    def hears(self) -> bool:
        """Whether it listens to the recording."""
        return self.name in HEARING and not self.into

    @property
    def rewrites(self) -> bool:
        """Whether a chat model makes another transcript in it."""
        return self.name in REWRITING and not self.hears

    @property
    def chats(self) -> bool:
        """Whether it needs a chat model."""
        return self.rewrites or self.name in JOBS

    def stem(self, stem: Path) -> Path:
        """What the results of later stages are named, after `stem`."""
        if not self.rewrites:
            return stem
        return stem.with_name(f"{stem.name}.{self.into or self.name}")

    def files(self, stem: Path) -> tuple[Path, ...]:
        """What it writes, where the results before it are named after `stem`."""
        if self.name == "prepare":
            return (stem / MANIFEST,)
        if self.name == "check":
            return (_named(stem, ".check.json"),)
        if self.name == "speak":
            return (_named(stem, f".narration.{self.format}"),)
        if self.is_added:  # what another package writes is its own
            return ()
        stem = self.stem(stem) if self.rewrites else stem
        infix = f".{self.name}" if self.name in JOBS else ""
        formats = self.settings.output_formats
        return tuple(_named(stem, infix + renderer(name).ending) for name in formats)


def _named(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)
