"""Speak: the sound of one line, from an earlier run or from the voice."""

from __future__ import annotations

from audiopipe.backends.base import Speaker
from audiopipe.data import SpeechRequest, Spoken
from audiopipe.errors import BadReply
from audiopipe.events import Pause
from audiopipe.purse import Purse
from audiopipe.store import Store, key


def speak(
    request: SpeechRequest,
    backend: Speaker,
    *,
    store: Store | None,
    purse: Purse,
    pause: Pause,
) -> Spoken:
    """The sound of a text that one request can carry; its answer is stored before this returns.

    Args:
        request: what is asked, as the backend accepted it.
        backend: who speaks.
        store: answers of earlier runs; None keeps none.
        purse: pays for the request.
        pause: waits, for a limit or before another try.

    Raises:
        BackendError: no answer, or none that can be used.
        LimitReached: the purse is empty.
    """
    usage = backend.price(request)
    who = f"{backend.name} {backend.variant}"
    name = key("speech", who, backend.address, request)
    if store and (known := store.get(name)):
        try:
            return Spoken(backend.read(known, request), usage, cached=True)
        except BadReply:  # of an older version: it is asked for again
            pass
    purse.take(usage)
    answer = backend.ask(request, pause)
    if store:
        store.put(name, "speech", answer)
    return Spoken(backend.read(answer, request), usage, cached=False)
