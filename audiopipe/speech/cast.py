"""Who speaks whose words: a voice for each speaker."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import cycle
from pathlib import Path
from typing import Any

from audiopipe.backends.catalog import find
from audiopipe.backends.protocols import Speaker
from audiopipe.context import Context
from audiopipe.errors import UsageError
from audiopipe.settings import check_reach
from audiopipe.speech.lexicon import Lexicon, pronounced
from audiopipe.values.requests import SpeechRequest

_VOICES = ("alloy", "echo", "fable", "onyx", "nova", "shimmer")
"""OpenAI's first voices, which servers of its dialect have as a rule."""

_PACES = (0.25, 4.0)


@dataclass(frozen=True, slots=True)
class Part:
    """A speaker of a cast; what is left out is as in the settings.

    Attributes:
        voice: who speaks; "" takes one that nobody else has.
        model: the voice's model.
        server: address of an OpenAI-compatible server.
        backend: `groq`, `openai`, `local` or a plug-in's.
        pace: how fast, where 1 is the voice's own.
    """

    voice: str = ""
    model: str = ""
    server: str = ""
    backend: str = ""
    pace: float = 1.0


Cast = Mapping[str, Part]


@dataclass(frozen=True, slots=True)
class Role:
    """A speaker with all that it takes to speak.

    Attributes:
        backend: who speaks.
        request: what is asked, as it was accepted, without a line's text.
        pace: how fast.
        pitch: how high, to tell speakers apart who must share a voice.
        sounds: words that it is told by their sounds.
    """

    backend: Speaker
    request: SpeechRequest
    pace: float
    pitch: float = 1.0
    sounds: Lexicon = field(default_factory=dict)

    def phonetic(self, word: str, ipa: str) -> str | None:
        """How a text says a word by IPA; None where the voice reads none."""
        told: Callable[..., str | None] | None = getattr(self.backend, "phonetic", None)
        return told(word, ipa, self.request) if told else None

    def asked(self, text: str) -> SpeechRequest:
        """What is asked for a line."""
        return replace(self.request, text=pronounced(text, self.sounds))


def read_cast(path: Path, context: Context) -> Cast:
    """The cast of a TOML file: a table for each speaker.

        [Ann]
        voice = "hannah"

        [Bob]
        server = "http://localhost:8000/v1"
        model = "kokoro"
        voice = "am_adam"
        pace = 1.1

    Raises:
        UsageError: it is no such file, or names a server that would get the key, which the
            settings do not allow.
    """
    try:
        told = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"--cast {path}: {reason}") from error
    cast = {name: _part(told[name], f"--cast {path}: {name}") for name in told}
    for name, part in cast.items():
        reach = {"base_url": part.server} if part.server else {}
        all_told = {**reach, "backend": part.backend or "auto", "allow": context.settings.allow}
        check_reach(reach, all_told, f"{path}: {name}", path.parent, os.environ)
    return cast


def _part(told: Any, place: str) -> Part:
    if not isinstance(told, Mapping):
        raise UsageError(f"{place} needs a table of its own: [{place.rpartition(' ')[2]}]")
    known = {each.name for each in fields(Part)}
    for name, value in told.items():
        if name not in known:
            raise UsageError(f"{place}: no {name!r}: choose from {', '.join(sorted(known))}")
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number if name == "pace" else isinstance(value, str)):
            raise UsageError(f"{place}: {name} cannot be {value!r}")
    part = Part(**told)
    if not _PACES[0] <= part.pace <= _PACES[1]:
        raise UsageError(f"{place}: pace {part.pace:g} is not between {_PACES[0]} and {_PACES[1]}")
    return part


def roles(
    speakers: Iterable[str], text: str, context: Context, cast: Cast, language: str | None
) -> dict[str, Role]:
    """A role for each speaker, in order of their first words; "" stands for the narrator.

    Who has no part in the cast gets a voice that nobody else has, as long as the model has any;
    then the same voice higher or lower.

    Args:
        speakers: their names, each once.
        text: all that is spoken, which the voices must be able to say.
        context: settings and backends.
        cast: parts by name; `narrator` is that of "".
        language: of the text.

    Raises:
        UsageError: no such voice, or a text that it cannot speak.
    """
    taken = {part.voice for part in cast.values() if part.voice}
    made: dict[str, Role] = {}
    pitches = cycle(_PITCHES)
    for name in speakers:
        part = cast.get(name or "narrator", Part())
        own = _context(context, part)
        backend, settings = own.speaker, own.settings
        is_first = not made
        voice = part.voice or (settings.voice if is_first else "")
        asked = SpeechRequest(text, settings.model, voice, settings.language or language)
        request = backend.accept(asked)
        pitch = 1.0
        if not voice and not is_first:
            free = [each for each in _voices(backend, request) if each not in taken]
            if free:
                request = backend.accept(replace(asked, voice=free[0]))
            else:
                pitch = next(pitches)
        taken.add(request.voice)
        made[name] = Role(backend, request, part.pace * settings.speed, pitch)
    return made


_PITCHES = (0.87, 1.12, 0.78, 1.25)
"""About two and four halftones down and up: voices that are heard as others'."""


def _context(context: Context, part: Part) -> Context:
    changes: dict[str, Any] = {"model": part.model} if part.model else {}
    if part.server:
        changes["base_url"] = part.server
    if part.backend:
        changes["backend"] = part.backend
    return context.derive(**changes) if changes else context


def _voices(backend: Speaker, request: SpeechRequest) -> Sequence[str]:
    """Those of the model that need nothing else."""
    at_hand: Callable[[], Sequence[str]] | None = getattr(backend, "at_hand", None)
    if at_hand:
        return at_hand()
    known = find(request.model)
    return known.voices if known and known.voices else _VOICES
