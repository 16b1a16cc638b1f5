"""Any recording, opened by the reader that it needs."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from audiopipe.audio.reading.isolation.recording import CannotStart, IsolatedRecording, on_disk
from audiopipe.audio.reading.raw import raw_format
from audiopipe.audio.reading.readers import is_simple, open_reader
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

log = logging.getLogger("audiopipe")


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
    stop = stop or Stop()
    with ExitStack() as stack:
        file = stack.enter_context(open_binary(source, label, stop))
        if not file.seek(0, os.SEEK_END):
            raise EmptyAudio(f"{label} is empty: 0 bytes")
        file.seek(0)
        raw = raw_format(source, name, file)
        if is_simple(file):
            yield stack.enter_context(open_reader(file, label, track, raw))
            return
        held = stack.enter_context(on_disk(file, label))
        yield stack.enter_context(_isolated(held, label, track, raw, stop))


def _isolated(
    file: io.FileIO, name: str, track: int | None, raw: str | None, stop: Stop
) -> Recording:
    try:
        return IsolatedRecording(file, name, track, raw, stop)
    except CannotStart as error:
        log.debug("%s is decoded in this process, for no other can be started: %s", name, error)
        return open_reader(file, name, track, raw)
