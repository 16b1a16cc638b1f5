"""Which recogniser a run uses, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audiopipe.backends.base import Chatter, Speaker, Transcriber
from audiopipe.config import LEDGER, Settings, cache_folder
from audiopipe.errors import AuthError, UsageError
from audiopipe.limits import Limits
from audiopipe.models import limits_of


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
    name, reason = _automatic(settings, environment)
    if settings.backend != "auto":
        name, reason = settings.backend, f"--backend {settings.backend} was asked for"
    if name in ("groq", "openai"):
        from audiopipe.backends.openai import Groq, OpenAI
        from audiopipe.backends.retry import Retry

        shared: dict[str, Any] = {
            "base_url": settings.base_url,
            "ledger": cache_folder(settings, environment) / LEDGER,
            "retry": Retry(max_wait_s=settings.max_wait_s),
        }
        if name == "openai":
            return Choice(OpenAI(limits=Limits().changed(settings.limits), **shared), reason)
        if settings.limits:
            known = limits_of(Groq.model_of(settings.model, settings.task), settings.tier)
            shared["limits"] = known.changed(settings.limits)
        return Choice(Groq(tier=settings.tier, **shared), reason)
    if name == "local":
        from audiopipe.backends.local import Local

        return Choice(Local(), reason)
    raise UsageError(f"no backend {name!r}: choose from auto, groq, openai, local")


def choose_speaker(settings: Settings, environment: Mapping[str, str]) -> Speaker:
    """Who speaks, chosen as in `choose`.

    Raises:
        UsageError: a name that no backend has.
        AuthError: Groq was named and has no key.
    """
    name: str = settings.backend
    if name == "auto":
        name, _ = _automatic(settings, environment)
    if name == "local":
        from audiopipe.backends.embedded import LocalSpeaker

        return LocalSpeaker()
    from audiopipe.backends.retry import Retry
    from audiopipe.backends.speech import GroqSpeaker, OpenAISpeaker

    shared: dict[str, Any] = {
        "base_url": settings.base_url,
        "ledger": cache_folder(settings, environment) / LEDGER,
        "retry": Retry(max_wait_s=settings.max_wait_s),
    }
    if name == "openai":
        return OpenAISpeaker(limits=Limits().changed(settings.limits), **shared)
    if name != "groq":
        raise UsageError(f"no backend {name!r}: choose from auto, groq, openai, local")
    if settings.limits:
        known = limits_of(GroqSpeaker.model_of(settings.model), settings.tier)
        shared["limits"] = known.changed(settings.limits)
    return GroqSpeaker(tier=settings.tier, **shared)


def choose_chatter(settings: Settings, environment: Mapping[str, str], model: str) -> Chatter:
    """Who chats: the backend that was named, else Groq if its key is set, else a server.

    Args:
        settings: as in `choose`.
        environment: as in `choose`.
        model: what will be asked for; "" is the default.

    Raises:
        AuthError: there is neither.
        UsageError: a name that no backend has.
    """
    name, _ = _automatic(settings, environment)
    if settings.backend != "auto":
        name = settings.backend
    if name == "local":
        raise AuthError(
            "nobody to chat with, as no chat model is embedded: set GROQ_API_KEY, or name an "
            "OpenAI-compatible server with --base-url"
        )
    from audiopipe.backends.chat import GroqChatter, OpenAIChatter
    from audiopipe.backends.retry import Retry

    shared: dict[str, Any] = {
        "base_url": settings.base_url,
        "ledger": cache_folder(settings, environment) / LEDGER,
        "retry": Retry(max_wait_s=settings.max_wait_s),
    }
    if name == "openai":
        return OpenAIChatter(limits=Limits().changed(settings.limits), **shared)
    if name != "groq":
        raise UsageError(f"no backend {name!r}: choose from auto, groq, openai")
    if settings.limits:
        known = limits_of(GroqChatter.model_of(model), settings.tier)
        shared["limits"] = known.changed(settings.limits)
    return GroqChatter(tier=settings.tier, **shared)


def _automatic(settings: Settings, environment: Mapping[str, str]) -> tuple[str, str]:
    if environment.get("GROQ_API_KEY"):
        return "groq", "GROQ_API_KEY is set"
    if settings.base_url:
        return "openai", f"the base URL {settings.base_url} is set"
    return "local", "neither GROQ_API_KEY nor a base URL is set"
