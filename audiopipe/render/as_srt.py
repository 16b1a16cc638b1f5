"""SubRip subtitles."""

from __future__ import annotations

from audiopipe.render.cues import cues
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import clock
from audiopipe.values.transcript import Transcript


def render(transcript: Transcript, settings: SubtitleSettings) -> str:
    """Numbered subtitles; a change of speaker is named in the text."""
    blocks = []
    for number, cue in enumerate(cues(transcript, settings, label_speakers=True), start=1):
        times = f"{clock(cue.start_ms, ',')} --> {clock(cue.end_ms, ',')}"
        # the format has no escape for its own arrow
        text = "\n".join(cue.lines).replace("-->", "→")
        blocks.append(f"{number}\n{times}\n{text}\n")
    return "\n".join(blocks)
