"""Prints: whose voices a chunk holds, as it was found earlier or by the network."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import numpy as np

from audiopipe.audio.reading import decode_pcm
from audiopipe.audio.vad import best_detector, find_voice
from audiopipe.audio.voiceprint import DIMENSIONS, Prints, find_prints
from audiopipe.errors import BadReply
from audiopipe.store.answers import key
from audiopipe.store.keeping import Answers
from audiopipe.values.audio import Chunk, Span, Window


@dataclass(frozen=True, slots=True)
class _Asked:
    """`version` grows by one whenever other prints are found in the same samples."""

    version: int = 1


def prints_of(chunk: Chunk, *, store: Answers | None) -> Prints:
    """The voices in a chunk's own part, in file time.

    Args:
        chunk: what is listened to.
        store: what was found in earlier runs; None keeps nothing.
    """

    def find() -> bytes:
        samples = decode_pcm(chunk.data, chunk.format)
        voice = find_voice(samples, best_detector())
        return _written(find_prints(samples, voice.possible))

    if store is None:
        return _own(_read(find()), chunk.window)
    name = key("voice", "resemblyzer", "", _Asked(), chunk.sha256)
    found, _ = store.answer(name, "voice", find, _read, origin=chunk.origin)
    return _own(found, chunk.window)


def _own(found: Prints, window: Window) -> Prints:
    """What lies in the chunk's own part: what overlaps is told by its neighbour too."""
    spans = [
        Span(start_s, max(start_s, window.file_s(span.end_s, ends=True)))
        for span in found.spans
        for start_s in (window.file_s(span.start_s),)
    ]
    own = [n for n, s in enumerate(spans) if window.core.start_s <= s.middle_s < window.core.end_s]
    return Prints(tuple(spans[n] for n in own), found.directions[own])


def _written(prints: Prints) -> bytes:
    rows = base64.b64encode(prints.directions.astype("<f2").tobytes()).decode()
    spans = [(span.start_s, span.end_s) for span in prints.spans]
    return json.dumps({"spans": spans, "directions": rows}).encode()


def _read(written: bytes) -> Prints:
    try:
        told = json.loads(written)
        rows = np.frombuffer(base64.b64decode(told["directions"]), "<f2").astype(np.float32)
        spans = tuple(Span(*pair) for pair in told["spans"])
        return Prints(spans, rows.reshape(len(spans), DIMENSIONS))
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise BadReply(f"no prints of voices: {error}") from error
