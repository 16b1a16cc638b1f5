"""Speech from Groq, and from every server that speaks the same dialect."""

from __future__ import annotations

from audiopipe.backends.catalog import find, resolve, speech_cost_usd
from audiopipe.backends.http.client import Call
from audiopipe.backends.http.reply import Reply
from audiopipe.backends.openai.account import GroqAccount, OpenAIAccount
from audiopipe.backends.phonemes import marked
from audiopipe.backends.voice_checks import voiced, with_voice
from audiopipe.errors import UsageError
from audiopipe.limits.rules import Cost
from audiopipe.text.languages import require_code
from audiopipe.text.tokens import tokens_about
from audiopipe.values.audio import Audio
from audiopipe.values.events import Pause
from audiopipe.values.requests import SpeechRequest, Usage

_FEWEST_CHARACTERS = 200
"""Of the models that Groq has; one that is not known yet takes as many."""


_LEAST_BYTES, _BYTES_PER_CHARACTER = 4 << 20, 40_000
"""Of an answer: WAV of 24 kHz is about 3 kB a character."""

_LEAST_S = 300.0
"""Seconds that an answer may take, and one more for each character."""


class OpenAISpeaker(OpenAIAccount):
    """Any server with OpenAI's speech endpoint; arguments as in `OpenAIAccount`."""

    variant = ""
    _without_key = "or take --backend local, which needs none"

    def accept(self, request: SpeechRequest) -> SpeechRequest:
        """See `base.Speaker.accept`. Which voices a server has is not known here."""
        return SpeechRequest(
            request.text,
            request.model or "tts-1",
            request.voice or "alloy",
            require_code(request.language),
        )

    def most_characters(self, request: SpeechRequest) -> int:
        """What OpenAI takes."""
        return 4096

    def phonetic(self, word: str, ipa: str, request: SpeechRequest) -> str | None:
        """How a text says a word by its sounds: as Kokoro's servers read it; others read none.

        Raises:
            UsageError: a sound that English has not.
        """
        if "kokoro" not in request.model.lower():
            return None
        return marked(word, ipa, is_british=request.voice.lower().startswith("b"))

    def price(self, request: SpeechRequest) -> Usage:
        """One request; the price is not known here."""
        return Usage(requests=1, cost_usd=None)

    def ask(self, request: SpeechRequest, pause: Pause) -> bytes:
        """A WAV file, as a rule. See `base.Speaker.ask`."""
        call = Call(
            "POST",
            "/audio/speech",
            f"speak {request.text[:40]!r} with {request.model}",
            request.model,
            Cost(tokens=tokens_about(request.text)),
            json={
                "model": request.model,
                "input": request.text,
                "voice": request.voice,
                # Groq's Orpheus takes nothing else, and refuses a request that leaves it out
                "response_format": "wav",
            },
            max_bytes=_LEAST_BYTES + _BYTES_PER_CHARACTER * len(request.text),
            total_s=_LEAST_S + len(request.text),
        )

        def checked(reply: Reply) -> bytes:
            self.read(reply.content, request)
            return reply.content

        return self._http.send(call, checked, pause)

    def read(self, answer: bytes, request: SpeechRequest) -> Audio:
        """Any format that can be decoded. See `base.Speaker.read`."""
        return voiced(answer, request)


class GroqSpeaker(GroqAccount, OpenAISpeaker):
    """Groq's voices; arguments as in `GroqAccount`."""

    workers = 8
    _model = "canopylabs/orpheus-v1-english"

    @classmethod
    def model_of(cls, name: str) -> str:
        """The full id of a model; "" is the default."""
        return resolve(name or cls._model)

    def accept(self, request: SpeechRequest) -> SpeechRequest:
        """See `base.Speaker.accept`."""
        name = self.model_of(request.model)
        asked = SpeechRequest(request.text, name, request.voice, request.language)
        model = find(name)
        if model is None and not request.voice:
            raise UsageError(f"the voices of {name} are not known: name one with --voice")
        if model is None:
            return super().accept(asked)
        if "speak" not in model.tasks:
            raise UsageError(f"{name} does not speak: take -m {self._model}")
        return with_voice(asked, model.voices, model.languages)

    def most_characters(self, request: SpeechRequest) -> int:
        """What the provider documents for the model."""
        model = find(request.model)
        return (model.context if model else None) or _FEWEST_CHARACTERS

    def price(self, request: SpeechRequest) -> Usage:
        """One request, by its characters."""
        return Usage(requests=1, cost_usd=speech_cost_usd(request.model, len(request.text)))
