"""Album: the voices that were told in earlier runs into a folder, kept among the answers."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from audiopipe.audio.voiceprint import DIMENSIONS, Directions
from audiopipe.store.answers import key
from audiopipe.store.keeping import Answers

_MOST = 1000
"""Voices of a folder, 512 bytes each; of more, the newest."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose voices: those of an output folder."""

    folder: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class Album:
    """The voices of an output folder.

    Attributes:
        store: the answers; None keeps nothing.
        folder: path or address of the results.
    """

    store: Answers | None
    folder: str

    def voices(self) -> dict[str, Directions]:
        """Directions by name; none where nothing is kept that can be read."""
        written = self.store.get(self._key) if self.store else None
        if written is None:
            return {}
        try:
            return {name: _direction(row) for name, row in json.loads(written).items()}
        except (ValueError, TypeError, AttributeError, RecursionError):
            return {}

    def keep(self, voices: Mapping[str, Directions]) -> None:
        """Keep voices beside those that others have kept meanwhile; a name keeps its first."""
        if self.store and voices:
            kept = self.voices()
            newest = list({**kept, **voices, **kept}.items())[-_MOST:]
            rows = {name: _written(direction) for name, direction in newest}
            self.store.put(self._key, "voice", json.dumps(rows).encode())

    @property
    def _key(self) -> bytes:
        place = self.folder if "://" in self.folder else os.path.realpath(self.folder)
        return key("voice", "resemblyzer", "", _Asked(place))


def _written(direction: Directions) -> str:
    return base64.b64encode(direction.astype("<f2").tobytes()).decode()


def _direction(row: str) -> Directions:
    direction = np.frombuffer(base64.b64decode(row), "<f2").astype(np.float32)
    if len(direction) != DIMENSIONS:
        raise ValueError("no direction of a voice")
    return direction
