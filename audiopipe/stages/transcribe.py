"""Transcribe (or translate): a chunk's answer, from the store or from the recogniser."""

from __future__ import annotations

from dataclasses import replace

from audiopipe.backends.protocols import Transcriber
from audiopipe.errors import RequestTooLarge
from audiopipe.limits.spending import Spending
from audiopipe.store.answers import key
from audiopipe.store.keeping import Answers
from audiopipe.values.audio import Chunk, RemoteAudio
from audiopipe.values.events import Pause, waiting
from audiopipe.values.requests import Request
from audiopipe.values.transcript import ChunkTranscript

_LOSSY = ("opus",)
"""Encodings that change what is heard."""


def transcribe(
    audio: Chunk | RemoteAudio,
    request: Request,
    backend: Transcriber,
    *,
    store: Answers | None,
    spending: Spending,
    pause: Pause,
) -> ChunkTranscript:
    """What the recogniser hears in one chunk; its answer is stored before this returns.

    Audio that the provider fetches has no known content and is always asked for, unless it is said
    to be kept by its address.

    Args:
        audio: what to recognise.
        request: what is asked, as the backend accepted it.
        backend: who recognises.
        store: answers of earlier runs; None keeps none.
        spending: pays for the request.
        pause: waits, for a limit or before another try.

    Raises:
        BackendError: the recogniser gave no answer.
        RequestTooLarge: the server takes no chunk of this size.
        LimitReached: the spending is empty.
    """

    def ask() -> bytes:
        seconds = audio.window.audio_s if isinstance(audio, Chunk) else 0.0
        _check_size(audio, request, backend)
        price = backend.price(seconds, request)
        spending.take(price)
        return backend.ask(audio, request, spending.paying(price, pause))

    def read(answer: bytes) -> ChunkTranscript:
        return backend.read(answer, audio, request)

    if store is None or (isinstance(audio, RemoteAudio) and not audio.is_kept):
        heard, cached = read(ask()), False
    else:
        name, origin = name_of(audio, request, backend), audio.origin
        heard, cached = store.answer(
            name, "transcript", ask, read, wait=waiting(pause), origin=origin
        )
    return heard if cached else replace(heard, spent=heard.usage)


def _check_size(audio: Chunk | RemoteAudio, request: Request, backend: Transcriber) -> None:
    """Raise for an upload that the server is known to refuse: it need not be asked again.

    Raises:
        RequestTooLarge: it is.
    """
    most = backend.upload(request).max_bytes
    if isinstance(audio, Chunk) and len(audio.data) > most:
        size = len(audio.data)
        raise RequestTooLarge(f"{size} bytes are too many for the server, which takes {most}")


def name_of(audio: Chunk | RemoteAudio, request: Request, backend: Transcriber) -> bytes:
    """What an answer is kept under."""
    if isinstance(audio, RemoteAudio):
        content = f"url {audio.url}"
    else:
        content = audio.sha256 + (audio.format if audio.format in _LOSSY else "")
        if audio.pieces is not None:
            content += "".join(f" {p.window}:{p.start}-{p.end}" for p in audio.pieces)
    who = f"{backend.name} {backend.variant}"
    return key("transcript", who, backend.address, request, content)
