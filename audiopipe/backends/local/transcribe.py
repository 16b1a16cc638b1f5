"""The embedded engine: Whisper through faster-whisper, with weights that packages carry."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from audiopipe.audio.reading import decode_pcm
from audiopipe.audio.vad import best_detector
from audiopipe.backends.local.weights import BUNDLED, INSTALL, bundled
from audiopipe.backends.local.windows import CUTTING, windows
from audiopipe.backends.protocols import Upload
from audiopipe.backends.wire import parse_transcription
from audiopipe.errors import BackendError, BadReply, EngineMissing, ModelUnavailable, UsageError
from audiopipe.settings import Settings, cache_folder
from audiopipe.text.languages import require_code
from audiopipe.values.audio import Chunk, RemoteAudio
from audiopipe.values.events import Pause
from audiopipe.values.requests import Request, Usage
from audiopipe.values.transcript import ChunkTranscript

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

DEFAULT_MODEL = "base"


_BEAMS = 5

_LANGUAGE_WINDOWS = 10
_SURE_LANGUAGE = 0.8
"""So many windows of 30 s are heard until one is so sure of its language; else most of them decide.
By the first one alone a German reading after 30 s of silence or tones was English (0.36, 0.35), and
after noise Norwegian (0.55); its own windows are German with 0.96."""


class Local:
    """Whisper on this machine, with no key and no network.

    Args:
        device: `cpu`, `cuda` or `auto`.
        compute_type: CTranslate2's number type; `int8` is fastest on a CPU.
        threads: threads of one decoding; 0 takes one a core.
        models_dir: where joined weights are kept; None is the user's cache.

    It decodes with 5 beams and at the temperature asked for alone: the same audio gives the same
    text.
    """

    name = "local"
    address = ""
    workers = 2

    def __init__(
        self,
        *,
        device: str = "auto",
        compute_type: str = "int8",
        threads: int = 0,
        models_dir: Path | None = None,
    ) -> None:
        self._device = device
        self._compute_type = compute_type
        self.variant = f"{compute_type}, {_BEAMS} beams, {CUTTING}"
        self._threads = threads
        self.models_dir = models_dir or cache_folder(Settings(), {}) / "models"
        self._models: dict[str, WhisperModel] = {}
        self._loading = threading.Lock()

    def accept(self, request: Request) -> Request:
        """The request with its model named; see `base.Transcriber.accept`."""
        if find_spec("faster_whisper") is None:
            raise EngineMissing(f"the embedded engine is not installed; {INSTALL}")
        request = replace(
            request,
            model=request.model or DEFAULT_MODEL,
            language=require_code(request.language),
        )
        if request.task == "translate" and request.model.endswith(".en"):
            raise UsageError(f"{request.model} knows English only; translate with -m base")
        if not 0 <= request.temperature <= 1:
            raise UsageError(f"--temperature {request.temperature} is not between 0 and 1")
        return request

    def upload(self, request: Request) -> Upload:
        """Samples as they are, of any length."""
        return Upload(formats=("pcm",), max_bytes=2**31)

    def others(self, request: Request) -> tuple[Request, ...]:
        """Nothing: at a higher temperature no two answers would be alike."""
        return ()

    def price(self, audio_s: float, request: Request) -> Usage:
        """Free."""
        return Usage(requests=1, audio_s=audio_s)

    def ask(self, audio: Chunk | RemoteAudio, request: Request, pause: Pause) -> bytes:
        """Recognise one chunk; the answer is JSON as a server would send it.

        Raises:
            UsageError: audio by URL, which only a provider can fetch.
            ModelUnavailable: the model is neither bundled, nor a folder, nor to be downloaded.
            BackendError: the engine failed.
        """
        if isinstance(audio, RemoteAudio):
            raise UsageError("--by-url needs a provider that fetches by itself; leave it out")
        model = self._model(request.model)
        samples = decode_pcm(audio.data, audio.format)
        spans = windows(samples, best_detector())
        try:
            found, info = model.transcribe(
                samples,
                task=request.task,
                language=request.language,
                hotwords=request.prompt,
                language_detection_segments=_LANGUAGE_WINDOWS,
                language_detection_threshold=_SURE_LANGUAGE,
                temperature=request.temperature,
                word_timestamps=request.word_timestamps,
                clip_timestamps=[edge for each in spans for edge in (each.start_s, each.end_s)],
                beam_size=_BEAMS,
            )
            segments = [_segment_body(segment) for segment in found]
        except (RuntimeError, ValueError) as error:
            at_s = audio.window.span.start_s
            raise BackendError(
                f"{request.model} failed on the chunk at {at_s:.0f} s: {error}"
            ) from error
        return json.dumps({"language": info.language, "segments": segments}).encode()

    def read(self, answer: bytes, audio: Chunk | RemoteAudio, request: Request) -> ChunkTranscript:
        """What an answer says. See `base.Transcriber.read`."""
        assert isinstance(audio, Chunk)
        try:
            body = json.loads(answer)
        except ValueError as error:
            raise BadReply(f"the answer is not JSON: {answer[:60]!r}") from error
        parsed = parse_transcription(body, audio.window, request)
        usage = self.price(audio.window.audio_s, request)
        return ChunkTranscript(audio.window, parsed.language, parsed.segments, usage)

    def close(self) -> None:
        """Let the models go."""
        self._models.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _model(self, name: str) -> WhisperModel:
        with self._loading:
            if name not in self._models:
                self._models[name] = self._load(name)
            return self._models[name]

    def _load(self, name: str) -> WhisperModel:
        from audiopipe.backends.local.whisper import Whisper

        place = str(bundled(name, self.models_dir)) if name in BUNDLED else name
        try:
            return Whisper(
                place,
                device=self._device,
                compute_type=self._compute_type,
                cpu_threads=self._threads,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelUnavailable(
                f"cannot load the model {name}: {str(error).splitlines()[0]}; "
                f"without a network take {', '.join(BUNDLED)}, or the folder of a converted model"
            ) from error


def _segment_body(segment: Any) -> dict[str, Any]:
    """A segment of the engine in the shape of the API's verbose_json."""
    names = "seek start end text tokens temperature avg_logprob compression_ratio no_speech_prob"
    body = {name: getattr(segment, name) for name in names.split()}
    body["words"] = [
        {"word": word.word, "start": word.start, "end": word.end, "probability": word.probability}
        for word in segment.words or ()
    ]
    return body
