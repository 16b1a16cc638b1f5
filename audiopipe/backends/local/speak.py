"""The embedded voice: hibari, whose weights come inside its package."""

from __future__ import annotations

import threading
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Self

from audiopipe.audio.clip import encode_clip
from audiopipe.backends.catalog import find
from audiopipe.backends.phonemes import marked
from audiopipe.backends.voice_checks import voiced, with_voice
from audiopipe.errors import BackendError, EngineMissing, ModelUnavailable, UsageError
from audiopipe.values.audio import Audio
from audiopipe.values.events import Pause
from audiopipe.values.requests import SpeechRequest, Usage

if TYPE_CHECKING:
    from hibari import Hibari

_MODEL, _SHIPPED = "hibari", "heart"
_BRITISH = ("emma", "fable")


class LocalSpeaker:
    """English speech on this machine, with no key and no network.

    The voice `heart` (American) is in the package; the engine downloads the others (`emma` and
    `fable` are British, `fenrir` and `kore` American) when they are first used, 8 MB each.
    The same text gives the same samples.
    """

    name = "local"
    address = ""
    workers = 2

    def __init__(self) -> None:
        self._engines: dict[str, Hibari] = {}
        self._loading = threading.Lock()

    @property
    def variant(self) -> str:
        """The engine's version."""
        return version("hibari-tts")

    def accept(self, request: SpeechRequest) -> SpeechRequest:
        """See `base.Speaker.accept`."""
        if find_spec("hibari") is None:
            raise EngineMissing(
                "the embedded voice is not installed; install it with: "
                "pip install 'audiopipe[local]'"
            )
        model = find(request.model or _MODEL)
        if model is None or model.id != _MODEL:
            raise UsageError(f"no embedded voice {request.model!r}: leave -m out, or take hibari")
        return with_voice(replace(request, model=model.id), model.voices, model.languages)

    def at_hand(self) -> tuple[str, ...]:
        """Voices that need no download."""
        model = find(_MODEL)
        folder = Path.home() / ".cache" / "hibari"
        return tuple(
            voice
            for voice in (model.voices if model else ())
            if voice == _SHIPPED or next(folder.glob(f"*_{voice}.*onnx"), None)
        )

    def most_characters(self, request: SpeechRequest) -> int:
        """Any number would do: the engine goes from sentence to sentence."""
        return 10_000

    def phonetic(self, word: str, ipa: str, request: SpeechRequest) -> str:
        """How a text says a word by its sounds. Raises UsageError for one that English has not."""
        return marked(word, ipa, is_british=request.voice in _BRITISH)

    def price(self, request: SpeechRequest) -> Usage:
        """Free."""
        return Usage(requests=1)

    def ask(self, request: SpeechRequest, pause: Pause) -> bytes:
        """Speak a text; the answer is a FLAC file.

        Raises:
            ModelUnavailable: the voice is not here, and cannot be downloaded.
            BackendError: the engine failed.
        """
        engine = self._engine(request.voice)
        try:
            samples = engine(request.text, seed=0)
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"hibari failed on {request.text[:40]!r}: {error}") from error
        answer = encode_clip(Audio(samples, engine.sample_rate))
        self.read(answer, request)
        return answer

    def read(self, answer: bytes, request: SpeechRequest) -> Audio:
        """See `base.Speaker.read`."""
        return voiced(answer, request)

    def close(self) -> None:
        """Let the engine go."""
        self._engines.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _engine(self, voice: str) -> Hibari:
        with self._loading:
            if voice not in self._engines:
                self._engines[voice] = _loaded(voice)
            return self._engines[voice]


def _loaded(voice: str) -> Hibari:
    from hibari import Hibari

    try:
        engine = Hibari(voice=voice)
        engine("Ready.")  # what it loads late, it would load once in each thread
    except (RuntimeError, OSError) as error:
        raise ModelUnavailable(
            f"cannot load the voice {voice}: {error}; heart needs no download"
        ) from error
    return engine
