"""Markdown: a transcript to read, with what not to trust marked and explained."""

from __future__ import annotations

from audiopipe.render.joins import space_between
from audiopipe.render.passages import (
    Passage,
    escaped,
    facts,
    gap_text,
    paragraphs,
    passages,
    title,
    when_measured,
)
from audiopipe.text.clocks import whole_clock
from audiopipe.values.transcript import Failure, Flag, Transcript


def render(transcript: Transcript) -> str:
    """Title, a line on how it was made, paragraphs with their times, and the list of flags.

    A flagged passage carries the numbers of its flags, as `[⚑3]`.
    """
    numbers = {flag: number for number, flag in enumerate(transcript.flags, start=1)}
    blocks = [f"# {escaped(title(transcript))}", made_by(transcript)]
    blocks += [_paragraph(group, numbers) for group in paragraphs(passages(transcript))]
    if transcript.flags:
        listed = "\n".join(f"{n}. {flag_line(flag)}" for n, flag in enumerate(transcript.flags, 1))
        blocks += ["## Flags", listed]
    return "\n\n".join(blocks) + "\n"


def made_by(transcript: Transcript) -> str:
    return " · ".join(map(escaped, facts(transcript)))


def _paragraph(group: list[Passage], numbers: dict[Flag, int]) -> str:
    first = group[0][0]
    head = f"**{whole_clock(first.span.start_s)}**"
    if isinstance(first, Failure):
        return f"{head} *{escaped(gap_text(first))}*"
    if first.speaker:
        head += f" **{escaped(first.speaker)}:**"
    said, before = "", None
    for part, flags in group:
        text = "" if isinstance(part, Failure) else part.text
        said += space_between(before, part) + text + "".join(f" [⚑{numbers[f]}]" for f in flags)
        before = part
    return f"{head} {escaped(said)}"


def flag_line(flag: Flag) -> str:
    return f"**{escaped(flag.kind)}** {when_measured(flag)}. {escaped(flag.detail)}"
