"""An account with a server: its address, its key and its limits, whatever is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Self, TypedDict, Unpack

from audiopipe.backends.catalog import TIERS, limits_of
from audiopipe.backends.http.client import Call, Http
from audiopipe.backends.http.connection import Timeouts
from audiopipe.backends.http.reply import Reply
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.batches import Batches
from audiopipe.backends.wire.models import LiveModel, models_of
from audiopipe.errors import AuthError, UsageError
from audiopipe.limits.rules import Limits
from audiopipe.settings import Settings, ledger_of
from audiopipe.values.events import Pause


def _listed(reply: Reply) -> tuple[LiveModel, ...]:
    return models_of(reply.content)


class Options(TypedDict, total=False):
    """Arguments of `OpenAIAccount`, for those that add their own."""

    api_key: str | None
    base_url: str | None
    limits: Limits | None
    ledger: Path | str | None
    timeouts: Timeouts | None
    retry: Retry | None


class OpenAIAccount:
    """Any server that speaks OpenAI's dialect.

    Args:
        api_key: sent as a bearer token; None takes OPENAI_API_KEY, and none at all if that is
            missing and the server is not OpenAI's own.
        base_url: with or without `/v1`; None is OpenAI itself.
        limits: the account's limits; None knows none.
        ledger: file of the budget that processes share, or its address in Redis; None is the
            user's own file.
        timeouts, retry: see `http.Timeouts` and `retry.Retry`.

    Raises:
        AuthError: no key.
        UsageError: the base URL is no address.
    """

    name = "openai"
    workers = 8

    _home = "https://api.openai.com/v1"
    _key_variable = "OPENAI_API_KEY"
    _without_key = "or name another server with --base-url, which may need none"

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        limits: Limits | None = None,
        ledger: Path | str | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
    ) -> None:
        key = api_key or os.environ.get(self._key_variable)
        if not key and base_url is None:
            raise AuthError(
                f"no key for {self._home}: set {self._key_variable}, {self._without_key}"
            )
        self._limits = limits
        self._http = Http(
            base_url or self._home,
            key,
            ledger=ledger or ledger_of(Settings(), os.environ),
            limits_of=self._limits_of,
            most=self.workers,
            timeouts=timeouts,
            retry=retry,
        )

    @property
    def address(self) -> str:
        """The API's root."""
        return self._http.root

    def models(self) -> tuple[LiveModel, ...]:
        """The models that the key may use, as the server lists them.

        Raises:
            BackendError: it does not.
        """
        return self._http.send(Call("GET", "/models", "list of models"), _listed)

    def batches(self, pause: Pause) -> Batches:
        """The account's jobs of the batch API."""
        return Batches(self._http, pause)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._http.root!r})"

    def _limits_of(self, model: str) -> Limits:
        return self._limits or Limits()


class GroqAccount(OpenAIAccount):
    """Groq.

    Args:
        api_key: None takes GROQ_API_KEY; it may be missing only where `base_url` is given.
        base_url: another address of the same API, such as a proxy's; None is Groq's own.
        tier: `free` or `dev`, which sets the limits.
        limits: the account's limits; None takes those of the tier.
        ledger, timeouts, retry: as in `OpenAIAccount`.

    Raises:
        AuthError: no key.
        UsageError: no such tier, or the base URL is no address.
    """

    name = "groq"
    workers = 16

    _home = "https://api.groq.com/openai/v1"
    _key_variable = "GROQ_API_KEY"

    def __init__(
        self, *, tier: Literal["free", "dev"] = "free", **options: Unpack[Options]
    ) -> None:
        if tier not in TIERS:
            raise UsageError(f"no tier {tier!r}: choose from {', '.join(TIERS)}")
        self.tier = TIERS[tier]
        super().__init__(**options)

    def _limits_of(self, model: str) -> Limits:
        return self._limits or limits_of(model, self.tier.name)
