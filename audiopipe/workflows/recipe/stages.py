"""The stages of recipes as data: what each may be told, needs and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from audiopipe.conversation.answer import MAX_RETRIES
from audiopipe.render import RENDERERS
from audiopipe.render.chunks import MANIFEST
from audiopipe.settings import Settings

HEARING = ("transcribe", "translate", "repair")
"""They listen to the recording; `translate` only where it is not told `into` which language."""
JOBS = ("summary", "chapters", "actions")
REWRITING = ("clean", "rewrite", "translate")

_ACCOUNT = "backend base_url tier workers max_wait limit"
_CUTTING = "chunk_length overlap upload_format channels track skip_silence max_duration"
_FORMATS = (
    "output_format max_line_width max_line_count max_cue_duration min_cue_duration min_gap "
    "reading_speed"
)
_HEARING = (
    f"{_ACCOUNT} {_CUTTING} model language prompt temperature word_timestamps by_url voice_check "
    "glossary condition_on_previous_text flag_limit drop repair max_repairs max_repair_cost "
    f"denoise {_FORMATS}"
)
_CHAT = f"{_ACCOUNT} model prompts max_retries"

OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        name: tuple(options.split())
        for name, options in {
            "prepare": f"tier {_CUTTING}",
            "transcribe": _HEARING,
            "translate": f"{_HEARING} into prompts max_retries",
            "repair": _HEARING,
            "check": "strict",
            "summary": f"{_CHAT} output_format into",
            "chapters": f"{_CHAT} output_format into",
            "actions": f"{_CHAT} output_format into",
            "clean": f"{_CHAT} {_FORMATS}",
            "rewrite": f"{_CHAT} {_FORMATS} instruct",
            "render": _FORMATS,
            "speak": f"{_ACCOUNT} model voice language pause title author of format align",
        }.items()
    }
)
"""What each stage may be told, by the names of the command line's flags."""

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "chunk_length": "chunk_length_s",
        "overlap": "overlap_s",
        "skip_silence": "skip_silence_s",
        "max_duration": "max_duration_s",
        "pause": "pause_s",
        "max_wait": "max_wait_s",
        "max_repair_cost": "max_repair_cost_usd",
        "limit": "limits",
        "flag_limit": "flag_limits",
        "output_format": "output_formats",
        "max_cue_duration": "max_cue_duration_s",
        "min_cue_duration": "min_cue_duration_s",
        "min_gap": "min_gap_s",
        "reading_speed": "reading_speed_cps",
    }
)
"""Settings of other names than their flags."""


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
        stem = self.stem(stem) if self.rewrites else stem
        infix = f".{self.name}" if self.name in JOBS else ""
        formats = self.settings.output_formats
        return tuple(_named(stem, infix + RENDERERS[name].ending) for name in formats)


def _named(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)
