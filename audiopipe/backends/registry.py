"""Who works for a run: the backend that was named, or the first that can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from audiopipe import plugins
from audiopipe.backends.catalog import limits_of
from audiopipe.backends.http.address import is_groqs
from audiopipe.backends.protocols import Chatter, Speaker, Transcriber
from audiopipe.errors import AuthError, UsageError
from audiopipe.limits.rules import Limits
from audiopipe.settings import Settings, ledger_of

T = TypeVar("T")

BUILT_IN = ("groq", "openai", "local", "onnx")


KEYS = ("GROQ_API_KEY", "OPENAI_API_KEY")
"""Variables of the environment that hold a key."""


def named(settings: Settings, environment: Mapping[str, str]) -> tuple[str, str]:
    """The name of the backend, and why it is this one, in a few words for the user.

    The server of the base URL if one is set, else Groq if its key is, else the embedded engine,
    unless one is named.
    """
    if settings.backend != "auto":
        return settings.backend, f"--backend {settings.backend} was asked for"
    # the address first: Groq's key in the environment must not go to another server
    if settings.base_url:
        return "groq" if is_groqs(settings.base_url) else "openai", "a base URL is set"
    if environment.get("GROQ_API_KEY"):
        return "groq", "GROQ_API_KEY is set"
    return "local", "neither GROQ_API_KEY nor a base URL is set"


def account(settings: Settings) -> Settings:
    """The part of the settings that a backend is made of: where they are equal, one serves both."""
    if settings.backend not in ("auto", *BUILT_IN):  # a plug-in is given all of them
        return settings
    return Settings(
        backend=settings.backend,
        base_url=settings.base_url,
        tier=settings.tier,
        limits=settings.limits,
        max_wait_s=settings.max_wait_s,
        timeout_s=settings.timeout_s,
        cache_dir=settings.cache_dir,
        ledger=settings.ledger,
        task=settings.task,
        model=settings.model if settings.limits else "",
        threads=settings.threads,
        workers=settings.workers if settings.backend in ("auto", "local") else 0,
    )


def choose(settings: Settings, environment: Mapping[str, str]) -> Transcriber:
    """Who recognises.

    Args:
        settings: `backend`, `base_url`, `tier`, `limits` and where the ledger is kept decide.
        environment: where GROQ_API_KEY is looked for.

    Raises:
        UsageError: a name that no backend has.
        AuthError: Groq was named and has no key.
    """
    name, _ = named(settings, environment)
    if name == "local":
        from audiopipe.backends.local.transcribe import Local

        return Local(threads=settings.threads, at_once=settings.workers)
    if name == "onnx":
        from audiopipe.backends.local.onnx import Onnx

        return Onnx()
    if name not in BUILT_IN:
        return _plugged(name, settings, Transcriber, "recognise")  # type: ignore[type-abstract]
    from audiopipe.backends.openai.transcribe import Groq, OpenAI

    def model() -> str:
        return Groq.model_of(settings.model, settings.task)

    return _server(settings, environment, name, OpenAI, Groq, model)


def choose_speaker(settings: Settings, environment: Mapping[str, str]) -> Speaker:
    """Who speaks, chosen as in `choose`.

    Raises:
        UsageError: a name that no backend has.
        AuthError: Groq was named and has no key.
    """
    name, _ = named(settings, environment)
    if name == "local":
        from audiopipe.backends.local.speak import LocalSpeaker

        return LocalSpeaker()
    if name not in BUILT_IN:
        return _plugged(name, settings, Speaker, "speak")  # type: ignore[type-abstract]
    from audiopipe.backends.openai.speak import GroqSpeaker, OpenAISpeaker

    def model() -> str:
        return GroqSpeaker.model_of(settings.model)

    return _server(settings, environment, name, OpenAISpeaker, GroqSpeaker, model)


def choose_chatter(settings: Settings, environment: Mapping[str, str]) -> Chatter:
    """Who chats: the backend that was named, else the server that was, else Groq.

    Raises:
        AuthError: there is neither.
        UsageError: a name that no backend has.
    """
    name, _ = named(settings, environment)
    if name == "local":
        raise AuthError(
            "nobody to chat with, as no chat model is embedded: set GROQ_API_KEY, or name an "
            "OpenAI-compatible server with --base-url"
        )
    if name not in BUILT_IN:
        return _plugged(name, settings, Chatter, "chat")  # type: ignore[type-abstract]
    from audiopipe.backends.openai.chat import GroqChatter, OpenAIChatter

    def model() -> str:
        return GroqChatter.model_of(settings.model)

    return _server(settings, environment, name, OpenAIChatter, GroqChatter, model)


def _server(
    settings: Settings,
    environment: Mapping[str, str],
    name: str,
    openai: Callable[..., T],
    groq: Callable[..., T],
    groq_model: Callable[[], str],
) -> T:
    """The server that was named, with what the settings say of the account."""
    from audiopipe.backends.http.connection import Timeouts
    from audiopipe.backends.http.retry import Retry

    shared: dict[str, Any] = {
        "base_url": settings.base_url,
        "ledger": ledger_of(settings, environment),
        "retry": Retry(max_wait_s=settings.max_wait_s),
        "timeouts": Timeouts(total_s=settings.timeout_s),
    }
    groqs, others = map(environment.get, KEYS)
    if name == "openai":
        shared["api_key"] = others
        return openai(limits=Limits().changed(settings.limits), **shared)
    if settings.limits:
        known = limits_of(groq_model(), settings.tier)
        shared["limits"] = known.changed(settings.limits)
    return groq(api_key=groqs, tier=settings.tier, **shared)


def _plugged(name: str, settings: Settings, kind: type[T], does: str) -> T:
    """The backend that another package adds under a name."""
    make = plugins.find("backends", name)
    if make is None:
        known = ", ".join(("auto", *BUILT_IN, *plugins.names("backends")))
        raise UsageError(f"no backend {name!r}: choose from {known}")
    backend = make(settings)
    if not isinstance(backend, kind):
        raise UsageError(f"the backend {name} does not {does}: take another one for that")
    return backend
