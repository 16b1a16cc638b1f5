"""The whole on one screen: from recordings to transcripts."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any

from audiopipe.backends.base import Transcriber, Upload
from audiopipe.backends.choose import choose
from audiopipe.backends.http import download
from audiopipe.codec import open_source, shown
from audiopipe.config import Settings, change, load
from audiopipe.data import (
    Chunk,
    ChunkFailure,
    ChunkTranscript,
    Failure,
    RemoteAudio,
    Request,
    Source,
    Span,
    Transcript,
    Window,
)
from audiopipe.errors import AudiopipeError, BackendError, InputError, UsageError
from audiopipe.models import TIERS
from audiopipe.stages.channels import merge_channels
from audiopipe.stages.chunk import Cutting, chunk, chunk_channels
from audiopipe.stages.flag import flag, thresholds_for
from audiopipe.stages.prepare import prepare as prepare_samples
from audiopipe.stages.stitch import stitch
from audiopipe.workers import ordered_map, prefetch

log = logging.getLogger("audiopipe")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input: a transcript, or the error that prevented it."""

    source: Any
    transcript: Transcript | None = None
    error: AudiopipeError | None = None


def transcribe(
    source: Any,
    *,
    backend: Transcriber | None = None,
    settings: Settings | None = None,
    **changes: Any,
) -> Transcript:
    """The transcript of one recording.

    Args:
        source: a path, an https URL, bytes, a binary file object, a pair of samples (float or
            int16, shape (n,) or (n, channels)) and their rate in Hz, or a `pydub.AudioSegment`.
        backend: who recognises; None chooses by `settings.backend` and the environment.
        settings: all settings at once; None takes the defaults and the environment.
        changes: single settings by name, such as `language="de"`.

    Raises:
        UsageError: settings that cannot work.
        InputError: the recording cannot be used.
        BackendError: nothing of it could be recognised.
    """
    (outcome,) = transcribe_many([source], backend=backend, settings=settings, **changes)
    if outcome.error:
        raise outcome.error
    assert outcome.transcript is not None
    return outcome.transcript


def translate(source: Any, **options: Any) -> Transcript:
    """The English text of a recording in any language; arguments as in `transcribe`."""
    return transcribe(source, task="translate", **options)


def transcribe_many(
    sources: Iterable[Any],
    *,
    backend: Transcriber | None = None,
    settings: Settings | None = None,
    **changes: Any,
) -> Iterator[Outcome]:
    """An outcome for each recording, in order, each as soon as it is whole.

    Chunks of the next recordings are prepared and sent while the last ones are still recognised.
    A recording that fails is an outcome with its error; the others go on.

    Args:
        sources, backend, settings, changes: as in `transcribe`.

    Raises:
        UsageError: settings that cannot work; raised before anything is read.
        AudiopipeError: what makes every other input pointless too, such as a refused key.
    """
    settings = change(settings or load({}, os.environ), changes)
    chosen = backend or choose(settings, os.environ).transcriber
    request = chosen.accept(
        Request(
            settings.task,
            settings.model,
            settings.language,
            settings.prompt,
            settings.temperature,
            settings.word_timestamps,
        )
    )
    return _run(sources, chosen, request, settings, owned=backend is None)


def prepare(source: Any, *, settings: Settings | None = None, **changes: Any) -> Iterator[Chunk]:
    """The chunks of a recording as they would be sent, one by one while it is decoded.

    Args:
        source, settings, changes: as in `transcribe`; `channels` may not be `split`.

    Raises:
        UsageError: settings that cannot work.
        InputError: the recording cannot be used.
    """
    settings = change(settings or load({}, os.environ), changes)
    if settings.channels == "split":
        raise UsageError("chunks of split channels are for transcribe; take left or right")
    upload = Upload((settings.upload_format,), TIERS[settings.tier].max_upload_bytes)
    for piece in _chunks(source, upload, settings):
        if isinstance(piece, _Part) and isinstance(piece.audio, Chunk):
            yield piece.audio


def _run(
    sources: Iterable[Any],
    backend: Transcriber,
    request: Request,
    settings: Settings,
    *,
    owned: bool,
) -> Iterator[Outcome]:
    def work(piece: _Part | _End) -> _Heard | _End:
        if isinstance(piece, _End):
            return piece
        return _Heard(piece.channel, _recognise(piece.audio, backend, request))

    with ExitStack() as stack:
        if owned:
            stack.callback(backend.close)
        pieces = stack.enter_context(prefetch(_pieces(sources, backend, settings), depth=2))
        heard: list[_Heard] = []
        for result in ordered_map(work, pieces, workers=settings.workers or backend.workers):
            if isinstance(result, _Heard):
                heard.append(result)
            else:
                yield _outcome(result, heard, backend, request)
                heard = []


