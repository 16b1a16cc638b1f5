"""What the pipeline asks of a recogniser, whichever it is."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from audiopipe.errors import AudiopipeError, BackendError
from audiopipe.values.audio import Audio, AudioFormat, Chunk, Piece, RemoteAudio
from audiopipe.values.events import Pause
from audiopipe.values.requests import ChatRequest, Reply, Request, SpeechRequest, Usage
from audiopipe.values.transcript import ChunkTranscript

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_log = logging.getLogger("audiopipe")


class Planner(Protocol):
    """Divides a recording into what is heard at once, while its samples come."""

    @property
    def sure(self) -> int:
        """The sample before which no piece begins that was not given."""

    def push(self, samples: NDArray[np.float32]) -> Iterator[Piece]:
        """The pieces that are complete with the next samples, shape (n,) in -1..1, 16 kHz."""

    def finish(self) -> Iterator[Piece]:
        """The last pieces."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What one request may carry.

    Attributes:
        formats: encodings it takes, best first.
        max_bytes: the most bytes of audio.
        max_s: the most seconds of audio that the account's limits can ever take.
        planner: for an engine that hears by windows, and does it best where these are the same
            however a recording is cut: they are laid first, and it is cut between them. None cuts
            with overlaps.
    """

    formats: tuple[AudioFormat, ...]
    max_bytes: int
    max_s: float = math.inf
    planner: Callable[[], Planner] | None = None


class Backend(Protocol):
    """What every backend is; calls may come from many threads at once.

    Who inherits from it, or from one of those below, need only write what has no default here.
    """

    @property
    def name(self) -> str:
        """`groq`, `openai` or `local`: stands in the results."""

    @property
    def address(self) -> str:
        """The server's base URL; "" for an engine in this process."""

    @property
    def workers(self) -> int:
        """Requests worth having under way at once, at most."""

    def close(self) -> None:
        """Release connections or the engine. Closing twice is harmless."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Close."""
        self.close()


@runtime_checkable
class Transcriber(Backend, Protocol):
    """A recogniser."""

    @property
    def variant(self) -> str:
        """What else shapes its answers, such as the number type of an engine."""

    def accept(self, request: Request) -> Request:
        """The request as it will be sent: its model a full id, the task's default if it was "".

        Raises:
            UsageError: the combination cannot work; nothing has been sent.
            EngineMissing: the engine is not installed.
            AuthError: no key.
        """

    def upload(self, request: Request) -> Upload:
        """What one request may carry; `request` is one that `accept` gave, as everywhere below."""

    def others(self, request: Request) -> tuple[Request, ...]:
        """What else may be asked where an answer is not to be trusted, the likeliest to help
        first."""
        return ()

    def price(self, audio_s: float, request: Request) -> Usage:
        """What recognising so many seconds takes."""

    def ask(self, audio: Chunk | RemoteAudio, request: Request, pause: Pause) -> bytes:
        """The answer to one chunk, or to audio that the provider fetches, for `read`.

        Args:
            audio: what to recognise.
            request: what is asked.
            pause: waits, for a limit or before another try.

        Raises:
            BackendError: by the table in `errors`.
        """

    def read(self, answer: bytes, audio: Chunk | RemoteAudio, request: Request) -> ChunkTranscript:
        """What an answer says, now or in a later run.

        Raises:
            BadReply: it is not what `ask` gives.
        """


@runtime_checkable
class Chatter(Backend, Protocol):
    """A server with chat models."""

    def accept(self, request: ChatRequest) -> ChatRequest:
        """The request as it will be sent, its model named.

        Raises:
            UsageError: what no server of this kind takes; no message has been sent.
            BackendError: the server was asked for its models and did not tell.
        """

    def has_schemas(self, model: str) -> bool:
        """Whether the model is held to a JSON Schema while it writes."""

    def window(self, model: str) -> int:
        """Most tokens, question and answer together, that one request may ever take."""

    def price(self, request: ChatRequest) -> Usage:
        """What a request takes, by estimate; `request` is one that `accept` gave, as below."""

    def ask(self, request: ChatRequest, pause: Pause) -> bytes:
        """The answer, for `read`.

        Args:
            request: what is asked.
            pause: waits, for a limit or before another try.

        Raises:
            InvalidAnswer: the answer was to be JSON and is not.
            BackendError: by the table in `errors`.
        """

    def stream(self, request: ChatRequest, pause: Pause) -> Generator[str, None, bytes]:
        """The pieces of the answer as they are written; returns the answer, for `read`.

        Closing it ends the writing too. Arguments and errors as in `ask`; nothing is sent again
        once a piece has come.
        """

    def read(self, answer: bytes) -> Reply:
        """What an answer says, now or in a later run.

        Raises:
            BadReply: it is not what `ask` gives.
            RejectedRequest: the model refuses to answer.
        """


@runtime_checkable
class Speaker(Backend, Protocol):
    """A voice."""

    @property
    def variant(self) -> str:
        """What else shapes its answers, such as the version of an engine."""

    def accept(self, request: SpeechRequest) -> SpeechRequest:
        """The request with its model, voice and language named.

        Args:
            request: with the whole text, which may be longer than one request takes.

        Raises:
            UsageError: no such voice, or not a text that it can speak; nothing has been sent.
            EngineMissing: the engine is not installed.
        """

    def most_characters(self, request: SpeechRequest) -> int:
        """Characters that one request may have; `request` is one that `accept` gave, as below."""

    def price(self, request: SpeechRequest) -> Usage:
        """What speaking the text takes."""

    def ask(self, request: SpeechRequest, pause: Pause) -> bytes:
        """The answer to a text within the limit, for `read`.

        Args:
            request: what is asked.
            pause: waits, for a limit or before another try.

        Raises:
            BackendError: by the table in `errors`.
        """

    def read(self, answer: bytes, request: SpeechRequest) -> Audio:
        """The sound in an answer, now or in a later run.

        Raises:
            BadReply: it is not what `ask` gives.
        """


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """A door for backends of other packages: whatever they raise costs one request, not the run.

    Args:
        name: of the backend.

    Raises:
        BackendError: in place of anything that is no AudiopipeError.
    """
    try:
        yield
    except AudiopipeError:
        raise
    except Exception as error:
        _log.debug("the backend %s failed", name, exc_info=True)
        kind = type(error).__name__
        raise BackendError(f"the backend {name} failed: {kind}: {error}") from error
