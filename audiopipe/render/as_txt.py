"""Plain text, a segment a line."""

from __future__ import annotations

from audiopipe.render.passages import line_of, passages
from audiopipe.values.transcript import Transcript


def render(transcript: Transcript) -> str:
    """One line for each segment, with its speaker where known; gaps are marked."""
    return "".join(f"{line_of(part)}\n" for part, _ in passages(transcript))
