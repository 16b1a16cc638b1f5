"""What all speakers check: the voice, the text, and the sound that came back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from audiopipe.audio.clip import decode_clip
from audiopipe.backends.catalog import MODELS
from audiopipe.backends.phonemes import sounds_of
from audiopipe.backends.wire.decode import lossy_text_of, words_in
from audiopipe.errors import BadReply, InputError, UsageError
from audiopipe.text.languages import NAMES, require_code
from audiopipe.values.audio import Audio
from audiopipe.values.requests import SpeechRequest

_FASTEST_PER_S = 25.0
"""Letters a second: 300 English words a minute, twice the pace of a narrator. What is faster has
left out a part of the text."""

_SLOWEST_S, _ASIDE_S = 1.0, 5.0
"""Seconds a letter or figure, and besides: "Yes." may take 8 s. Slow narrators need 0.12 s a
letter, long numbers 0.5 s a figure. What lasts longer is a voice that went astray."""

_FRAME_S = 0.01
_QUIET_DB = -45.0
_MARGIN_S = 0.05

_READS = {"en": ("LATIN",), "ar": ("ARABIC", "LATIN")}
"""Alphabets by Unicode's names; a text is to have words in the first."""

_COMMON = frozenset(
    "the of and to a in is it that for was on with as be at by he she i you this not are his her "
    "from or have they an which one had we my but what there all were when your can said".split()
)
_LEAST_WORDS, _LEAST_COMMON = 30, 0.15
"""Of English prose about 0.4 of the words are these; of German, with its in, am, was, 0.05."""


def with_voice(
    request: SpeechRequest, voices: Sequence[str], language: str | None
) -> SpeechRequest:
    """The request with a voice, the first if none was asked for, and the language of the text.

    Args:
        request: as it was asked, with its model named.
        voices: those that the model has.
        language: the one that it speaks; None for any.

    Raises:
        UsageError: no such voice, or a text that the model cannot speak.
    """
    voice = request.voice or voices[0]
    if voice not in voices:
        near = [each for each in voices if each.lower().startswith(voice.lower())]
        if len(near) != 1:
            raise UsageError(
                f"{request.model} has no voice {voice!r}: choose from {', '.join(voices)}"
            )
        voice = near[0]
    asked = require_code(request.language)
    if language and asked not in (None, language):
        raise UsageError(
            f"{request.model} speaks {NAMES[language].title()}, not {NAMES[asked or ''].title()}; "
            f"{_routes(asked or '')}"
        )
    if language:
        _check_script(request, language)
    if language == "en" and asked is None:
        _check_english(request)
    return replace(request, voice=voice, language=language or asked)


def _routes(language: str) -> str:
    """Who speaks a language, in words for the user."""
    server = "name an OpenAI-compatible server that speaks it, with --base-url"
    for model in MODELS:
        if "speak" in model.tasks and model.languages == language and not model.retired_on:
            return f"set GROQ_API_KEY and take the model {model.id}, or {server}"
    return f"no voice of Groq does either; {server}"


def voiced(answer: bytes, request: SpeechRequest) -> Audio:
    """The sound in an answer, without the silence around it.

    Raises:
        BadReply: no sound, silence, or less or more than the text can take.
    """
    try:
        audio = decode_clip(answer)
    except InputError as error:
        shown = words_in(lossy_text_of(answer[:8000]), 60)
        raise BadReply(f"{error}; the answer begins with {shown!r}") from error
    sounding = _trimmed(audio)
    seconds = len(sounding.samples) / sounding.rate_hz
    letters = sum(character.isalnum() for character in sounds_of(request.text))
    if seconds * _FASTEST_PER_S < letters:
        raise BadReply(f"{seconds:.1f} s of speech are too short for {letters} letters")
    if seconds > _ASIDE_S + _SLOWEST_S * letters:
        raise BadReply(f"{seconds:.1f} s of speech are too long for {letters} letters")
    return sounding


def _trimmed(audio: Audio) -> Audio:
    frame = max(1, round(_FRAME_S * audio.rate_hz))
    whole = len(audio.samples) // frame * frame
    levels = np.sqrt(np.square(audio.samples[:whole].reshape(-1, frame)).mean(axis=1))
    loud = np.flatnonzero(levels > levels.max(initial=1e-4) * 10 ** (_QUIET_DB / 20))
    if not len(loud):
        return Audio(audio.samples[:0], audio.rate_hz)
    margin = round(_MARGIN_S * audio.rate_hz)
    start, end = loud[0] * frame - margin, (loud[-1] + 1) * frame + margin
    return Audio(audio.samples[max(0, start) : end], audio.rate_hz)


def _check_script(request: SpeechRequest, language: str) -> None:
    # a letter by itself is a sign, such as the micro of a unit, and no word of another language
    text = re.sub(r"[µμ]|(?<![^\W\d_])[^\W\d_](?![^\W\d_])", "", request.text)
    words = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", text))
    own, *_ = reads = _READS[language]
    foreign = [word for word in words if not _scripts(word).issubset((*reads, "MODIFIER"))]
    if not foreign and not any(own in _scripts(word) for word in words):
        foreign = words
    if foreign:
        raise UsageError(
            f"{request.model} speaks {NAMES[language].title()} and cannot read {foreign[0]!r}: "
            "take another model, or spell it out"
        )


def _scripts(word: str) -> set[str]:
    return {unicodedata.name(letter, "?").split()[0] for letter in word}


def _check_english(request: SpeechRequest) -> None:
    words = re.findall(r"[^\W\d_]+", request.text.lower())
    common = sum(word in _COMMON for word in words)
    if len(words) >= _LEAST_WORDS and common < _LEAST_COMMON * len(words):
        raise UsageError(
            f"{request.model} speaks English, and the text does not look like it; "
            "if it is, say so with -l en"
        )
