"""Times that stand in a text: SubRip, WebVTT, whisper.cpp's brackets, Whisper's own tokens."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_LINE = re.compile(rf"\s*\[?\s*{_TIME}\s*-->\s*{_TIME}\s*(\])?(.*)")
_SETTINGS = re.compile(r"(\s*[a-z]+:\S+)*\s*", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<\d[\d:.]{0,20}>|\{\\[^{}]{0,40}\}")
_VOICE = re.compile(r"<v(?:\.[^\s<>]{0,40})?\s+([^<>]{1,80})>")
_TOKEN = re.compile(r"<\|([^|<>]{0,40})\|>")
_SECONDS = re.compile(r"\d{1,7}(\.\d{1,3})?")


def cues(text: str) -> list[dict[str, Any]] | None:
    """The segments of a text with stamps: `text`, `start`, `end`, perhaps `speaker`.

    None if it has no stamp. What stands before the first one, and is no header, is a segment
    without times.
    """
    if "-->" in text:
        return list(_cues(text)) if any(map(_LINE.match, text.splitlines())) else None
    return list(_by_tokens(text)) if _TOKEN.search(text) else None


def _cues(text: str) -> Iterator[dict[str, Any]]:
    lines = text.lstrip("\ufeff").splitlines()
    is_vtt = bool(lines) and lines[0].startswith("WEBVTT")
    now: dict[str, Any] | None = None
    said: list[str] = []
    skipping = is_vtt
    for number, line in enumerate(lines):
        if stamp := _LINE.match(line):
            if (cue := _cue(now, said)) is not None:
                yield cue
            *times, bracket, rest = stamp.groups()
            now = {"start": _seconds(*times[:4]), "end": _seconds(*times[4:])}
            said = [] if not bracket and _SETTINGS.fullmatch(rest) else [rest]
            skipping = False
        elif not line.strip():
            skipping = False
        elif skipping or (re.match(r"(NOTE|STYLE|REGION)\b", line) and is_vtt):
            skipping = True
        elif not _is_name(lines, number, is_vtt):
            said.append(line)
    if (cue := _cue(now, said)) is not None:
        yield cue


def _cue(now: dict[str, Any] | None, said: list[str]) -> dict[str, Any] | None:
    text = "\n".join(said)
    voice = _VOICE.search(text)
    plain = " ".join(html.unescape(_TAG.sub("", text)).split())
    if not plain:
        return None
    speaker = {"speaker": voice[1].strip()} if voice else {}
    return {"text": plain, **(now or {}), **speaker}


def _is_name(lines: list[str], number: int, is_vtt: bool) -> bool:
    """Whether a line is the number or the name of the cue that follows."""
    follows = number + 1 < len(lines) and bool(_LINE.match(lines[number + 1]))
    first = number == 0 or not lines[number - 1].strip()
    return follows and (lines[number].strip().isdecimal() or (is_vtt and first))


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


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + int(fraction.ljust(3, "0")) / 1000
