"""What engines have in common that recognise in this process."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from audiopipe.audio.reading import decode_pcm
from audiopipe.backends.protocols import Upload
from audiopipe.backends.wire import parse_transcription
from audiopipe.errors import BackendError, BadReply, ModelUnavailable, UsageError
from audiopipe.values.audio import Chunk, Piece, RemoteAudio
from audiopipe.values.events import Pause
from audiopipe.values.requests import Request, Usage
from audiopipe.values.transcript import ChunkTranscript, Flag, Segment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Model = TypeVar("Model")


class Engine(ABC, Generic[Model]):
    """Models in this process, each loaded once: no key, no network, no cost.

    Answers are JSON as a server would send it, so that they are kept and read as those are.
    """

    address = ""

    def __init__(self) -> None:
        self._models: dict[str, Model] = {}
        self._loading = threading.Lock()

    def upload(self, request: Request) -> Upload:
        """Samples as they are, of any length."""
        return Upload(formats=("pcm",), max_bytes=2**31)

    def others(self, request: Request) -> tuple[Request, ...]:
        """Nothing: what may be asked in another way, the engine has asked by itself."""
        return ()

    def price(self, audio_s: float, request: Request) -> Usage:
        """Free."""
        return Usage(requests=1, audio_s=audio_s)

    def ask(self, audio: Chunk | RemoteAudio, request: Request, pause: Pause) -> bytes:
        """Recognise one chunk.

        Raises:
            UsageError: audio by URL, which only a provider can fetch.
            ModelUnavailable: the model is neither a folder with all its files, nor to be had.
            BackendError: the engine failed.
        """
        if isinstance(audio, RemoteAudio):
            raise UsageError("--by-url needs a provider that fetches by itself; leave it out")
        model = self._model(request.model)
        samples = decode_pcm(audio.data, audio.format)
        try:
            body = self._heard(model, samples, request, audio.pieces)
        except (RuntimeError, ValueError, LookupError) as error:
            at_s = audio.window.span.start_s
            raise BackendError(
                f"{request.model} failed on the chunk at {at_s:.0f} s: {reason(error)}"
            ) from error
        return json.dumps(body).encode()

    def read(self, answer: bytes, audio: Chunk | RemoteAudio, request: Request) -> ChunkTranscript:
        """What an answer says. See `base.Transcriber.read`."""
        assert isinstance(audio, Chunk)
        try:
            body = json.loads(answer)
        except ValueError as error:
            raise BadReply(f"the answer is not JSON: {answer[:60]!r}") from error
        parsed = parse_transcription(body, audio.window, request)
        usage = self.price(audio.window.audio_s, request)
        anomalies = (*parsed.anomalies, *self._anomalies(body, parsed.segments))
        return ChunkTranscript(
            audio.window, parsed.language, parsed.segments, usage, anomalies=anomalies
        )

    def close(self) -> None:
        """Let the models go."""
        self._models.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _model(self, name: str) -> Model:
        with self._loading:
            if name not in self._models:
                self._models[name] = self._load(name)
            return self._models[name]

    @abstractmethod
    def _load(self, name: str) -> Model:
        """Raises: ModelUnavailable."""

    @abstractmethod
    def _heard(
        self,
        model: Model,
        samples: NDArray[np.float32],
        request: Request,
        pieces: tuple[Piece, ...] | None,
    ) -> dict[str, Any]:
        """What is said in a chunk, in the shape of the API's verbose_json."""

    def _anomalies(self, body: Any, segments: tuple[Segment, ...]) -> tuple[Flag, ...]:
        """What an answer tells of itself that it should not be trusted for."""
        return ()


def require_there(model: str) -> None:
    """Refuse a name that can only be a folder's, where there is none.

    Raises:
        ModelUnavailable: there is none.
    """
    if model.startswith((".", "/", "~")) and not Path(model).is_dir():
        raise ModelUnavailable(f"cannot load the model {model}: there is no such folder")


def reason(error: Exception) -> str:
    """The first line of an error; its kind where it says nothing."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
