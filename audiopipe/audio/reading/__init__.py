"""Recordings to samples and samples to uploads: the one door to soundfile, PyAV and pydub.

libsndfile reads what it knows and what is whole; everything else, and every video, goes to the
ffmpeg libraries inside PyAV, which find their way again after damage.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

import soundfile

from audiopipe.audio.encoding import ChunkEncoder, decode_pcm, most_samples
from audiopipe.audio.reading.headers import is_intact
from audiopipe.audio.reading.libsndfile import PlainRecording
from audiopipe.audio.reading.recording import Recording
from audiopipe.audio.reading.source import (
    AudioSource,
    SampleRecording,
    is_samples,
    open_binary,
    shown,
)
from audiopipe.concurrency import Stop
from audiopipe.errors import EmptyAudio

__all__ = [
    "AudioSource",
    "ChunkEncoder",
    "Recording",
    "decode_pcm",
    "most_samples",
    "open_source",
    "shown",
]


@contextmanager
def open_source(
    source: AudioSource,
    *,
    name: str | None = None,
    track: int | None = None,
    stop: Stop | None = None,
) -> Iterator[Recording]:
    """Open a recording for one streamed pass; it is closed with the context.

    Args:
        source: a path, the bytes of a file, a binary file object, `(samples, rate_hz)` with
            samples of shape (n,) or (n, channels), float in -1..1 or int16, or a
            `pydub.AudioSegment`. What cannot seek (a FIFO, standard input) is first copied to an
            unnamed temporary file.
        name: what messages call it; by default the path, or the kind of source.
        track: which audio track of the file, counted from 1; None takes the first.
        stop: ends the wait for whoever writes into a FIFO or standard input.

    Raises:
        Stopped: before all was written there.
        UnreadableInput: missing, not a recording, or broken from its start.
        NoAudioTrack: a container without sound, or without that track.
        EmptyAudio: zero bytes, or no sound at all.
        UsageError: samples of a shape, type or rate that cannot be audio.
    """
    label = shown(name) if name is not None else shown(source)
    if is_samples(source):
        yield SampleRecording(source, label)
        return
    with ExitStack() as stack:
        file = stack.enter_context(open_binary(source, label, stop or Stop()))
        if not file.seek(0, os.SEEK_END):
            raise EmptyAudio(f"{label} is empty: 0 bytes")
        file.seek(0)
        recording = _plain(file, label) if track in (None, 1) and is_intact(file) else None
        yield stack.enter_context(recording or _contained(file, label, track))


def _plain(file: IO[bytes], name: str) -> Recording | None:
    try:
        return PlainRecording(file, name)
    except soundfile.LibsndfileError:
        return None


def _contained(file: IO[bytes], name: str, track: int | None) -> Recording:
    # Imported late: most recordings do without ffmpeg's libraries, their memory and their start.
    from audiopipe.audio.reading.pyav import ContainerRecording
    from audiopipe.audio.reading.pyav_fast import UnbrokenRecording

    recording = ContainerRecording(file, name, track)
    if recording.has_table and isinstance(file, io.FileIO):
        return UnbrokenRecording(recording, file.fileno())
    return recording
