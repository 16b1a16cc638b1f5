"""Markdown: a transcript to read, with what not to trust marked and explained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from audiopipe.data import Failure, Flag, Segment, Transcript
from audiopipe.languages import NAMES
from audiopipe.render.passages import clock, gap_text, milliseconds, one_line, passages

PAUSE_S = 2.0
"""A silence after which a new paragraph begins."""

PARAGRAPH_S = 60.0
"""A paragraph that has lasted so long ends with its sentence."""

_SENTENCE_END = re.compile(r"[.!?…。！？؟۔।][\"'”’»)」』]*$")
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~|#$])")

Passage = tuple[Segment | Failure, list[Flag]]


def render(transcript: Transcript) -> str:
    """Title, a line on how it was made, paragraphs with their times, and the list of flags.

    A flagged passage carries the numbers of its flags, as `[⚑3]`.
    """
    numbers = {flag: number for number, flag in enumerate(transcript.flags, start=1)}
    blocks = [f"# {_escaped(transcript.source.name)}", _made_by(transcript)]
    blocks += [_paragraph(group, numbers) for group in _paragraphs(passages(transcript))]
    if transcript.flags:
        listed = "\n".join(f"{n}. {_flag(flag)}" for n, flag in enumerate(transcript.flags, 1))
        blocks += ["## Flags", listed]
    return "\n\n".join(blocks) + "\n"


def _made_by(transcript: Transcript) -> str:
    language = transcript.language
    facts = (
        _clock(transcript.duration_s),
        NAMES.get(language, language).capitalize() if language else "",
        "translated into English" if transcript.task == "translate" else "",
        f"{transcript.model} ({transcript.backend})" if transcript.model else "",
    )
    return " · ".join(_escaped(fact) for fact in facts if fact)


def _paragraphs(parts: Iterable[Passage]) -> Iterator[list[Passage]]:
    group: list[Passage] = []
    for passage in parts:
        if group and _begins_paragraph(group, passage[0]):
            yield group
            group = []
        group.append(passage)
    if group:
        yield group


def _begins_paragraph(group: list[Passage], part: Segment | Failure) -> bool:
    last = group[-1][0]
    if isinstance(part, Failure) or isinstance(last, Failure) or part.speaker != last.speaker:
        return True
    lasted_s = last.span.end_s - group[0][0].span.start_s
    ended = lasted_s >= PARAGRAPH_S and _SENTENCE_END.search(one_line(last.text))
    return part.span.start_s - last.span.end_s >= PAUSE_S or bool(ended)


def _paragraph(group: list[Passage], numbers: dict[Flag, int]) -> str:
    first = group[0][0]
    head = f"**{_clock(first.span.start_s)}**"
    if isinstance(first, Failure):
        return f"{head} *{_escaped(gap_text(first))}*"
    if first.speaker:
        head += f" **{_escaped(first.speaker)}:**"
    said = (
        part.text + "".join(f" [⚑{numbers[flag]}]" for flag in flags)
        for part, flags in group
        if isinstance(part, Segment)
    )
    return f"{head} {_escaped(''.join(said))}"


def _flag(flag: Flag) -> str:
    when = f"{_clock(flag.span.start_s)} to {_clock(flag.span.end_s)}"
    measured = f"{flag.value:.3g}, limit {flag.limit:.3g}"
    return f"**{_escaped(flag.kind)}** {when} ({measured}). {_escaped(flag.detail)}"


def _clock(time_s: float) -> str:
    """`HH:MM:SS`, for readers."""
    return clock(milliseconds(time_s))[:-4]


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", one_line(text))
