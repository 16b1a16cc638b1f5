"""What the pipeline asks of a recogniser, whichever it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

from audiopipe.data import AudioFormat, Chunk, ChunkTranscript, RemoteAudio, Request, Usage
from audiopipe.events import Pause


@dataclass(frozen=True, slots=True)
class Upload:
    """What one request may carry.

    Attributes:
        formats: encodings it takes, best first.
        max_bytes: the most bytes of audio.
        max_s: the most seconds of audio that the account's limits can ever take.
    """

    formats: tuple[AudioFormat, ...]
    max_bytes: int
    max_s: float = math.inf


@runtime_checkable
class Transcriber(Protocol):
    """A recogniser. Calls may come from many threads at once."""

    @property
    def name(self) -> str:
        """`groq`, `openai` or `local`: stands in the transcript."""

    @property
    def address(self) -> str:
        """The server's base URL; "" for an engine in this process."""

    @property
    def variant(self) -> str:
        """What else shapes its answers, such as the number type of an engine."""

    @property
    def workers(self) -> int:
        """Requests worth having under way at once, at most."""

    def accept(self, request: Request) -> Request:
        """The request as it will be sent: its model a full id, the task's default if it was "".

        Raises:
            UsageError: the combination cannot work; nothing has been sent.
            EngineMissing: the engine is not installed.
            AuthError: no key.
        """

    def upload(self, request: Request) -> Upload:
        """What one request may carry; `request` is one that `accept` gave, as everywhere below."""

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

    def close(self) -> None:
        """Release connections or the model. Closing twice is harmless."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None:
        """Close."""
