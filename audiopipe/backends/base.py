"""What the pipeline asks of a recogniser, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

from audiopipe.data import AudioFormat, Chunk, ChunkTranscript, RemoteAudio, Request


@dataclass(frozen=True, slots=True)
class Upload:
    """What one request may carry: encodings it takes, best first, and the most bytes of audio."""

    formats: tuple[AudioFormat, ...]
    max_bytes: int


@runtime_checkable
class Transcriber(Protocol):
    """A recogniser. Calls may come from many threads at once."""

    @property
    def name(self) -> str:
        """`groq`, `openai` or `local`: stands in the transcript."""

    @property
    def upload(self) -> Upload:
        """What one request may carry."""

    @property
    def workers(self) -> int:
        """Requests worth having under way at once."""

    def accept(self, request: Request) -> Request:
        """The request as it will be sent: its model a full id, the task's default if it was "".

        Raises:
            UsageError: the combination cannot work; nothing has been sent.
            EngineMissing: the engine is not installed.
            AuthError: no key.
        """

    def transcribe(self, audio: Chunk | RemoteAudio, request: Request) -> ChunkTranscript:
        """Recognise one chunk, or audio that the provider fetches.

        Raises:
            BackendError: by the table in `errors`.
        """

    def close(self) -> None:
        """Release connections or the model. Closing twice is harmless."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None:
        """Close."""
