"""Listen: where somebody speaks in a chunk, as it was found earlier or by a detector."""

from __future__ import annotations

import json
from dataclasses import dataclass

from audiopipe.audio.reading import decode_pcm
from audiopipe.audio.vad import Voice, best_detector, by_level, find_voice, in_file
from audiopipe.errors import BadReply
from audiopipe.store.answers import key
from audiopipe.store.keeping import Answers
from audiopipe.values.audio import Chunk, Span


@dataclass(frozen=True, slots=True)
class _Asked:
    """`version` grows by one whenever the detector finds something else in the same samples."""

    version: int = 2


def listen(chunk: Chunk, *, store: Answers | None) -> Voice:
    """Where somebody speaks in a chunk, in file time.

    Args:
        chunk: what is listened to.
        store: what was found in earlier runs; None keeps nothing.
    """
    detect = best_detector()
    if store is None or detect is by_level:  # to find it is faster than to look it up
        return in_file(find_voice(decode_pcm(chunk.data, chunk.format), detect), chunk.window)
    name = key("voice", detect.__name__, "", _Asked(), chunk.sha256)
    found, _ = store.answer(
        name,
        "voice",
        lambda: _written(find_voice(decode_pcm(chunk.data, chunk.format), detect)),
        _read,
        origin=chunk.origin,
    )
    return in_file(found, chunk.window)


def _written(voice: Voice) -> bytes:
    pairs = [[(s.start_s, s.end_s) for s in spans] for spans in (voice.possible, voice.certain)]
    return json.dumps(pairs).encode()


def _read(written: bytes) -> Voice:
    try:
        return Voice(*(tuple(Span(*pair) for pair in pairs) for pairs in json.loads(written)))
    except (ValueError, TypeError, RecursionError) as error:
        raise BadReply(f"not where somebody speaks: {error}") from error
