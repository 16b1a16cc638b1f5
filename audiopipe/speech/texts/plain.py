"""Text, Markdown, subtitles and transcripts as manuscripts."""

from __future__ import annotations

import re

from audiopipe.render.passages import one_line, paragraphs
from audiopipe.speech.script import Paragraph
from audiopipe.speech.script import paragraphs as paragraphs_of
from audiopipe.speech.texts.manuscript import Manuscript
from audiopipe.text.languages import code_of
from audiopipe.values.transcript import Segment, Transcript

_SHORTEST_PAUSE = 0.3
_FRONT = re.compile(r"\A---\n(.*?)\n(?:---|\.\.\.)\s*\n", re.DOTALL)
_FIELD = re.compile(r"^(title|author|date|lang|language):\s*[\"']?(.*?)[\"']?\s*$", re.MULTILINE)


def markdown(text: str) -> Manuscript:
    """Of text or Markdown; title and author come from what stands before it between `---`."""
    front = _FRONT.match(text.replace("\r\n", "\n"))
    told = dict(_FIELD.findall(front[1])) if front else {}
    return Manuscript(
        tuple(paragraphs_of(text)),
        one_line(told.get("title", "")),
        one_line(told.get("author", "")),
        told.get("date", "")[:4],
        code_of(told.get("lang") or told.get("language") or ""),
    )


def timed(transcript: Transcript) -> Manuscript:
    """Of subtitles: each begins no earlier than it stands there."""
    told = [
        Paragraph(
            one_line(each.text),
            pause=_SHORTEST_PAUSE,
            start_s=each.span.start_s,
            speaker=each.speaker or "",
        )
        for each in transcript.segments
    ]
    return Manuscript(tuple(told), language=transcript.language)


def of_transcript(transcript: Transcript) -> Manuscript:
    """Of a transcript, a paragraph for each turn of a speaker."""
    told = []
    for group in paragraphs((segment, []) for segment in transcript.segments):
        parts = [part for part, _ in group if isinstance(part, Segment)]
        text = one_line("".join(part.text for part in parts))
        told.append(Paragraph(text, speaker=parts[0].speaker or "" if parts else ""))
    return Manuscript(tuple(told), language=transcript.language)
