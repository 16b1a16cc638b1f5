"""What a server has refused, and what it is asked for instead: learnt once, for all runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

from audiopipe.backends.http.client import Http
from audiopipe.backends.http.errors import Unsupported
from audiopipe.values.events import Pause, Waiting

T = TypeVar("T")

_log = logging.getLogger("audiopipe")

_MOST_STEPS = 8
"""Things that one server may refuse one after another."""


def asked(
    http: Http,
    model: str,
    send: Callable[[Mapping[str, str]], T],
    lesser: Callable[[str, Mapping[str, str]], Mapping[str, str] | None],
    pause: Pause,
) -> T:
    """What `send` gives, in the dialect that the server speaks.

    Where the server refuses a field, it is asked once more without it. What then works is noted
    for the server and told once.

    Args:
        http: the server.
        model: which of its models.
        send: asks, by the facts that are known: the name of a field, and what to say instead of
            it; "" leaves it out.
        lesser: for a field that was refused, and the facts that it was refused under, what to try
            instead, as more facts; None for nothing. The field is "" where nobody knows which.
        pause: asked before each further try.

    Raises:
        BackendError: as `send` raises it.
    """
    facts: Mapping[str, str] = http.facts(model)
    new: Mapping[str, str] = {}
    first: Unsupported | None = None
    for _ in range(_MOST_STEPS):
        try:
            result = send({**facts, **new})
        except Unsupported as error:
            more = lesser(error.field, {**facts, **new})
            if more is None or more.items() <= {**facts, **new}.items():
                raise first if first and not first.field else error from None
            first, new = first or error, {**new, **more}
            pause(0.0, Waiting(0.0, str(error), billed=True))
            continue
        for what, value in new.items():
            http.learn(model, what, value)
        if new:
            _told(new, first)
        return result
    assert first is not None
    raise first


def _told(new: Mapping[str, str], refusal: Unsupported | None) -> None:
    changes = (f"{what} as {value}" if value else f"no {what}" for what, value in new.items())
    instead = ", ".join(changes)
    _log.warning("%s: from now on the server gets %s (audiopipe limits)", refusal, instead)
