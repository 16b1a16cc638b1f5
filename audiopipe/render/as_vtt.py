"""WebVTT subtitles, after the W3C's recommendation."""

from __future__ import annotations

from html import escape

from audiopipe.render.cues import Cue, Voice, cues
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import clock
from audiopipe.values.transcript import Transcript


def render(transcript: Transcript, settings: SubtitleSettings) -> str:
    """Subtitles with a voice tag for each speaker who is known."""
    blocks = ["WEBVTT\n", *map(_block, cues(transcript, settings))]
    return "\n".join(blocks)


def _block(cue: Cue) -> str:
    closing = "</v>" if len(cue.voices) > 1 else ""
    text = "\n".join(_spoken(voice, closing) for voice in cue.voices)
    return f"{clock(cue.start_ms)} --> {clock(cue.end_ms)}\n{text}\n"


def _spoken(voice: Voice, closing: str) -> str:
    text = escape("\n".join(voice.lines), quote=False)
    if voice.language:
        return f"<lang {escape(voice.language, quote=False)}>{text}</lang>"
    return f"<v {escape(voice.speaker, quote=False)}>{text}{closing}" if voice.speaker else text
