"""Recordings to samples and samples to uploads: the one door to soundfile, PyAV and pydub.

The ffmpeg libraries inside PyAV read everything: they know every format, and find their way again
after damage. `claims` holds lengths that headers state against what is there, `clock` reconciles
the times, each by one rule. Plain samples and FLAC are read in a thread of the caller's; every
other file is decoded in a process of its own (`isolation`), which may die of it.

Public names are imported when they are first used: a decoder's process needs none of them, and
half of the time of a short recording is the start of processes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audiopipe.audio.encoding import ChunkEncoder, decode_pcm, most_samples
    from audiopipe.audio.reading.opening import open_source
    from audiopipe.audio.reading.recording import Recording
    from audiopipe.audio.reading.source import AudioSource, shown

__all__ = [
    "AudioSource",
    "ChunkEncoder",
    "Recording",
    "decode_pcm",
    "most_samples",
    "open_source",
    "shown",
]

_HOMES = {
    "AudioSource": "audiopipe.audio.reading.source",
    "ChunkEncoder": "audiopipe.audio.encoding",
    "Recording": "audiopipe.audio.reading.recording",
    "decode_pcm": "audiopipe.audio.encoding",
    "most_samples": "audiopipe.audio.encoding",
    "open_source": "audiopipe.audio.reading.opening",
    "shown": "audiopipe.audio.reading.source",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
