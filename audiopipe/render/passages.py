"""A transcript as a reader meets it: its parts in order of time, each as one line of text."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from heapq import merge

from audiopipe.text.clocks import whole_clock
from audiopipe.text.languages import NAMES
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Failure, Flag, Segment, Transcript

PAUSE_S = 2.0
"""A silence after which a new paragraph begins."""

PARAGRAPH_S = 60.0
"""A paragraph that has lasted so long ends with its sentence."""

_SENTENCE_END = re.compile(r"[.!?…。！？؟۔।][\"'”’»)」』]*$")

Passage = tuple[Segment | Failure, list[Flag]]

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_WINDOWS = re.compile(r"[A-Za-z]:[/\\]|\\\\")
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~|#$])")
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ")


def without_controls(text: str) -> str:
    """The text with a blank for each control character: none may reach a line-based format."""
    return text.translate(_CONTROLS)


def one_line(text: str) -> str:
    """The text without control characters, all space between words one blank, none at the ends."""
    return " ".join(without_controls(text).split())


def title(transcript: Transcript) -> str:
    """What the recording is called, on one line: its file's name, without the folders and the
    address's query, which are nobody's business but the user's."""
    name = one_line(transcript.source.name)
    if _ADDRESS.match(name):
        name = re.split("[?#]", name, maxsplit=1)[0]
    parts = re.split(r"[/\\]" if _WINDOWS.match(name) else "/", name.rstrip("/"))
    return parts[-1].strip() or name


def facts(transcript: Transcript) -> list[str]:
    """How long the recording is, in which language, and what recognised it; as far as is known."""
    language = transcript.language
    told = (
        whole_clock(transcript.duration_s),
        NAMES.get(language, language).capitalize() if language else "",
        "translated into English" if transcript.task == "translate" else "",
        f"{transcript.model} ({transcript.backend})" if transcript.model else "",
    )
    return [fact for fact in told if fact]


def when_measured(flag: Flag) -> str:
    """When a flag is, and what was measured."""
    when = f"{whole_clock(flag.span.start_s)} to {whole_clock(flag.span.end_s)}"
    return f"{when} ({flag.value:.3g}, limit {flag.limit:.3g})"


def escaped(text: str) -> str:
    """The text on one line, without anything that Markdown would take for a mark inside it."""
    return _SPECIAL.sub(r"\\\1", one_line(text))


def passages(transcript: Transcript) -> Iterator[Passage]:
    """What was said and the gaps that failures left, by start, each with the flags it shares.

    Segments without a visible character are left out.
    """
    said: list[Passage] = [
        (segment, flags)
        for segment, flags in zip(transcript.segments, flags_by_segment(transcript), strict=True)
        if one_line(segment.text)
    ]
    gaps: list[Passage] = [(gap, []) for gap in transcript.failures]
    return merge(said, gaps, key=lambda passage: passage[0].span.start_s)


def paragraphs(parts: Iterable[Passage]) -> Iterator[list[Passage]]:
    """The passages in paragraphs, each with one speaker, or of one gap alone."""
    group: list[Passage] = []
    for passage in parts:
        if group and _begins_paragraph(group, passage[0]):
            yield group
            group = []
        group.append(passage)
    if group:
        yield group


def gap_text(failure: Failure) -> str:
    """How a gap is marked in every format that has no field of its own for it."""
    return f"[no transcript: {one_line(failure.reason)}]"


def line_of(part: Segment | Failure) -> str:
    """One line: the speaker where there is one, and what was said; or the mark of a gap."""
    if isinstance(part, Failure):
        return gap_text(part)
    speaker = one_line(part.speaker or "")
    return f"{speaker}: {one_line(part.text)}" if speaker else one_line(part.text)


def flags_by_segment(transcript: Transcript) -> list[list[Flag]]:
    """For each segment the flags that share time with it, in the transcript's order.

    Takes segments in order of time; of others it may miss a flag, never invent one.
    """
    starts = [segment.span.start_s for segment in transcript.segments]
    ends = [segment.span.end_s for segment in transcript.segments]
    found: list[list[Flag]] = [[] for _ in starts]
    for flag in transcript.flags:
        first = bisect_left(ends, flag.span.start_s)
        last = bisect_right(starts, flag.span.end_s)
        for index in range(first, last):
            if _touch(flag.span, transcript.segments[index].span):
                found[index].append(flag)
    return found


def kinds(flags: Iterable[Flag]) -> list[str]:
    """Each kind once, in order of appearance."""
    return list(dict.fromkeys(flag.kind for flag in flags))


def _touch(flagged: Span, segment: Span) -> bool:
    """Whether they share time; a span without length touches what it lies in."""
    if flagged.duration_s and segment.duration_s:
        return flagged.overlap_s(segment) > 0
    return flagged.start_s <= segment.end_s and segment.start_s <= flagged.end_s


def _begins_paragraph(group: list[Passage], part: Segment | Failure) -> bool:
    last = group[-1][0]
    if isinstance(part, Failure) or isinstance(last, Failure) or part.speaker != last.speaker:
        return True
    lasted_s = last.span.end_s - group[0][0].span.start_s
    ended = lasted_s >= PARAGRAPH_S and _SENTENCE_END.search(one_line(last.text))
    return part.span.start_s - last.span.end_s >= PAUSE_S or bool(ended)
