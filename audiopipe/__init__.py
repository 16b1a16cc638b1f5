"""Recordings into transcripts you can trust, and back into speech.

    import audiopipe
    transcript = audiopipe.transcribe("episode.mp3")
    transcript.save("episode.srt")

Public names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audiopipe.backends.local.speak import LocalSpeaker as LocalSpeaker
    from audiopipe.backends.local.transcribe import Local as Local
    from audiopipe.backends.openai.speak import GroqSpeaker as GroqSpeaker
    from audiopipe.backends.openai.speak import OpenAISpeaker as OpenAISpeaker
    from audiopipe.backends.openai.transcribe import Groq as Groq
    from audiopipe.backends.openai.transcribe import OpenAI as OpenAI
    from audiopipe.concurrency import Stop as Stop
    from audiopipe.conversation import ChatSession as ChatSession
    from audiopipe.conversation import Conversation as Conversation
    from audiopipe.conversation import chat as chat
    from audiopipe.conversation.jobs import Scribe as Scribe
    from audiopipe.errors import AudiopipeError as AudiopipeError
    from audiopipe.pipeline import Outcome as Outcome
    from audiopipe.pipeline import prepare as prepare
    from audiopipe.pipeline import transcribe as transcribe
    from audiopipe.pipeline import transcribe_many as transcribe_many
    from audiopipe.pipeline import translate as translate
    from audiopipe.render import load as load
    from audiopipe.render import save as save
    from audiopipe.settings import Settings as Settings
    from audiopipe.speech import Speech as Speech
    from audiopipe.speech import speak as speak
    from audiopipe.values.audio import Span as Span
    from audiopipe.values.transcript import Flag as Flag
    from audiopipe.values.transcript import Segment as Segment
    from audiopipe.values.transcript import Transcript as Transcript
    from audiopipe.values.transcript import Word as Word
    from audiopipe.workflows.plan import plan as plan
    from audiopipe.workflows.roundtrip import RoundTrip as RoundTrip
    from audiopipe.workflows.roundtrip import roundtrip as roundtrip

from audiopipe._version import __version__ as __version__

_HOMES = {
    "audiopipe.backends.local.transcribe": ("Local",),
    "audiopipe.backends.openai.transcribe": ("Groq", "OpenAI"),
    "audiopipe.backends.local.speak": ("LocalSpeaker",),
    "audiopipe.backends.openai.speak": ("GroqSpeaker", "OpenAISpeaker"),
    "audiopipe.settings": ("Settings",),
    "audiopipe.values.transcript": ("Flag", "Segment", "Span", "Transcript", "Word"),
    "audiopipe.errors": ("AudiopipeError",),
    "audiopipe.speech": ("Speech", "speak"),
    "audiopipe.pipeline": ("Outcome", "prepare", "transcribe", "transcribe_many", "translate"),
    "audiopipe.workflows.plan": ("plan",),
    "audiopipe.render": ("load", "save"),
    "audiopipe.workflows.roundtrip": ("RoundTrip", "roundtrip"),
    "audiopipe.conversation": ("Conversation", "ChatSession", "chat"),
    "audiopipe.conversation.jobs": ("Scribe",),
    "audiopipe.concurrency": ("Stop",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*_HOME_OF]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'audiopipe' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
