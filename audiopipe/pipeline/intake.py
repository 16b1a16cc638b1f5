"""Recordings to pieces of work: their chunks, prepared while earlier ones are recognised."""

from __future__ import annotations

import logging
import re
import tempfile
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

from audiopipe.audio.reading import open_source, shown
from audiopipe.audio.reading.remote import is_remote
from audiopipe.audio.reading.source import inlined
from audiopipe.audio.vad import by_network, has_network
from audiopipe.backends.http.address import public_name
from audiopipe.backends.http.download import download
from audiopipe.backends.protocols import Upload
from audiopipe.concurrency import Stop
from audiopipe.errors import AudiopipeError, InputError, UnreadableInput
from audiopipe.settings import Settings
from audiopipe.stages.chunk import Cutting, chunk_channels
from audiopipe.stages.prepare import prepare
from audiopipe.store.origin import of_address, of_file
from audiopipe.values.audio import Chunk, Origin, RemoteAudio
from audiopipe.values.transcript import Failure

log = logging.getLogger("audiopipe")


@dataclass(frozen=True, slots=True)
class Part:
    """Audio to be recognised: of which recording, by its place among all, and of which channel."""

    number: int
    name: str
    channel: int
    audio: Chunk | RemoteAudio


@dataclass(frozen=True, slots=True)
class End:
    """Follows the last part of a recording."""

    number: int
    source: Any
    name: str
    sha256: str = ""
    losses: tuple[Failure, ...] = ()
    error: AudiopipeError | None = None


def pieces(
    sources: Iterable[Any],
    upload: Upload,
    settings: Settings,
    *,
    stop: Stop | None = None,
    at_once: int = 1,
) -> Iterator[Part | End]:
    """The parts of each recording, and its end; for one that cannot be used the end alone.

    Args:
        sources: as `pipeline.transcribe` takes them.
        upload: what one request may carry.
        settings: how to prepare and cut.
        stop: ends the wait for a source that is still being written.
        at_once: recordings that are open together, and give a piece each in turn.
    """
    unopened = (_of_one(n, source, upload, settings, stop) for n, source in enumerate(sources))
    opened = deque(islice(unopened, at_once))
    try:
        while opened:
            if piece := next(opened[0], None):
                opened.rotate(-1)
                yield piece
            else:
                opened.popleft()
                opened.extend(islice(unopened, 1))
    finally:
        for each in opened:
            each.close()


def _of_one(
    number: int, source: Any, upload: Upload, settings: Settings, stop: Stop | None
) -> Generator[Part | End, None, None]:
    try:
        if settings.batch:
            yield from _batched(number, source)
        elif settings.by_url and (_is_url(source) or _is_inlined(source)):
            name = shown(source) if _is_inlined(source) else public_name(source)
            yield Part(number, name, 0, RemoteAudio(source))
            yield End(number, source, name)
        else:
            sound = inlined(source) if _is_inlined(source) else source
            yield from chunks(sound, upload, settings, stop, number)
    except InputError as error:
        name = _public(source) or shown(source)
        yield End(number, source, name, error=error)


def _batched(number: int, source: Any) -> Iterator[Part | End]:
    """An address whose answer comes from a batch.

    Raises:
        InputError: it is none.
    """
    if not _is_url(source):
        raise UnreadableInput(f"{shown(source)} has no address, by which --batch has it fetched")
    name = public_name(source)
    yield Part(number, name, 0, RemoteAudio(source, is_kept=True, origin=of_address(name)))
    yield End(number, source, name)


def _is_url(source: Any) -> bool:
    return isinstance(source, str) and bool(re.match(r"https?://", source))


def _is_inlined(source: Any) -> bool:
    """An address that holds the sound itself, as Base64."""
    return isinstance(source, str) and source.startswith("data:")


def _public(source: Any) -> str | None:
    """The name of an address for messages; None for all else."""
    return public_name(source) if _is_url(source) or is_remote(source) else None


def chunks(
    source: Any, upload: Upload, settings: Settings, stop: Stop | None = None, number: int = 0
) -> Iterator[Part | End]:
    """The parts of one recording, and its end.

    Raises:
        InputError: it cannot be used.
    """
    with ExitStack() as stack:
        opened, name = source, _public(source)
        if _is_url(source):
            opened = stack.enter_context(tempfile.TemporaryFile())
            download(source, opened, stop=stop)
        recording = stack.enter_context(
            open_source(opened, name=name, track=settings.track or None, stop=stop)
        )
        # closed before the recording is: its thread may still be inside the decoder
        blocks = stack.enter_context(
            closing(
                prepare(
                    recording,
                    channels=settings.channels,
                    max_duration_s=settings.max_duration_s or None,
                )
            )
        )
        how, origin = cutting(upload, settings), origin_of(source)
        for channel, piece in chunk_channels(blocks, how):
            yield Part(number, recording.name, channel, replace(piece, origin=origin))
            del piece  # its megabytes are not held while the next is made
        for note in recording.notes:
            log.warning("%s: %s", recording.name, note)
        yield End(number, source, recording.name, recording.sha256(), tuple(recording.losses))


def origin_of(source: Any) -> Origin | None:
    """The recording that a source is; None for one that cannot be read twice."""
    if name := _public(source):
        return of_address(name)
    if isinstance(source, str | PathLike) and Path(source).is_file():
        with suppress(OSError):
            return of_file(Path(source))
    return None


def cutting(upload: Upload, settings: Settings) -> Cutting:
    """How recordings are cut: as was asked, and shorter where the limits never allow as much."""
    formats = upload.formats
    return Cutting(
        length_s=min(settings.chunk_length_s, upload.max_s),
        overlap_s=settings.overlap_s,
        max_bytes=upload.max_bytes,
        audio_format=settings.upload_format if settings.upload_format in formats else formats[0],
        skip_silence_s=settings.skip_silence_s or None,
        detect=by_network if has_network() else None,
        planner=upload.planner,
    )
