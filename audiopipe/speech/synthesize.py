"""Speak: the sound of one line, from an earlier run or from the voice."""

from __future__ import annotations

from audiopipe.backends.protocols import Speaker
from audiopipe.limits.spending import Spending
from audiopipe.store.answers import key
from audiopipe.store.keeping import Answers
from audiopipe.values.audio import Audio
from audiopipe.values.events import Pause, waiting
from audiopipe.values.requests import SpeechRequest, Spoken


def speak(
    request: SpeechRequest,
    backend: Speaker,
    *,
    store: Answers | None,
    spending: Spending,
    pause: Pause,
) -> Spoken:
    """The sound of a text that one request can carry; its answer is stored before this returns.

    Args:
        request: what is asked, as the backend accepted it.
        backend: who speaks.
        store: answers of earlier runs; None keeps none.
        spending: pays for the request.
        pause: waits, for a limit or before another try.

    Raises:
        BackendError: no answer, or none that can be used.
        LimitReached: the spending is empty.
    """
    usage = backend.price(request)

    def ask() -> bytes:
        spending.take(usage)
        return backend.ask(request, spending.paying(usage, pause))

    def read(answer: bytes) -> Audio:
        return backend.read(answer, request)

    if store is None:
        return Spoken(read(ask()), usage, cached=False)
    name = key("speech", f"{backend.name} {backend.variant}", backend.address, request)
    audio, cached = store.answer(name, "speech", ask, read, wait=waiting(pause))
    return Spoken(audio, usage, cached)
