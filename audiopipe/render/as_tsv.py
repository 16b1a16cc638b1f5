"""Tab-separated values with the columns of openai-whisper's writer."""

from __future__ import annotations

from audiopipe.render.passages import line_of, passages
from audiopipe.text.clocks import milliseconds
from audiopipe.values.transcript import Transcript


def render(transcript: Transcript) -> str:
    """Columns start, end (whole milliseconds) and text, with a header; gaps are rows too."""
    rows = ["start\tend\ttext\n"]
    for part, _ in passages(transcript):
        start_ms, end_ms = milliseconds(part.span.start_s), milliseconds(part.span.end_s)
        rows.append(f"{start_ms}\t{end_ms}\t{line_of(part)}\n")
    return "".join(rows)
