"""Groq, and every server that speaks the same dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Unpack, cast

from audiopipe.backends.catalog import MAX_UPLOAD_BYTES, billed_s, cost_usd, find, resolve
from audiopipe.backends.http.address import without_secrets
from audiopipe.backends.http.client import Call
from audiopipe.backends.http.errors import TooManyBytes
from audiopipe.backends.http.reply import Reply
from audiopipe.backends.openai.account import GroqAccount, OpenAIAccount, Options
from audiopipe.backends.openai.dialect import asked
from audiopipe.backends.prompt import MOST_PROMPT_CHARACTERS, MOST_PROMPT_TOKENS
from audiopipe.backends.protocols import Upload
from audiopipe.backends.wire import ReplyFormat, audio_s, form_fields, parse_transcription
from audiopipe.backends.wire.batches import line_of
from audiopipe.backends.wire.shape import answer_of, body_of
from audiopipe.errors import RejectedRequest, UsageError
from audiopipe.limits.rules import Cost
from audiopipe.text.languages import require_codes, the_only
from audiopipe.text.tokens import tokens_about
from audiopipe.values.audio import AudioFormat, Chunk, RemoteAudio, Span, Task, Window
from audiopipe.values.events import Pause
from audiopipe.values.requests import Request, Usage
from audiopipe.values.transcript import ChunkTranscript

_BEST = "whisper-large-v3"
"""The provider's most accurate model: 10.3 % of words wrong by its own account, turbo 12 %."""

_WARMER = (0.2, 0.4)
"""openai-whisper decodes again at 0.2, 0.4 and so on; above that answers wander."""

_ENDPOINTS: Mapping[Task, str] = {
    "transcribe": "/audio/transcriptions",
    "translate": "/audio/translations",
}

BATCHED: Mapping[Task, str] = {task: f"/v1{path}" for task, path in _ENDPOINTS.items()}
"""The same in lines of a batch."""

_FILES: Mapping[AudioFormat, tuple[str, str]] = {
    "flac": ("audio.flac", "audio/flac"),
    "wav": ("audio.wav", "audio/wav"),
    "opus": ("audio.ogg", "audio/ogg"),
}
"""Name and media type of an upload. Servers go by the ending of the name."""

_OPTIONAL = (
    *("timestamp_granularities[]", "response_format", "temperature", "prompt", "language"),
)
"""Fields that some servers do not know; an answer without them is still one."""

_LESS = {"verbose_json": "json", "diarized_json": "json", "json": "text"}
"""What to ask for where a shape is refused."""

_REFUSED = "upload"
"""The fact that so many bytes were refused."""

_USUAL_LIMITS = tuple(mebibytes << 20 for mebibytes in (1, 2, 4, 5, 8, 10, 16, 20, 25, 32, 50))
"""Bytes that servers and proxies are set to take; nginx takes 1 MiB if nobody says otherwise."""

_FORM_BYTES = 8192
"""What a form has beside its file, at most."""

_LEAST_REFUSED = 1 << 16
"""Bytes: no server with an audio endpoint takes less."""

_LEAST_BYTES, _BYTES_PER_S = 2 << 20, 20_000
"""Of an answer: ten words a second, each with its times and those of its segment, take 3 kB."""

_LEAST_S, _S_PER_S = 300.0, 3.0
"""Seconds that an answer may take: large models on a CPU need up to three a second of audio."""

_UNKNOWN_S = 3600.0
"""What audio that the provider fetches is taken for."""

_REPLY_FORMATS: tuple[tuple[str, ReplyFormat], ...] = (
    ("gpt-4o-transcribe-diarize", "diarized_json"),
    ("gpt-4o-transcribe", "json"),
    ("gpt-4o-mini-transcribe", "json"),
)
"""Models, by the beginning of their id, that do not know `verbose_json`."""


