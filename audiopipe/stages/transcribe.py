"""Transcribe (or translate): a chunk's answer, from the store or from the recogniser."""

from __future__ import annotations

from dataclasses import replace

from audiopipe.backends.base import Transcriber
from audiopipe.data import Chunk, ChunkTranscript, RemoteAudio, Request
from audiopipe.errors import BadReply
from audiopipe.events import Pause
from audiopipe.purse import Purse
from audiopipe.store import Store, key
from audiopipe.workers import OneAtATime

_LOSSY = ("opus",)
"""Encodings that change what is heard."""


def transcribe(
    audio: Chunk | RemoteAudio,
    request: Request,
    backend: Transcriber,
    *,
    store: Store | None,
    asking: OneAtATime,
    purse: Purse,
    pause: Pause,
) -> ChunkTranscript:
    """What the recogniser hears in one chunk; its answer is stored before this returns.

    Audio that the provider fetches has no known content and is always asked for.

    Args:
        audio: what to recognise.
        request: what is asked, as the backend accepted it.
        backend: who recognises.
        store: answers of earlier runs; None keeps none.
        asking: shared by all threads, so that none asks for what another is asking for.
        purse: pays for the request.
        pause: waits, for a limit or before another try.

    Raises:
        BackendError: the recogniser gave no answer.
        LimitReached: the purse is empty.
    """
    if store is None or isinstance(audio, RemoteAudio):
        return backend.read(_asked(audio, request, backend, purse, pause), audio, request)
    name = _name(audio, request, backend)
    with asking.on(name):
        if known := store.get(name):
            try:
                return replace(backend.read(known, audio, request), cached=True)
            except BadReply:  # of an older version: it is asked for again
                pass
        answer = _asked(audio, request, backend, purse, pause)
        store.put(name, "transcript", answer)
    return backend.read(answer, audio, request)


def _name(audio: Chunk, request: Request, backend: Transcriber) -> bytes:
    content = audio.sha256 + (audio.format if audio.format in _LOSSY else "")
    who = f"{backend.name} {backend.variant}"
    return key("transcript", who, backend.address, request, content)


def _asked(
    audio: Chunk | RemoteAudio, request: Request, backend: Transcriber, purse: Purse, pause: Pause
) -> bytes:
    seconds = audio.window.audio_s if isinstance(audio, Chunk) else 0.0
    purse.take(backend.price(seconds, request))
    return backend.ask(audio, request, pause)
