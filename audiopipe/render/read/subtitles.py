"""SubRip and WebVTT, as programs write them and people mend them by hand."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from audiopipe.backends.wire.words import Timed
from audiopipe.render.cues import Cue, Piece, Voice
from audiopipe.render.read.rows import Row, Told
from audiopipe.text.clocks import milliseconds
from audiopipe.text.words import is_unspaced

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_STAMP = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s+\S.*)?\s*")
"""WebVTT's settings, and SubRip's coordinates, may follow the times."""

_ASIDE = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")
_VOICE = re.compile(r"<v(?:\.[^\s<>]{0,80})?\s+([^<>]{1,200})>")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<\d[\d:.]{0,20}>|\{\\[^{}]{0,80}\}")
_LABEL = re.compile(r"\[?(SPEAKER_\w{1,20})\]?:\s*")
"""How whisperX names speakers in subtitles."""


def is_subtitles(text: str) -> bool:
    """Whether a text has a line of times, or says that it is WebVTT."""
    return text.startswith("WEBVTT") or any(map(_STAMP.fullmatch, text.splitlines()))


def subtitles(text: str) -> Told:
    """What the subtitles say, a row for each voice; without tags, notes, styles and settings."""
    return Told(tuple(row for block in _blocks(text) for row in _rows(*block)))


def cues_of(text: str) -> list[Cue]:
    """The subtitles with the lines that they are shown in."""
    made = []
    for start_s, end_s, lines in _blocks(text):
        ends = milliseconds(start_s), milliseconds(end_s)
        rows = tuple((Piece(plain, *ends),) for plain in map(_plain, lines) if plain)
        if rows:
            made.append(Cue(*ends, (Voice(None, rows),)))
    return made


def _blocks(text: str) -> Iterator[tuple[float, float, list[str]]]:
    """Start, end and lines of each subtitle. A line of times begins one, whatever is before it:
    hand-made files lack blank lines and numbers."""
    lines = text.split("\n")
    now: tuple[float, float, list[str]] | None = None
    for number, line in enumerate(lines):
        if stamp := _STAMP.fullmatch(line):
            if now:
                yield now
            times = stamp.groups()
            now = _seconds(*times[:4]), _seconds(*times[4:]), []
        elif now and not line.strip():
            yield now
            now = None
        elif now and not _names_next(lines, number):
            now[2].append(line)
    if now:
        yield now


def _names_next(lines: list[str], number: int) -> bool:
    """Whether a line is the number of a subtitle that follows without a blank line before it."""
    after = lines[number + 1] if number + 1 < len(lines) else ""
    return lines[number].strip().isdecimal() and bool(_STAMP.fullmatch(after))


def _rows(start_s: float, end_s: float, lines: list[str]) -> Iterator[Row]:
    said = ""
    speaker = None
    for line in lines:
        before, *voices = _VOICE.split(line)
        said = _joined(said, _plain(before))
        for name, more in zip(voices[::2], voices[1::2], strict=True):
            if said:
                yield _row(said, start_s, end_s, speaker)
            said, speaker = _plain(more), _plain(name) or None
    if said:
        yield _row(said, start_s, end_s, speaker)


def _row(said: str, start_s: float, end_s: float, speaker: str | None) -> Row:
    label = _LABEL.match(said)
    if label and speaker is None and said[label.end() :]:
        return Row(Timed(said[label.end() :], start_s, end_s), (), label[1])
    return Row(Timed(said, start_s, end_s), (), speaker)


def _plain(line: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", line)).split())


def _joined(before: str, line: str) -> str:
    if not before or not line:
        return before or line
    unspaced = is_unspaced(before[-1]) and is_unspaced(line[0])
    return before + line if unspaced else f"{before} {line}"


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return (whole * 1000 + int((fraction or "0").ljust(3, "0"))) / 1000
