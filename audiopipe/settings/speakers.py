"""The settings of who speaks, a part of the table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiopipe.settings.groups import SPEAKERS
from audiopipe.settings.kinds import Number
from audiopipe.settings.provider import ProviderSettings
from audiopipe.settings.setting import row

MOST_SPEAKERS = 32


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are: a whole number, `auto` where nobody knows; "" for not asked. As text.

    Attributes:
        most: the highest number.
    """

    most: int

    @property
    def allowed(self) -> str:
        return f"auto, or a whole number from 1 to {self.most}"

    def read(self, text: str) -> str:
        return text if text in ("", "auto") else self.check(int(text))

    def check(self, value: Any) -> str:
        if isinstance(value, str):
            return self.read(value)
        return str(Number(is_whole=True, low=1, high=self.most).check(value))


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """Files by names, each as `Ann=ann.wav`: a line each, a list, or a mapping."""

    @property
    def allowed(self) -> str:
        return "like Ann=ann.wav: a name and a file"

    def read(self, text: str) -> tuple[str, ...]:
        return self._kept(text.splitlines(), os.path.realpath)

    def check(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            return self.read(value)
        if isinstance(value, Mapping):
            value = [f"{name}={os.fspath(path)}" for name, path in value.items()]
        if not isinstance(value, list | tuple):
            raise TypeError
        return self._kept(value, lambda path: path)

    def beside(self, folder: Path, value: Any) -> Any:
        """A value from a file, its paths meant from its folder; what is none is left."""
        if isinstance(value, Mapping):
            value = [f"{name}={path}" for name, path in value.items()]
        items = value.splitlines() if isinstance(value, str) else value
        return [_beside(folder, item) for item in items]

    def _kept(self, items: Iterable[Any], placed: Callable[[str], str]) -> tuple[str, ...]:
        files: dict[str, str] = {}
        for item in items:
            if not isinstance(item, str):
                raise TypeError
            name, _, path = (part.strip() for part in item.partition("="))
            if not name or not path or name in files or "\0" in path:
                raise ValueError
            files[name] = placed(path)
        return tuple(f"{name}={path}" for name, path in files.items())


def _beside(folder: Path, item: Any) -> Any:
    name, sign, path = item.partition("=") if isinstance(item, str) else ("", "", "")
    return f"{name}={folder / path.strip()}" if sign and path.strip() else item


@dataclass(frozen=True, slots=True)
class SpeakerSettings(ProviderSettings):
    """See `audiopipe.settings.table`."""

    speakers: str = row(
        "",
        "--speakers",
        SPEAKERS,
        "Tell who speaks, by voice: how many people there are, or auto.",
        kind=Count(MOST_SPEAKERS),
        unit="N|auto",
        unset="off; alone: auto",
        alone="auto",
    )
    voice_samples: tuple[str, ...] = row(
        (),
        "--voice-sample",
        SPEAKERS,
        "A recording of somebody alone, as Ann=ann.wav, whose name then stands where that voice "
        "speaks; may be repeated.",
        kind=NamedFiles(),
        unit="NAME=FILE",
        is_repeated=True,
    )
    speakers_across: bool = row(
        False,
        "--speakers-across",
        SPEAKERS,
        "Know a voice of one recording again in the next ones of the run, and in later runs into "
        "the same output folder.",
    )

    @property
    def who(self) -> str:
        """How many people there are, or `auto`, also where samples of voices are given; "" where
        nobody wants to know."""
        return self.speakers or ("auto" if self.voice_samples or self.speakers_across else "")
