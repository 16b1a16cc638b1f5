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
    from audiopipe.backends.embedded import LocalSpeaker as LocalSpeaker
    from audiopipe.backends.local import Local as Local
    from audiopipe.backends.openai import Groq as Groq
    from audiopipe.backends.openai import OpenAI as OpenAI
    from audiopipe.backends.speech import GroqSpeaker as GroqSpeaker
    from audiopipe.backends.speech import OpenAISpeaker as OpenAISpeaker
    from audiopipe.config import Settings as Settings
    from audiopipe.data import Flag as Flag
    from audiopipe.data import Segment as Segment
    from audiopipe.data import Span as Span
    from audiopipe.data import Transcript as Transcript
    from audiopipe.data import Word as Word
    from audiopipe.errors import AudiopipeError as AudiopipeError
    from audiopipe.narration import Speech as Speech
    from audiopipe.narration import speak as speak
    from audiopipe.pipeline import Outcome as Outcome
    from audiopipe.pipeline import prepare as prepare
    from audiopipe.pipeline import transcribe as transcribe
    from audiopipe.pipeline import transcribe_many as transcribe_many
    from audiopipe.pipeline import translate as translate
    from audiopipe.planning import plan as plan
    from audiopipe.render import load as load
    from audiopipe.retelling import RoundTrip as RoundTrip
    from audiopipe.retelling import roundtrip as roundtrip
    from audiopipe.talk import Conversation as Conversation
    from audiopipe.talk import Talk as Talk
    from audiopipe.talk import chat as chat
    from audiopipe.tasks import Scribe as Scribe
    from audiopipe.workers import Stop as Stop

__version__ = "0.1.0"

_HOMES = {
    "audiopipe.backends.local": ("Local",),
    "audiopipe.backends.openai": ("Groq", "OpenAI"),
    "audiopipe.backends.embedded": ("LocalSpeaker",),
    "audiopipe.backends.speech": ("GroqSpeaker", "OpenAISpeaker"),
    "audiopipe.config": ("Settings",),
    "audiopipe.data": ("Flag", "Segment", "Span", "Transcript", "Word"),
    "audiopipe.errors": ("AudiopipeError",),
    "audiopipe.narration": ("Speech", "speak"),
    "audiopipe.pipeline": ("Outcome", "prepare", "transcribe", "transcribe_many", "translate"),
    "audiopipe.planning": ("plan",),
    "audiopipe.render": ("load",),
    "audiopipe.retelling": ("RoundTrip", "roundtrip"),
    "audiopipe.talk": ("Conversation", "Talk", "chat"),
    "audiopipe.tasks": ("Scribe",),
    "audiopipe.workers": ("Stop",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*_HOME_OF]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'audiopipe' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
