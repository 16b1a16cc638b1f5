"""What is told again: a transcript as paragraphs under the chapters of its recording.

On the way a transcript has a segment a sentence, and chapter titles are segments too, so that a
translator sees them where they belong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import merge

from audiopipe.render.passages import escaped, one_line, paragraphs
from audiopipe.speech.script import Paragraph
from audiopipe.text.sentences import sentences
from audiopipe.values.audio import Chapter, Span
from audiopipe.values.transcript import Segment, Transcript

_HEADING = "#"
"""With a number, the speaker of a chapter's title: it is nobody, and no two titles share it."""

_SHORTEST_PAUSE = 0.3
"""Between two sentences that keep the time of the original: what is late catches up."""


def with_headings(transcript: Transcript, chapters: Iterable[Chapter]) -> Transcript:
    """The transcript, a segment a sentence, with the title of each chapter before its sentences.

    A sentence belongs to the chapter in which its middle lies.
    """
    said = (
        (part.span.middle_s, Segment(part.span, f" {part.line}", speaker=part.speaker))
        for part in sentences(transcript)
    )
    titles = (
        (
            each.span.start_s,
            Segment(
                Span(each.span.start_s, each.span.start_s),
                f" {each.title}",
                speaker=f"{_HEADING}{number}",
            ),
        )
        for number, each in enumerate(chapters)
    )
    told = merge(titles, said, key=lambda each: each[0])
    return replace(transcript, segments=tuple(segment for _, segment in told))


def without_headings(
    told: Transcript, chapters: Iterable[Chapter]
) -> tuple[Transcript, tuple[Chapter, ...]]:
    """The transcript alone, and the chapters with the titles that it had for them.

    Args:
        told: what `with_headings` made, or a translation of it.
        chapters: those that it was given.
    """
    titles: dict[str, str] = {}
    for segment in filter(_is_heading, told.segments):
        titles[str(segment.speaker)] = titles.get(str(segment.speaker), "") + segment.text
    said = tuple(segment for segment in told.segments if not _is_heading(segment))
    named = (
        replace(each, title=one_line(titles.get(f"{_HEADING}{number}", each.title)))
        for number, each in enumerate(chapters)
    )
    return replace(told, segments=said), tuple(named)


def manuscript(transcript: Transcript, *, align: bool) -> tuple[Paragraph, ...]:
    """What is spoken of a transcript that has headings.

    Args:
        transcript: what `with_headings` made, or a translation of it.
        align: whether each sentence begins no earlier than it did in the recording.
    """
    told = []
    for group in _groups(transcript):
        if not align:
            told.append(Paragraph(_text(group), _is_heading(group[0])))
            continue
        told += [
            Paragraph(one_line(each.text), _is_heading(each), _SHORTEST_PAUSE, each.span.start_s)
            for each in group
        ]
    return tuple(told)


def markdown(transcript: Transcript) -> str:
    """The same to be read, and to be spoken again: titles as headings, a line a paragraph."""
    blocks = (
        ("# " if _is_heading(group[0]) else "") + _escaped(_text(group))
        for group in _groups(transcript)
    )
    return "\n\n".join(blocks) + "\n"


def _groups(transcript: Transcript) -> Iterator[list[Segment]]:
    for group in paragraphs((segment, []) for segment in transcript.segments):
        yield [part for part, _ in group if isinstance(part, Segment)]


def _is_heading(segment: Segment) -> bool:
    return (segment.speaker or "").startswith(_HEADING)


def _text(group: Sequence[Segment]) -> str:
    return one_line("".join(segment.text for segment in group))


def _escaped(text: str) -> str:
    """Nothing in the text is markup, what stands at its beginning included."""
    return re.sub(r"^(\d+(?=[.)])|(?=[-+=]))", r"\1\\", escaped(text))
