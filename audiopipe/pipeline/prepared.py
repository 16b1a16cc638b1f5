"""Recordings as chunks, for other uses than recognising them here."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from audiopipe.backends.catalog import TIERS
from audiopipe.backends.protocols import Upload
from audiopipe.errors import UsageError
from audiopipe.pipeline.intake import End, Part, chunks
from audiopipe.settings import Settings
from audiopipe.values.audio import Chunk
from audiopipe.values.transcript import Failure

_log = logging.getLogger("audiopipe")


def prepare(source: Any, settings: Settings) -> Iterator[Chunk]:
    """The chunks of a recording as they would be sent, one by one while it is decoded.

    Args:
        source: as `Session.transcribe` takes it.
        settings: how it is cut; `channels` may not be `split`.

    Raises:
        UsageError: settings that cannot work.
        InputError: the recording cannot be used.
    """
    for piece in prepare_and_tell(source, settings):
        if isinstance(piece, Chunk):
            yield piece


def prepare_and_tell(source: Any, settings: Settings) -> Iterator[Chunk | Failure]:
    """The chunks as `prepare` gives them, then what of the recording is in none of them."""
    if settings.channels == "split":
        raise UsageError("chunks of split channels are for transcribe; take left or right")
    upload = Upload((settings.upload_format,), TIERS[settings.tier].max_upload_bytes)
    for piece in chunks(source, upload, settings):
        if isinstance(piece, Part) and isinstance(piece.audio, Chunk):
            yield piece.audio
        elif isinstance(piece, End):
            for loss in piece.losses:
                span = f"{loss.span.start_s:.1f} to {loss.span.end_s:.1f} s"
                _log.warning("%s: nothing from %s: %s", piece.name, span, loss.reason)
                yield loss
