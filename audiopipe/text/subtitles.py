"""SubRip, WebVTT and whisper.cpp's bracketed lines, as programs and servers write them and people
mend them by hand."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from audiopipe.text.words import is_unspaced

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_STAMP = re.compile(rf"\s*(\[?)\s*{_TIME}\s*-->\s*{_TIME}(?=[\s\]]|$)\s*\]?(.*)")
_SETTINGS = re.compile(r"(\s*[A-Za-z]\w*:\S+)*\s*")
"""WebVTT's settings, and SubRip's coordinates, may follow the times; what else does is said."""

_ASIDE = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")
_VOICE = re.compile(r"<v(?:\.[^\s<>]{0,80})?\s+([^<>]{1,200})>")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<\d[\d:.]{0,20}>|\{\\[^{}]{0,80}\}")
_LABEL = re.compile(r"\[?(SPEAKER_\w{1,20})\]?:\s*")
"""How whisperX names speakers in subtitles."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What one voice says in a subtitle: plain text, never empty; times in seconds.

    What stands before the first times has none.
    """

    text: str
    start_s: float | None
    end_s: float | None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of one subtitle as they stand, and its times; before the first times, none."""

    lines: list[str]
    start_s: float | None
    end_s: float | None


def is_subtitles(text: str) -> bool:
    """Whether a text says that it is WebVTT, or has a line of times."""
    return text.startswith("WEBVTT") or has_stamps(text)


def has_stamps(text: str) -> bool:
    """Whether a text has a line of times."""
    return "-->" in text and any(map(_stamp, text.splitlines()))


def cues(text: str) -> Iterator[Cue]:
    """What the subtitles say, one for each voice; without tags, notes, styles and settings."""
    for block in blocks(text):
        yield from _voices(block)


def blocks(text: str) -> Iterator[Block]:
    """The subtitles as they are shown.

    A line of times begins one, whatever is before it: hand-made files lack blank lines and numbers.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    is_vtt = bool(lines) and lines[0].startswith("WEBVTT")
    now, skips = Block([], None, None), is_vtt
    for number, line in enumerate(lines):
        if stamp := _stamp(line):
            yield now
            bracket, *times, rest = stamp.groups()
            is_text = bracket or not _SETTINGS.fullmatch(rest)
            said, skips = [rest] if is_text else [], False
            now = Block(said, _seconds(*times[:4]), _seconds(*times[4:]))
        elif not line.strip():
            # in WebVTT a blank line ends what is said, and what follows without times is none of it
            skips = is_vtt
        elif not skips and not (is_vtt and _ASIDE.match(line)) and not _names(lines, number):
            now.lines.append(line)
    yield now


def _stamp(line: str) -> re.Match[str] | None:
    return _STAMP.fullmatch(line) if "-->" in line else None


def _names(lines: list[str], number: int) -> bool:
    """Whether a line is the number of a subtitle that follows without a blank line before it."""
    after = lines[number + 1] if number + 1 < len(lines) else ""
    return lines[number].strip().isdecimal() and _stamp(after) is not None


def _voices(block: Block) -> Iterator[Cue]:
    said = ""
    speaker = None
    for line in block.lines:
        before, *voices = _VOICE.split(line)
        said = _joined(said, plain(before))
        for name, more in zip(voices[::2], voices[1::2], strict=True):
            if said:
                yield _cue(said, block, speaker)
            said, speaker = plain(more), plain(name) or None
    if said:
        yield _cue(said, block, speaker)


def _cue(said: str, block: Block, speaker: str | None) -> Cue:
    label = _LABEL.match(said)
    if label and speaker is None and said[label.end() :]:
        return Cue(said[label.end() :], block.start_s, block.end_s, label[1])
    return Cue(said, block.start_s, block.end_s, speaker)


def plain(line: str) -> str:
    """A line without tags and escapes."""
    return " ".join(html.unescape(_TAG.sub("", line)).split())


def _joined(before: str, line: str) -> str:
    if not before or not line:
        return before or line
    unspaced = is_unspaced(before[-1]) and is_unspaced(line[0])
    return before + line if unspaced else f"{before} {line}"


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return (whole * 1000 + int((fraction or "0").ljust(3, "0"))) / 1000
