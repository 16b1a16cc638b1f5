"""The spoken forms, spoken and heard again by the embedded engine.

What is said is spoken by the embedded voice, where that is English, and by espeak-ng, where it is
installed, in recordings with a second between two forms, so that the engine hears full windows.
What was heard agrees if its words are the same once numbers are written alike, or if espeak-ng
says both texts with the same sounds ("nine to five" and "9 2 5").
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile as sf

import audiopipe
from audiopipe.audio.clip import decode_clip
from audiopipe.backends.local.speak import LocalSpeaker
from audiopipe.speech.normalize import speakable
from audiopipe.values.audio import Audio
from audiopipe.values.requests import SpeechRequest

_RATE_HZ, _GAP_S = 24_000, 1.0
_SHIFTS = sorted(product((-2, -1, 0, 1, 2), repeat=2), key=lambda each: np.abs(each).sum())
_NEAREST = 10  # both readings of a text, and of those with one word more or less
_BRACKETS = str.maketrans("()[]", "    ")
_STRESS = str.maketrans("", "", "',_:|;~^-!?. \n")


class Heard(NamedTuple):
    """What one voice said, and what the engine heard of it: by the times of the words, and with
    a word more or less at either end, since times in a second of silence are guesses."""

    voice: str
    said: str
    heard: str
    nearly: tuple[str, ...]


def hear(language: str, said: Sequence[str]) -> Iterator[tuple[Heard, ...]]:
    """Each text as every voice of the language is heard saying it, in order; () without a voice."""
    voices = [voice for voice in ("hibari", "espeak-ng") if _speaks(voice, language)]
    texts = [_heard(voice, language, said) for voice in voices]
    for n, text in enumerate(said):
        yield tuple(
            Heard(voice, text, heard[n][0], heard[n])
            for voice, heard in zip(voices, texts, strict=True)
        )


def agrees(heard: Heard, language: str) -> bool:
    """Whether what was heard is what was said; signs and figures may stand for words."""
    said = _plain(heard.said, language)
    again = [
        _plain(each, language)
        for text in heard.nearly
        for each in (text, speakable(text.strip(" .,"), language))
    ]
    if said.replace(" ", "") in {text.replace(" ", "") for text in again}:
        return True
    sounds = _sounds(said, language)
    return any(sounds == _sounds(text, language) for text in again[:_NEAREST])


def _speaks(voice: str, language: str) -> bool:
    return language == "en" if voice == "hibari" else bool(shutil.which("espeak-ng"))


def _heard(voice: str, language: str, said: Sequence[str]) -> list[tuple[str, ...]]:
    """The words that fall to each text, by their times; then with others at its ends."""
    gap = np.zeros(round(_GAP_S * _RATE_HZ), np.float32)
    parts, ends_s, at = [gap], [], len(gap)
    with LocalSpeaker() as hibari:
        for text in said:
            sound = _spoken(voice, language, text, hibari)
            parts += [sound, gap]
            at += len(sound) + len(gap)
            ends_s.append(at / _RATE_HZ - _GAP_S / 2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "forms.wav"
        sf.write(path, np.concatenate(parts), _RATE_HZ)
        with audiopipe.Session(backend="local", language=language, cache=False) as session:
            words = session.transcribe(path).words
    middles_s = [(word.span.start_s + word.span.end_s) / 2 for word in words]
    cuts = [0, *np.searchsorted(middles_s, ends_s[:-1]), len(words)]
    return [
        tuple(
            "".join(word.text for word in words[max(0, start + a) : max(0, end + b)]).strip()
            for a, b in _SHIFTS
        )
        for start, end in pairwise(cuts)
    ]


def _spoken(voice: str, language: str, text: str, hibari: LocalSpeaker) -> np.ndarray:
    if voice == "hibari":
        request = hibari.accept(SpeechRequest(text, "", "", language))
        return _even(hibari.read(hibari.ask(request, lambda *_: None), request))
    command = ["espeak-ng", "-v", language, "-s", "150", "--stdout", "--", text]
    return _even(decode_clip(subprocess.run(command, capture_output=True, check=True).stdout))


def _even(audio: Audio) -> np.ndarray:
    """At one rate and loudness."""
    at = np.arange(0, len(audio.samples) - 1, audio.rate_hz / _RATE_HZ)
    samples = np.interp(at, np.arange(len(audio.samples)), audio.samples)
    peak = max(1e-4, float(np.abs(samples).max()))
    return np.asarray(samples / peak * 0.6, np.float32)


def _plain(text: str, language: str) -> str:
    """As published error rates compare texts, which writes English numbers in figures."""
    return str(_normalizer(language)(text.translate(_BRACKETS)))  # it drops what is in brackets


@cache
def _normalizer(language: str) -> Callable[[str], str]:
    from whisper_normalizer.basic import BasicTextNormalizer
    from whisper_normalizer.english import EnglishTextNormalizer

    plain: Callable[[str], str] = (
        EnglishTextNormalizer() if language == "en" else BasicTextNormalizer()
    )
    return plain


def _sounds(text: str, language: str) -> str:
    if not shutil.which("espeak-ng"):
        return text
    command = ["espeak-ng", "-q", "-x", "-v", language, "--", text]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return done.stdout.translate(_STRESS)
