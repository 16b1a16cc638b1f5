"""WebVTT subtitles, after the W3C's recommendation."""

from __future__ import annotations

from html import escape

from audiopipe.render.cues import Cue, cues
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import clock
from audiopipe.values.transcript import Transcript


def render(transcript: Transcript, settings: SubtitleSettings) -> str:
    """Subtitles with a voice tag where the speaker is known."""
    blocks = ["WEBVTT\n", *map(_block, cues(transcript, settings))]
    return "\n".join(blocks)


def _block(cue: Cue) -> str:
    text = escape("\n".join(cue.lines), quote=False)
    if cue.speaker:
        text = f"<v {escape(cue.speaker, quote=False)}>{text}"
    return f"{clock(cue.start_ms)} --> {clock(cue.end_ms)}\n{text}\n"
