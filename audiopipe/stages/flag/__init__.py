"""Flag: which passages of a chunk's transcript not to trust, and what to do about each."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from audiopipe.audio.vad import Voice
from audiopipe.stages.flag.evidence import Check, Evidence
from audiopipe.stages.flag.language import other_language, other_script
from audiopipe.stages.flag.measures import (
    compressible,
    likely_no_speech,
    low_confidence,
    time_anomalies,
    too_fast,
    too_slow,
)
from audiopipe.stages.flag.phrases import stock_phrases
from audiopipe.stages.flag.repeats import loops, prompt_echo
from audiopipe.stages.flag.speech import speech_without_text, text_without_speech
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.text.languages import spoken_languages
from audiopipe.values.transcript import ChunkFailure, ChunkTranscript, Flag

_log = logging.getLogger("audiopipe")

CHECKS: tuple[Check, ...] = (
    low_confidence,
    likely_no_speech,
    compressible,
    loops,
    too_fast,
    too_slow,
    speech_without_text,
    text_without_speech,
    prompt_echo,
    other_script,
    time_anomalies,
)
"""The checks that need nothing of each other; each sees the evidence of one chunk."""


def flag(
    transcript: ChunkTranscript,
    *,
    thresholds: Thresholds,
    voice: Voice | None = None,
    prompt: str | None = None,
    more_checks: Iterable[tuple[str, Check]] = (),
) -> ChunkTranscript:
    """The transcript with the flags that the checks raise, in order of their start.

    Args:
        transcript: of one chunk; flags that it has are forgotten.
        thresholds: those of its model.
        voice: where somebody speaks in the chunk; None leaves out the checks that need it.
        prompt: what the recogniser was told beforehand.
        more_checks: checks of other packages, by name; one that crashes raises no flags here.
    """
    evidence = Evidence(transcript, thresholds, voice, prompt)
    found = [flag for check in CHECKS for flag in check(evidence)]
    found += _unmended(transcript)
    for name, check in more_checks:
        found += _raised(name, check, evidence)
    return replace(transcript, flags=_in_order([*found, *stock_phrases(evidence, found)]))


def _unmended(transcript: ChunkTranscript) -> Iterator[Flag]:
    """What the reply itself gave rise to, but where another answer stands since."""
    mended = [repair.span for repair in transcript.repairs if repair.replaced]
    for each in transcript.anomalies:
        if not any(span.holds(each.span) for span in mended):
            yield each


def _raised(name: str, check: Check, evidence: Evidence) -> list[Flag]:
    try:
        return list(check(evidence))
    except Exception as error:  # noqa: BLE001 - another package's code, which may cost a chunk its
        # flags, and nothing else
        _log.warning("the check %s failed: %s: %s", name, type(error).__name__, error)
        return []


def flag_languages(
    results: Iterable[ChunkTranscript | ChunkFailure], *, thresholds: Thresholds
) -> Iterator[ChunkTranscript | ChunkFailure]:
    """All chunks of a file, with a further flag where one is in another language than the rest."""
    results = list(results)
    shares = spoken_languages(each for each in results if isinstance(each, ChunkTranscript))
    for each in results:
        if isinstance(each, ChunkTranscript):
            switches = other_language(each, shares, thresholds)
            yield replace(each, flags=_in_order([*each.flags, *switches]))
        else:
            yield each


def _in_order(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    return tuple(sorted(flags, key=lambda flag: (flag.span.start_s, flag.span.end_s, flag.kind)))
