"""LRC, the format of lyrics: a line of text at a time."""

from __future__ import annotations

from dataclasses import replace

from audiopipe.render.cues import cues
from audiopipe.render.passages import title
from audiopipe.settings import SubtitleSettings
from audiopipe.values.transcript import Transcript

CLEARED_AFTER_MS = 2_000
"""A silence that empties the display: a line has no end of its own in this format."""

# the format has no escape for the marks of its tags
_TAG_MARKS = str.maketrans("[]<>", "()‹›")


def render(transcript: Transcript, settings: SubtitleSettings) -> str:
    """One-line subtitles at `[mm:ss.xx]`, with the title before them."""
    rows = [f"[ti:{title(transcript).translate(_TAG_MARKS)}]\n"]
    end_ms = None
    for cue in cues(transcript, replace(settings, max_line_count=1), label_speakers=True):
        if end_ms is not None and cue.start_ms - end_ms >= CLEARED_AFTER_MS:
            rows.append(f"{_tag(end_ms)}\n")
        rows.append(f"{_tag(cue.start_ms)}{cue.lines[0].translate(_TAG_MARKS)}\n")
        end_ms = cue.end_ms
    if end_ms is not None:
        rows.append(f"{_tag(end_ms)}\n")
    return "".join(rows)


def _tag(ms: int) -> str:
    """Hundredths are cut, not rounded, so that no time is later than it was."""
    minutes, ms = divmod(ms, 60_000)
    return f"[{minutes:02}:{ms // 1000:02}.{ms % 1000 // 10:02}]"
