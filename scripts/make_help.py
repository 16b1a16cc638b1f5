"""Writes the tables of the documentation from the code, between `<!-- name -->` and `<!-- end -->`.

python scripts/make_help.py            writes
python scripts/make_help.py --check    exits 1 where something would be written
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from audiopipe.cli import COMMANDS
from audiopipe.cli.codes import CODES
from audiopipe.render import RENDERERS
from audiopipe.settings import GROUPS, Setting, table
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.values.flags import TABLE

ROOT = Path(__file__).parent.parent

_FORMATS = {
    "txt": "the text, a phrase a line",
    "json": "everything: segments, words, measures, flags, failures, usage; a superset of OpenAI's "
    "verbose_json that loads back exactly",
    "verbose_json": "what OpenAI's API gives, nothing else",
    "srt": "subtitles timed from words, broken at clauses, never overlapping",
    "vtt": "the same for the web, with speakers",
    "tsv": "start, end (ms), text",
    "lrc": "lyrics",
    "csv": "a row a segment, with measures and flags",
    "md": "to read: paragraphs with times, doubtful passages marked",
    "ass": "subtitles in SubStation's form; words light up as they are spoken",
    "ttml": "W3C's IMSC 1.1, text profile",
    "ebu-tt-d": "the EBU's form of it (Tech 3380)",
    "edl": "flags and gaps as markers: CMX 3600",
    "fcpxml": "the same for Final Cut Pro",
    "otio": "the same as OpenTimelineIO (extra `formats`)",
    "docx": "as md, to mend in a word processor (extra `formats`)",
    "rttm": "who speaks when, a turn a line, as pyannote and dscore read it",
}


def settings() -> Iterator[str]:
    """A table for each group."""
    for group in GROUPS:
        yield f"\n**{group.title}**\n"
        yield "| flag | key | what | may be | default |"
        yield "|---|---|---|---|---|"
        yield from (_setting(each) for each in table() if each.group is group)


def _setting(each: Setting) -> str:
    flags = ", ".join(f"`{flag}`" for flag in each.flags)
    cells = (flags, f"`{each.name}`", each.help, each.allowed, each.default_shown)
    return _row(str(cell).replace("|", "\\|") for cell in cells)


def flags() -> Iterator[str]:
    """The kinds of flags with their limits."""
    yield "| flag | what was seen | limit | what to do |"
    yield "|---|---|---|---|"
    usual = Thresholds()
    for kind in TABLE:
        limits = (f"`{name}` {_limit(usual, name)}" for name in kind.limits)
        yield _row((f"`{kind.name}`", kind.seen, ", ".join(limits), kind.advice))


def _limit(usual: Thresholds, name: str) -> str:
    values = {field.name: getattr(usual, field.name) for field in fields(usual)}
    return f"{values[name.replace('-', '_')]:g}"


def formats() -> Iterator[str]:
    """The formats of results."""
    yield "| format | file | what |"
    yield "|---|---|---|"
    for name, renderer in RENDERERS.items():
        yield _row((f"`{name}`", f"`{renderer.ending}`", _FORMATS[name]))


def exit_codes() -> Iterator[str]:
    """The exit codes."""
    yield "| exit code | meaning |"
    yield "|---|---|"
    yield from (_row((str(code), words)) for code, words in CODES.items())


def commands() -> Iterator[str]:
    """The commands."""
    yield "| command | what it does |"
    yield "|---|---|"
    yield from (_row((f"`{name}`", words)) for name, words in COMMANDS.items())


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


MADE: Mapping[str, Callable[[], Iterator[str]]] = {
    "settings": settings,
    "flags": flags,
    "formats": formats,
    "exit-codes": exit_codes,
    "commands": commands,
}


def filled(text: str) -> str:
    """A text with its tables as the code has them; tables of other scripts stay."""

    def made(match: re.Match[str]) -> str:
        if match[1] not in MADE:  # another script's
            return match[0]
        lines = "\n".join(MADE[match[1]]())
        return f"<!-- {match[1]} -->\n{lines}\n<!-- end -->"

    return re.sub(r"<!-- ([a-z-]+) -->\n.*?<!-- end -->", made, text, flags=re.DOTALL)


def main() -> int:
    """Write or check; 1 if something was not as it must be."""
    stale = 0
    for path in [ROOT / "README.md", *sorted((ROOT / "audiopipe" / "help").glob("*.md"))]:
        text = path.read_text("utf-8")
        if (new := filled(text)) == text:
            continue
        stale += 1
        if "--check" in sys.argv:
            print(f"{path.relative_to(ROOT)} is not as the code has it: scripts/make_help.py")
        else:
            path.write_text(new, "utf-8")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
