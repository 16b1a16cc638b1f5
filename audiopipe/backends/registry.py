"""Which recogniser a run uses, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from audiopipe.backends.catalog import limits_of
from audiopipe.backends.http.address import is_groqs
from audiopipe.backends.protocols import Chatter, Speaker, Transcriber
from audiopipe.errors import AuthError, UsageError
from audiopipe.limits.rules import Limits
from audiopipe.settings import LEDGER, Settings, cache_folder

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice:
    """The recogniser, and the reason in a few words for the user."""

    transcriber: Transcriber
    reason: str


def choose(settings: Settings, environment: Mapping[str, str]) -> Choice:
    """The backend that was named, or the first that can work.

    Args:
        settings: `backend`, `base_url`, `tier`, `limits` and where the budget is kept decide.
        environment: where GROQ_API_KEY is looked for.

    Raises:
        UsageError: a name that no backend has.
        AuthError: Groq was named and has no key.
    """
    name, reason = _named(settings, environment)
    if name == "local":
        from audiopipe.backends.local.transcribe import Local

        return Choice(Local(), reason)
    from audiopipe.backends.openai.transcribe import Groq, OpenAI

    def model() -> str:
        return Groq.model_of(settings.model, settings.task)

    return Choice(_server(settings, environment, name, OpenAI, Groq, model), reason)


def choose_speaker(settings: Settings, environment: Mapping[str, str]) -> Speaker:
    """Who speaks, chosen as in `choose`.

    Raises:
        UsageError: a name that no backend has.
        AuthError: Groq was named and has no key.
    """
    name, _ = _named(settings, environment)
    if name == "local":
        from audiopipe.backends.local.speak import LocalSpeaker

        return LocalSpeaker()
    from audiopipe.backends.openai.speak import GroqSpeaker, OpenAISpeaker

    def model() -> str:
        return GroqSpeaker.model_of(settings.model)

    return _server(settings, environment, name, OpenAISpeaker, GroqSpeaker, model)


def choose_chatter(settings: Settings, environment: Mapping[str, str], model: str) -> Chatter:
    """Who chats: the backend that was named, else the server that was, else Groq.

    Args:
        settings: as in `choose`.
        environment: as in `choose`.
        model: what will be asked for; "" is the default.

    Raises:
        AuthError: there is neither.
        UsageError: a name that no backend has.
    """
    name, _ = _named(settings, environment)
    if name == "local":
        raise AuthError(
            "nobody to chat with, as no chat model is embedded: set GROQ_API_KEY, or name an "
            "OpenAI-compatible server with --base-url"
        )
    from audiopipe.backends.openai.chat import GroqChatter, OpenAIChatter

    def full_id() -> str:
        return GroqChatter.model_of(model)

    return _server(settings, environment, name, OpenAIChatter, GroqChatter, full_id)


def _server(
    settings: Settings,
    environment: Mapping[str, str],
    name: str,
    openai: Callable[..., T],
    groq: Callable[..., T],
    groq_model: Callable[[], str],
) -> T:
    """The server that was named, with what the settings say of the account."""
    from audiopipe.backends.http.retry import Retry

    shared: dict[str, Any] = {
        "base_url": settings.base_url,
        "ledger": cache_folder(settings, environment) / LEDGER,
        "retry": Retry(max_wait_s=settings.max_wait_s),
    }
    if name == "openai":
        return openai(limits=Limits().changed(settings.limits), **shared)
    if settings.limits:
        known = limits_of(groq_model(), settings.tier)
        shared["limits"] = known.changed(settings.limits)
    return groq(tier=settings.tier, **shared)


def _named(settings: Settings, environment: Mapping[str, str]) -> tuple[str, str]:
    """The backend that the settings name, or the first that can work; and why."""
    name: str = settings.backend
    if name == "auto":
        return _automatic(settings, environment)
    if name not in ("groq", "openai", "local"):
        raise UsageError(f"no backend {name!r}: choose from auto, groq, openai, local")
    return name, f"--backend {name} was asked for"


def _automatic(settings: Settings, environment: Mapping[str, str]) -> tuple[str, str]:
    # the address first: Groq's key in the environment must not go to another server
    if settings.base_url:
        name = "groq" if is_groqs(settings.base_url) else "openai"
        return name, "a base URL is set"
    if environment.get("GROQ_API_KEY"):
        return "groq", "GROQ_API_KEY is set"
    return "local", "neither GROQ_API_KEY nor a base URL is set"
