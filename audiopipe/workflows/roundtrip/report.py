"""The report of a round trip: what was done, what it took, and how well it can be understood."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from audiopipe._version import __version__
from audiopipe.speech import Speech
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.roundtrip.score import Score

VERSION = 1
"""Grows by one when an older reader could no longer understand what is written."""

_LATE_S = 0.1
"""What begins later than this was not in time."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and what it took.

    Attributes:
        name: `transcribe`, `rewrite`, `translate`, `speak` or `hear`.
        backend, model: who did it.
        usage: what its answers took, those of earlier runs included.
        spent: what this run paid.
    """

    name: str
    backend: str
    model: str
    usage: Usage
    spent: Usage


@dataclass(frozen=True, slots=True)
class Asked:
    """What a round trip is to do between hearing and speaking; see `roundtrip`."""

    into: str = ""
    instruct: str = ""
    align: bool = False


def report(
    asked: Asked,
    transcript: Transcript,
    language: str | None,
    speech: Speech,
    heard: Transcript,
    score: Score,
    steps: Sequence[Step],
) -> str:
    """The report as JSON. Neither keys nor addresses are in it.

    Args:
        asked: what the user asked for.
        transcript: of the recording.
        language: of the narration.
        speech: the narration.
        heard: its transcript.
        score: how well it was understood.
        steps: in order.
    """
    facts = {
        "version": VERSION,
        "audiopipe": __version__,
        "asked": asdict(asked),
        "recording": {
            **asdict(transcript.source),
            # alone: a path is nobody's business, and an address may carry a signature
            "name": PurePath(urlsplit(transcript.source.name).path).name,
            "language": transcript.language,
            "flags": len(transcript.flags),
            "failures": [asdict(each) for each in transcript.failures],
        },
        "narration": _narration(speech, language),
        "score": {**asdict(score), "flags": len(heard.flags)},
        "steps": [_step(step) for step in steps],
        "spent": asdict(sum((step.spent for step in steps), Usage())),
    }
    return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"


def _narration(speech: Speech, language: str | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "file": speech.path.name,
        "duration_s": speech.duration_s,
        "language": language,
        "voice": speech.voice,
        "lines": len(speech.lines),
        "chapters": [{"title": each.title, **asdict(each.span)} for each in speech.chapters],
    }
    if speech.delays_s:
        facts["aligned"] = {
            "passages": len(speech.delays_s),
            "late": sum(delay_s > _LATE_S for delay_s in speech.delays_s),
            "latest_s": max(speech.delays_s),
        }
    return facts


def _step(step: Step) -> dict[str, Any]:
    """What this run paid, and how many answers it had from earlier ones."""
    named = {"step": step.name, "backend": step.backend, "model": step.model}
    cached = max(0, step.usage.requests - step.spent.requests)
    return {**named, **asdict(step.spent), "cached": cached}