class OpenAI(OpenAIAccount):
    """Any server with OpenAI's audio endpoints.

    Args:
        reply_format: what the server can answer. Only `verbose_json` has times; `json` and `text`
            are for servers that know no other.
        options: as in `OpenAIAccount`.
    """

    _without_key = "or take --backend local, which needs none"
    _models: Mapping[Task, str] = {"transcribe": "whisper-1", "translate": "whisper-1"}

    def __init__(
        self, *, reply_format: ReplyFormat = "verbose_json", **options: Unpack[Options]
    ) -> None:
        self._reply_format: ReplyFormat = reply_format
        super().__init__(**options)

    @property
    def variant(self) -> str:
        """What the server is asked to answer with."""
        return self._reply_format

    @classmethod
    def model_of(cls, name: str, task: Task) -> str:
        """The full id of a model; "" is the default for the task."""
        return name or cls._models[task]

    def accept(self, request: Request) -> Request:
        """The request as it will be sent; see `base.Transcriber.accept`.

        The language may be an English name; where several are named the server guesses among all;
        word times are dropped where the answer has none.
        """
        request = replace(
            request,
            model=self.model_of(request.model, request.task),
            language=the_only(require_codes(request.language)),
            prompt=(request.prompt or "").strip() or None,
        )
        if not 0 <= request.temperature <= 1:
            raise UsageError(f"--temperature {request.temperature:g} is not between 0 and 1")
        timed = request.task == "transcribe" and self._answers(request.model) == "verbose_json"
        return replace(request, word_timestamps=request.word_timestamps and timed)

    def upload(self, request: Request) -> Upload:
        """See `base.Transcriber.upload`."""
        longest_s = self._http.limits(request.model).most("audio_s")
        refused = int(self._http.facts(request.model).get(_REFUSED, MAX_UPLOAD_BYTES + 1))
        return Upload(("flac", "wav", "opus"), min(MAX_UPLOAD_BYTES, refused - 1), longest_s)

    def others(self, request: Request) -> tuple[Request, ...]:
        """Higher temperatures, at which a decoder leaves its loop; the steps are Whisper's own."""
        steps = (request.temperature + step for step in _WARMER)
        return tuple(replace(request, temperature=step) for step in steps if step <= 1)

    def price(self, audio_s: float, request: Request) -> Usage:
        """One request; the price is not known here."""
        return Usage(requests=1, audio_s=audio_s, billed_s=audio_s, cost_usd=None)

    def ask(self, audio: Chunk | RemoteAudio, request: Request, pause: Pause) -> bytes:
        """The reply as JSON, whatever the server dressed it as. See `base.Transcriber.ask`."""

        def send(facts: Mapping[str, str]) -> bytes:
            reply_format = facts.get("response_format", self._answers(request.model))
            call = self._call(audio, request, cast("ReplyFormat", reply_format), facts)

            def checked(reply: Reply) -> bytes:
                may_be_empty = reply_format == "text"
                kind = reply.headers.get("content-type", "")
                text = answer_of(reply.content, kind, may_be_empty=may_be_empty)
                self.read(text.encode(), audio, request)
                return text.encode()

            return self._http.send(call, checked, pause)

        def lesser(field: str, facts: Mapping[str, str]) -> Mapping[str, str] | None:
            return _lesser(field, facts.get("response_format", self._answers(request.model)))

        try:
            answer = asked(self._http, request.model, send, lesser, pause)
        except TooManyBytes as error:
            self._learn_size(audio, request, error)
            raise
        return answer

    def read(self, answer: bytes, audio: Chunk | RemoteAudio, request: Request) -> ChunkTranscript:
        """What a reply says. See `base.Transcriber.read`."""
        body = body_of(answer)
        if isinstance(audio, RemoteAudio):
            whole = Span(0.0, audio_s(body))
            window = Window(0, (whole,), whole)
        else:
            window = audio.window
        said = parse_transcription(body, window, request)
        usage = self.price(window.audio_s, request)
        return ChunkTranscript(
            window, said.language, said.segments, usage, anomalies=said.anomalies
        )

    def _call(
        self,
        audio: Chunk | RemoteAudio,
        request: Request,
        reply_format: ReplyFormat,
        facts: Mapping[str, str],
    ) -> Call:
        seconds = audio.window.audio_s if isinstance(audio, Chunk) else _UNKNOWN_S
        fields = self._fields(audio, request, reply_format)
        fields = tuple(field for field in fields if facts.get(field[0]) != "")
        return Call(
            "POST",
            _ENDPOINTS[request.task],
            _what(audio, request),
            request.model,
            Cost(audio_s=seconds if isinstance(audio, Chunk) else 0.0),
            fields,
            _file(audio),
            optional=tuple(name for name in _OPTIONAL if name in dict(fields)),
            max_bytes=_LEAST_BYTES + int(_BYTES_PER_S * seconds),
            total_s=_LEAST_S + _S_PER_S * seconds,
        )

    def _learn_size(
        self, audio: Chunk | RemoteAudio, request: Request, error: TooManyBytes
    ) -> None:
        """Note how much the server does not take, so that no other chunk is refused for it.

        Raises:
            RejectedRequest: the upload was so small that its size cannot be the reason.
        """
        size = len(audio.data) if isinstance(audio, Chunk) else 0
        if size < _LEAST_REFUSED:
            raise RejectedRequest(f"{error}: these are {size} bytes only") from error
        known = int(self._http.facts(request.model).get(_REFUSED, size))
        told = error.limit_bytes
        if not _LEAST_REFUSED <= told <= size:
            near = (limit for limit in _USUAL_LIMITS if size / 1.5 <= limit < size)
            told = max(near, default=size + _FORM_BYTES) - _FORM_BYTES
        self._http.learn(request.model, _REFUSED, str(min(known, told)))

    def _answers(self, model: str) -> ReplyFormat:
        known = (shape for start, shape in _REPLY_FORMATS if model.startswith(start))
        return next(known, self._reply_format)

    def _fields(
        self, audio: Chunk | RemoteAudio, request: Request, reply_format: ReplyFormat
    ) -> tuple[tuple[str, str], ...]:
        if isinstance(audio, RemoteAudio):
            raise UsageError("this server fetches no audio by itself: leave --by-url out")
        return form_fields(request, reply_format)


