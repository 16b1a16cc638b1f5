"""One chunk recognised, without a pipeline around it."""

from __future__ import annotations

import time

from audiopipe.backends.base import Transcriber
from audiopipe.data import Chunk, ChunkTranscript, RemoteAudio, Request


def recognised(
    backend: Transcriber, audio: Chunk | RemoteAudio, request: Request
) -> ChunkTranscript:
    """What the backend hears; waits are slept out."""
    answer = backend.ask(audio, request, lambda seconds, waiting: time.sleep(seconds))
    return backend.read(answer, audio, request)