@dataclass(frozen=True, slots=True)
class _Part:
    """Audio to be recognised, and which channel it is of."""

    channel: int
    audio: Chunk | RemoteAudio


@dataclass(frozen=True, slots=True)
class _Heard:
    """What became of a part."""

    channel: int
    result: ChunkTranscript | ChunkFailure


@dataclass(frozen=True, slots=True)
class _End:
    """Follows the last part of a recording."""

    source: Any
    name: str
    sha256: str = ""
    losses: tuple[Failure, ...] = ()
    error: AudiopipeError | None = None


def _pieces(
    sources: Iterable[Any], backend: Transcriber, settings: Settings
) -> Iterator[_Part | _End]:
    """The parts of each recording, and its end."""
    for source in sources:
        try:
            if _is_url(source) and settings.by_url:
                yield _Part(0, RemoteAudio(source))
                yield _End(source, source)
            else:
                yield from _chunks(source, backend.upload, settings)
        except InputError as error:
            yield _End(source, shown(source), error=error)


def _is_url(source: Any) -> bool:
    return isinstance(source, str) and bool(re.match(r"https?://", source))


def _chunks(source: Any, upload: Upload, settings: Settings) -> Iterator[_Part | _End]:
    with ExitStack() as stack:
        opened, name = source, None
        if _is_url(source):
            opened, name = stack.enter_context(tempfile.TemporaryFile()), source
            download(source, opened)
        recording = stack.enter_context(
            open_source(opened, name=name, track=settings.track or None)
        )
        # closed before the recording is: its thread may still be inside the decoder
        blocks = stack.enter_context(
            closing(
                prepare_samples(
                    recording,
                    channels=settings.channels,
                    max_duration_s=settings.max_duration_s or None,
                )
            )
        )
        cutting = _cutting(upload, settings)
        if settings.channels == "split":
            yield from (_Part(*part) for part in chunk_channels(blocks, cutting))
        else:
            yield from (_Part(0, piece) for piece in chunk(blocks, cutting))
        for note in recording.notes:
            log.warning("%s: %s", recording.name, note)
        yield _End(source, recording.name, recording.sha256(), tuple(recording.losses))


def _cutting(upload: Upload, settings: Settings) -> Cutting:
    formats = upload.formats
    return Cutting(
        length_s=settings.chunk_length_s,
        overlap_s=settings.overlap_s,
        max_bytes=upload.max_bytes,
        audio_format=settings.upload_format if settings.upload_format in formats else formats[0],
        skip_silence_s=settings.skip_silence_s or None,
    )


_UNKNOWN = Window(0, (Span(0, 0),), Span(0, 0))
"""Audio that was never seen here."""


def _recognise(
    audio: Chunk | RemoteAudio, backend: Transcriber, request: Request
) -> ChunkTranscript | ChunkFailure:
    try:
        result = backend.transcribe(audio, request)
    except BackendError as error:
        if error.stops_run:
            raise
        window = audio.window if isinstance(audio, Chunk) else _UNKNOWN
        return ChunkFailure(window, str(error))
    return flag(result, thresholds=thresholds_for(request.model))


def _outcome(end: _End, heard: Sequence[_Heard], backend: Transcriber, request: Request) -> Outcome:
    """The stitched whole; an error if nothing at all was recognised."""
    if end.error and not heard:
        return Outcome(end.source, error=end.error)
    results = [each.result for each in heard]
    failed = [result.reason for result in results if isinstance(result, ChunkFailure)]
    if failed and len(failed) == len(results):
        return Outcome(end.source, error=BackendError(f"{end.name}: {failed[0]}"))
    duration_s = max((result.window.core.end_s for result in results), default=0.0)
    source = Source(end.name, end.sha256, duration_s)
    transcript = merge_channels(
        [
            stitch(
                [each.result for each in heard if each.channel == channel],
                source,
                request,
                backend.name,
            )
            for channel in sorted({each.channel for each in heard})
        ]
    )
    losses = end.losses
    if end.error:
        losses += (Failure(Span(duration_s, duration_s), str(end.error)),)
    return Outcome(end.source, replace(transcript, failures=transcript.failures + losses))
