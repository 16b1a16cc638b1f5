"""Times that stand in the text of a reply: those of subtitles, and Whisper's own tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from audiopipe.text.subtitles import Cue, has_stamps
from audiopipe.text.subtitles import cues as cues_of

_TOKEN = re.compile(r"<\|([^|<>]{0,40})\|>")
_SECONDS = re.compile(r"\d{1,7}(\.\d{1,3})?")


def cues(text: str) -> list[dict[str, Any]] | None:
    """The segments of a text with stamps: `text`, `start`, `end`, perhaps `speaker`.

    None if it has no stamp. What stands before the first one, and is no header, is a segment
    without times.
    """
    if has_stamps(text):
        return list(map(_segment, cues_of(text)))
    return list(_by_tokens(text)) if _TOKEN.search(text) else None


def _segment(cue: Cue) -> dict[str, Any]:
    times = {} if cue.start_s is None else {"start": cue.start_s, "end": cue.end_s}
    return {"text": cue.text, **times, **({"speaker": cue.speaker} if cue.speaker else {})}


def _by_tokens(text: str) -> Iterator[dict[str, Any]]:
    """`<|en|><|0.00|> Hello.<|2.00|>`: what is no time is dropped."""
    start_s: float | None = None
    said = ""
    at = 0
    for token in _TOKEN.finditer(text):
        said += text[at : token.start()]
        at = token.end()
        if not _SECONDS.fullmatch(token[1]):
            continue
        if said.strip():
            yield _timed(said, start_s, float(token[1]))
        start_s, said = float(token[1]), ""
    said += text[at:]
    if said.strip():
        yield _timed(said, start_s, None)


def _timed(said: str, start_s: float | None, end_s: float | None) -> dict[str, Any]:
    return {"text": said, "start": start_s, "end": end_s}
