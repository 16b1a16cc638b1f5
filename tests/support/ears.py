"""One chunk recognised, without a pipeline around it."""

from __future__ import annotations

import time

from audiopipe.backends.protocols import Transcriber
from audiopipe.values.audio import Chunk, RemoteAudio
from audiopipe.values.requests import Request
from audiopipe.values.transcript import ChunkTranscript


def recognised(
    backend: Transcriber, audio: Chunk | RemoteAudio, request: Request
) -> ChunkTranscript:
    """What the backend hears; waits are slept out."""
    answer = backend.ask(audio, request, lambda seconds, waiting: time.sleep(seconds))
    return backend.read(answer, audio, request)
