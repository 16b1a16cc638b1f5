"""What a run holds: its settings, who works for it, what is kept, paid and told, and its stop."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import Any, Self, TypeVar, cast

from audiopipe.backends.protocols import Backend, Chatter, Speaker, Transcriber
from audiopipe.backends.registry import KEYS, account, choose, choose_chatter, choose_speaker
from audiopipe.concurrency import PerProcess, Stop
from audiopipe.limits.budget import Budget
from audiopipe.limits.opened import open_budget
from audiopipe.limits.spending import SharedPurse, Spending
from audiopipe.settings import Settings, answers_of, change, ledger_of, load
from audiopipe.store.answers import Store
from audiopipe.store.keeping import Answers
from audiopipe.values.events import Listener, Teller

B = TypeVar("B", bound=Backend)


class Context:
    """Made once, used from many threads; a context manager that closes what was opened.

    Backends and the store are opened when they are first needed, by each process for itself, so a
    child made by `fork` never reads what its parent asked for. The specification pickles: another
    process opens its own. Listener and stop stay behind, as they belong to this process.

    Args:
        settings: all at once; None takes the defaults and the environment.
        backend: who recognises: an object, or a name as `settings.backend` has it; None chooses by
            `settings.backend` and the environment.
        chatter, speaker: who chats and speaks; None chooses likewise.
        spending: pays; None takes one with the bounds that the settings name.
        listener: told what happens, one event at a time, from any thread.
        stop: once it is set, nothing new is begun, waits end, and `Stopped` is raised.
        api_key: of the provider or server; None takes GROQ_API_KEY or OPENAI_API_KEY. It goes to
            the address that the settings name, and stands in no file and no record.
        changes: single settings by name, such as `language="de"`.

    Raises:
        UsageError: settings that cannot work.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        backend: Transcriber | str | None = None,
        chatter: Chatter | None = None,
        speaker: Speaker | None = None,
        spending: Spending | None = None,
        listener: Listener | None = None,
        stop: Stop | None = None,
        api_key: str | None = None,
        **changes: Any,
    ) -> None:
        if isinstance(backend, str):
            changes["backend"], backend = backend, None
        self.settings = change(settings or load({}, os.environ), changes)
        self.given = (backend, chatter, speaker)
        self._api_key = api_key
        settings = self.settings
        # without a bound nobody need know what the others spend
        is_shared = settings.run and (settings.max_cost_usd or settings.max_requests)
        purse = SharedPurse(settings.run, self._budget) if is_shared else None
        self.spending = spending or Spending(
            settings.max_cost_usd, settings.max_requests, purse=purse
        )
        self.stop = stop or Stop()
        self.teller = Teller(listener, self.stop)
        self._opened = PerProcess(_Opened)

    def derive(
        self,
        settings: Settings | None = None,
        *,
        backend: Transcriber | str | None = None,
        chatter: Chatter | None = None,
        speaker: Speaker | None = None,
        spending: Spending | None = None,
        listener: Listener | None = None,
        stop: Stop | None = None,
        api_key: str | None = None,
        **changes: Any,
    ) -> Self:
        """The same with other settings, helpers, spending, listener or stop: what is opened is
        shared, and is closed with the one that was made first. Arguments as there."""
        if isinstance(backend, str):
            changes["backend"], backend = backend, None
        made = object.__new__(type(self))
        made.__dict__ |= self.__dict__
        made.settings = change(settings or self.settings, changes)
        made._api_key = api_key or self._api_key
        elsewhere = "backend" in changes or "base_url" in changes or api_key is not None
        kept = (None, None, None) if elsewhere else self.given
        made.given = (backend or kept[0], chatter or kept[1], speaker or kept[2])
        made.spending = spending or self.spending
        if listener or stop:
            made.stop = stop or self.stop
            made.teller = Teller(listener or self.teller.listener, made.stop)
        return made

    @property
    def transcriber(self) -> Transcriber:
        """Who recognises.

        Raises:
            UsageError: a name that no backend has.
            AuthError: Groq was named and has no key.
        """
        return self.given[0] or self._backend("transcriber", choose)

    @property
    def speaker(self) -> Speaker:
        """Who speaks; raises as `transcriber`."""
        return self.given[2] or self._backend("speaker", choose_speaker)

    def chatter(self, model: str = "") -> Chatter:
        """Who chats.

        Args:
            model: what will be asked for; "" is the default.

        Raises:
            AuthError: neither a key nor a server.
            UsageError: a name that no backend has.
        """
        if self.given[1]:
            return self.given[1]
        context = self.derive(model=model)
        return context._backend("chatter", choose_chatter)

    @property
    def store(self) -> Answers | None:
        """The answers of earlier runs; None where none are kept."""
        if not self.settings.cache:
            return None
        key = (answers_of(self.settings, os.environ), self.settings.ledger, self.settings.refresh)
        return cast(Answers, self._opened.get().value(key, lambda: _answers(*key)))

    def close(self) -> None:
        """Close what this process has opened. Closing twice is harmless."""
        if opened := self._opened.take():
            opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if opened := self._opened.take():
            if kind is None and not self.stop.is_set():
                opened.settle()
            opened.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.settings, self._api_key, *self.given)

    def _budget(self) -> Budget:
        ledger = ledger_of(self.settings, os.environ)
        made = self._opened.get().value(ledger, lambda: open_budget(ledger, time.time))
        return cast(Budget, made)

    def _backend(self, role: str, make: Callable[..., B]) -> B:
        given = dict.fromkeys(KEYS, self._api_key) if self._api_key else {}
        key = (role, account(self.settings), self._api_key)
        environment = {**os.environ, **given}
        return cast(B, self._opened.get().value(key, lambda: make(self.settings, environment)))


class _Opened:
    """What one process has opened, by what it was opened for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: dict[Any, Any] = {}
        self._stack = ExitStack()

    def value(self, key: Any, make: Callable[[], Any]) -> Any:
        with self._lock:
            if key not in self._values:
                self._values[key] = self._stack.enter_context(make())
            return self._values[key]

    def settle(self) -> None:
        """All went well: what was to be refreshed is."""
        for value in self._values.values():
            if isinstance(value, Answers):
                value.settle()

    def close(self) -> None:
        self._stack.close()


def _answers(place: Path | str, ledger: str, refresh: bool) -> Answers:
    if isinstance(place, Path):
        return Store(place, refresh=refresh)
    from audiopipe.store.bucket import BucketStore
    from audiopipe.store.leases import Leases

    return BucketStore(place, Leases(ledger) if ledger else None, refresh=refresh)


def _rebuilt(
    kind: type[Context],
    settings: Settings,
    api_key: str | None,
    backend: Transcriber | None,
    chatter: Chatter | None,
    speaker: Speaker | None,
) -> Context:
    return kind(settings, api_key=api_key, backend=backend, chatter=chatter, speaker=speaker)