class Groq(GroqAccount, OpenAI):
    """Groq; arguments as in `GroqAccount`."""

    _models: Mapping[Task, str] = {
        "transcribe": "whisper-large-v3-turbo",
        "translate": "whisper-large-v3",
    }

    @classmethod
    def model_of(cls, name: str, task: Task) -> str:
        """The full id of a model; Whisper's short names are known."""
        return resolve(super().model_of(name, task))

    def accept(self, request: Request) -> Request:
        """The request as it will be sent; see `base.Transcriber.accept`."""
        request = super().accept(request)
        _check_prompt(request.prompt)
        model = find(request.model)
        if model is None or request.task in model.tasks:
            return request
        if "transcribe" in model.tasks:
            raise UsageError(f"{model.id} cannot translate: take -m {self._models['translate']}")
        raise UsageError(f"{model.id} does not hear: take -m {self._models[request.task]}")

    def _fields(
        self, audio: Chunk | RemoteAudio, request: Request, reply_format: ReplyFormat
    ) -> tuple[tuple[str, str], ...]:
        if request.language == "jw":  # Whisper's own code of Javanese, which Groq calls jv
            request = replace(request, language="jv")
        return form_fields(request, reply_format, getattr(audio, "url", None))

    def line(self, name: str, audio: RemoteAudio, request: Request) -> bytes:
        """What `ask` would send, as a line of a batch; `name` is what the answer will be called."""
        fields = self._fields(audio, request, self._answers(request.model))
        return line_of(name, BATCHED[request.task], fields)

    def others(self, request: Request) -> tuple[Request, ...]:
        """The better model before higher temperatures."""
        best = replace(request, model=_BEST)
        return (() if request.model == _BEST else (best,)) + super().others(request)

    def price(self, audio_s: float, request: Request) -> Usage:
        """One request, as Groq bills it."""
        billed = billed_s(audio_s)
        return Usage(1, audio_s, billed, cost_usd(request.model, billed))


def _lesser(field: str, reply_format: str) -> Mapping[str, str] | None:
    """What to do without a field; "" stands for one that the server does not name."""
    if field == "response_format":
        less = _LESS.get(reply_format)
        return {field: less} if less else None
    if field:
        return {field: ""}
    plain = {"timestamp_granularities[]": "", "temperature": "", "response_format": "json"}
    return plain if reply_format == "verbose_json" else None


def _check_prompt(prompt: str | None) -> None:
    """Refuse a prompt that Groq refuses, or that its model would read the end of only."""
    prompt = prompt or ""
    if len(prompt) > MOST_PROMPT_CHARACTERS:
        raise UsageError(
            f"--prompt has {len(prompt)} characters and may have {MOST_PROMPT_CHARACTERS}"
        )
    tokens = tokens_about(prompt)
    if tokens > MOST_PROMPT_TOKENS:
        raise UsageError(
            f"--prompt has about {tokens} tokens (4 bytes each) and may have {MOST_PROMPT_TOKENS}"
        )


def _what(audio: Chunk | RemoteAudio, request: Request) -> str:
    if isinstance(audio, RemoteAudio):
        return f"{request.task} {without_secrets(audio.url[:200])} with {request.model}"
    span = audio.window.span
    place = f"chunk {audio.window.index + 1} ({span.start_s:.0f}-{span.end_s:.0f} s)"
    return f"{request.task} {place} with {request.model}"


def _file(audio: Chunk | RemoteAudio) -> tuple[str, bytes, str] | None:
    if isinstance(audio, RemoteAudio):
        return None
    name, media_type = _FILES[audio.format]
    return name, audio.data, media_type
