"""Recordings into transcripts you can trust, and back into speech.

    import audiopipe
    transcript = audiopipe.transcribe("episode.mp3")
    transcript.save("episode.srt")

Public names are imported when they are first used.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from audiopipe._version import __version__ as __version__

# The threads that come with numpy sleep when there is nothing for them to do. Without it they turn
# for a tenth of a second first, as much work as all of its import: OpenBLAS looks here as it loads.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

if TYPE_CHECKING:
    from audiopipe.audio.vad import Voice as Voice
    from audiopipe.backends.local.speak import LocalSpeaker as LocalSpeaker
    from audiopipe.backends.local.transcribe import Local as Local
    from audiopipe.backends.openai.chat import GroqChatter as GroqChatter
    from audiopipe.backends.openai.chat import OpenAIChatter as OpenAIChatter
    from audiopipe.backends.openai.speak import GroqSpeaker as GroqSpeaker
    from audiopipe.backends.openai.speak import OpenAISpeaker as OpenAISpeaker
    from audiopipe.backends.openai.transcribe import Groq as Groq
    from audiopipe.backends.openai.transcribe import OpenAI as OpenAI
    from audiopipe.backends.protocols import Chatter as Chatter
    from audiopipe.backends.protocols import Speaker as Speaker
    from audiopipe.backends.protocols import Transcriber as Transcriber
    from audiopipe.backends.protocols import Upload as Upload
    from audiopipe.concurrency import Stop as Stop
    from audiopipe.context import Context as Context
    from audiopipe.conversation import ChatSession as ChatSession
    from audiopipe.conversation import Conversation as Conversation
    from audiopipe.conversation.answer import Stream as Stream
    from audiopipe.conversation.jobs import ActionItem as ActionItem
    from audiopipe.conversation.jobs import Scribe as Scribe
    from audiopipe.conversation.jobs.dialogue import Turn as Turn
    from audiopipe.errors import AudiopipeError as AudiopipeError
    from audiopipe.errors import AuthError as AuthError
    from audiopipe.errors import BackendError as BackendError
    from audiopipe.errors import BadReply as BadReply
    from audiopipe.errors import InputError as InputError
    from audiopipe.errors import LimitReached as LimitReached
    from audiopipe.errors import OutputError as OutputError
    from audiopipe.errors import Stopped as Stopped
    from audiopipe.errors import UsageError as UsageError
    from audiopipe.limits.spending import Spending as Spending
    from audiopipe.pipeline import Outcome as Outcome
    from audiopipe.render import load as load
    from audiopipe.render import save as save
    from audiopipe.session import Session as Session
    from audiopipe.session import align as align
    from audiopipe.session import chat as chat
    from audiopipe.session import plan as plan
    from audiopipe.session import prepare as prepare
    from audiopipe.session import roundtrip as roundtrip
    from audiopipe.session import speak as speak
    from audiopipe.session import transcribe as transcribe
    from audiopipe.session import transcribe_many as transcribe_many
    from audiopipe.session import translate as translate
    from audiopipe.settings import Settings as Settings
    from audiopipe.settings import SubtitleSettings as SubtitleSettings
    from audiopipe.speech import Speech as Speech
    from audiopipe.speech.cast import Part as Part
    from audiopipe.speech.script import Paragraph as Paragraph
    from audiopipe.speech.tags import Tags as Tags
    from audiopipe.stages.flag.evidence import Evidence as Evidence
    from audiopipe.values.audio import Audio as Audio
    from audiopipe.values.audio import Chapter as Chapter
    from audiopipe.values.audio import Chunk as Chunk
    from audiopipe.values.audio import RemoteAudio as RemoteAudio
    from audiopipe.values.audio import Span as Span
    from audiopipe.values.audio import Window as Window
    from audiopipe.values.events import Event as Event
    from audiopipe.values.events import Heard as Heard
    from audiopipe.values.events import Lost as Lost
    from audiopipe.values.events import Mended as Mended
    from audiopipe.values.events import Spoke as Spoke
    from audiopipe.values.events import Waiting as Waiting
    from audiopipe.values.requests import ChatRequest as ChatRequest
    from audiopipe.values.requests import Message as Message
    from audiopipe.values.requests import Reply as Reply
    from audiopipe.values.requests import Request as Request
    from audiopipe.values.requests import SpeechRequest as SpeechRequest
    from audiopipe.values.requests import Usage as Usage
    from audiopipe.values.transcript import ChunkTranscript as ChunkTranscript
    from audiopipe.values.transcript import Failure as Failure
    from audiopipe.values.transcript import Flag as Flag
    from audiopipe.values.transcript import Repair as Repair
    from audiopipe.values.transcript import Segment as Segment
    from audiopipe.values.transcript import Source as Source
    from audiopipe.values.transcript import Transcript as Transcript
    from audiopipe.values.transcript import Word as Word
    from audiopipe.workflows.plan import Plan as Plan
    from audiopipe.workflows.recipe import Recipe as Recipe
    from audiopipe.workflows.recipe import Result as Result
    from audiopipe.workflows.recipe import Task as Task
    from audiopipe.workflows.recipe.work import Work as Work
    from audiopipe.workflows.roundtrip import RoundTrip as RoundTrip

_HOMES = {
    "audiopipe.audio.vad": ("Voice",),
    "audiopipe.backends.local.speak": ("LocalSpeaker",),
    "audiopipe.backends.local.transcribe": ("Local",),
    "audiopipe.backends.openai.chat": ("GroqChatter", "OpenAIChatter"),
    "audiopipe.backends.openai.speak": ("GroqSpeaker", "OpenAISpeaker"),
    "audiopipe.backends.openai.transcribe": ("Groq", "OpenAI"),
    "audiopipe.backends.protocols": ("Chatter", "Speaker", "Transcriber", "Upload"),
    "audiopipe.concurrency": ("Stop",),
    "audiopipe.context": ("Context",),
    "audiopipe.conversation": ("ChatSession", "Conversation"),
    "audiopipe.conversation.answer": ("Stream",),
    "audiopipe.conversation.jobs": ("ActionItem", "Scribe"),
    "audiopipe.conversation.jobs.dialogue": ("Turn",),
    "audiopipe.errors": (
        "AudiopipeError",
        "AuthError",
        "BackendError",
        "BadReply",
        "InputError",
        "LimitReached",
        "OutputError",
        "Stopped",
        "UsageError",
    ),
    "audiopipe.limits.spending": ("Spending",),
    "audiopipe.pipeline": ("Outcome",),
    "audiopipe.render": ("load", "save"),
    "audiopipe.session": (
        "Session",
        "align",
        "chat",
        "plan",
        "prepare",
        "roundtrip",
        "speak",
        "transcribe",
        "transcribe_many",
        "translate",
    ),
    "audiopipe.settings": ("Settings", "SubtitleSettings"),
    "audiopipe.speech": ("Speech",),
    "audiopipe.speech.cast": ("Part",),
    "audiopipe.speech.script": ("Paragraph",),
    "audiopipe.speech.tags": ("Tags",),
    "audiopipe.stages.flag.evidence": ("Evidence",),
    "audiopipe.values.audio": ("Audio", "Chapter", "Chunk", "RemoteAudio", "Span", "Window"),
    "audiopipe.values.events": ("Event", "Heard", "Lost", "Mended", "Spoke", "Waiting"),
    "audiopipe.values.requests": (
        "ChatRequest",
        "Message",
        "Reply",
        "Request",
        "SpeechRequest",
        "Usage",
    ),
    "audiopipe.values.transcript": (
        "ChunkTranscript",
        "Failure",
        "Flag",
        "Repair",
        "Segment",
        "Source",
        "Transcript",
        "Word",
    ),
    "audiopipe.workflows.plan": ("Plan",),
    "audiopipe.workflows.recipe": ("Recipe", "Result", "Task"),
    "audiopipe.workflows.recipe.work": ("Work",),
    "audiopipe.workflows.roundtrip": ("RoundTrip",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*sorted(_HOME_OF)]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'audiopipe' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
