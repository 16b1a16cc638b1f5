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

    version: int = 3


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
    spans, crowded = (
        [_in_file(span, window) for span in part] for part in (found.spans, found.crowded)
    )
    own = [n for n, span in enumerate(spans) if _is_own(span, window)]
    return Prints(
        tuple(spans[n] for n in own),
        found.directions[own],
        tuple(span for span in crowded if _is_own(span, window)),
    )


def _in_file(span: Span, window: Window) -> Span:
    start_s = window.file_s(span.start_s)
    return Span(start_s, max(start_s, window.file_s(span.end_s, ends=True)))


def _is_own(span: Span, window: Window) -> bool:
    return window.core.start_s <= span.middle_s < window.core.end_s


def _written(prints: Prints) -> bytes:
    rows = base64.b64encode(prints.directions.astype("<f2").tobytes()).decode()
    spans, crowded = (
        [(span.start_s, span.end_s) for span in part] for part in (prints.spans, prints.crowded)
    )
    return json.dumps({"spans": spans, "directions": rows, "crowded": crowded}).encode()


def _read(written: bytes) -> Prints:
    try:
        told = json.loads(written)
        rows = np.frombuffer(base64.b64decode(told["directions"]), "<f2").astype(np.float32)
        spans, crowded = (
            tuple(Span(*pair) for pair in told[name]) for name in ("spans", "crowded")
        )
        return Prints(spans, rows.reshape(len(spans), DIMENSIONS), crowded)
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise BadReply(f"no prints of voices: {error}") from error
