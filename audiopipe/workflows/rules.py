"""What publishers ask of subtitles, and where some break it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType

from audiopipe.render.cues import Cue
from audiopipe.render.units import columns
from audiopipe.text.words import split_words

_ROUNDED_MS = 1
"""Times of subtitles are whole milliseconds, frames are not."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How long a line may be, in columns, and how many columns are read in a second."""

    width: int
    cps: float


@dataclass(frozen=True, slots=True)
class Rules:
    """What a publisher asks of subtitles; None is asked by nobody.

    Attributes:
        source: where the figures are published.
        reading: of languages that are not in `readings`.
        readings: by ISO 639-1 code.
        wpm: words that are read in a minute, where that is counted instead of columns.
        max_lines: of a subtitle.
        min_s, max_s: how long it stands.
        gap_frames, gap_s: the shortest empty screen between two.
        closed_s: a gap is as short as it may be, or at least this long.
        is_joined: whether there may be no gap at all.
    """

    source: str
    reading: Reading
    readings: Mapping[str, Reading] = field(default_factory=lambda: MappingProxyType({}))
    wpm: float | None = None
    max_lines: int = 2
    min_s: float | None = None
    max_s: float | None = None
    gap_frames: int = 0
    gap_s: float = 0.0
    closed_s: float = 0.0
    is_joined: bool = False


@dataclass(frozen=True, slots=True)
class Breach:
    """Where a subtitle breaks a rule.

    Attributes:
        rule: `reading-speed`, `line-length`, `lines`, `too-short`, `too-long`, `gap`, `overlap`.
        number: of the subtitle, from 1 on; of gaps and overlaps, of the later one.
        start_ms, end_ms: when it stands.
        value, limit: what was measured, and what is allowed.
        unit: of both.
        text: the line, or all of the subtitle.
    """

    rule: str
    number: int
    start_ms: int
    end_ms: int
    value: float
    limit: float
    unit: str
    text: str


RULES: Mapping[str, Rules] = MappingProxyType(
    {
        "netflix": Rules(
            source="Netflix Partner Help Center: Timed Text Style Guides, General Requirements "
            "(article 215758617: 5/6 to 7 s, two lines), Subtitle Timing Guidelines (360051554394: "
            "two frames, gaps up to half a second closed) and those of each language, for adults",
            reading=Reading(42, 17),
            readings=MappingProxyType(
                {
                    "en": Reading(42, 20),
                    # full-width characters, two columns each
                    "ja": Reading(26, 8),
                    "ko": Reading(32, 24),
                    "zh": Reading(32, 18),
                }
            ),
            min_s=5 / 6,
            max_s=7,
            gap_frames=2,
            closed_s=0.5,
        ),
        "ebu": Rules(
            source="a teletext row of EBU Tech 3264, 40 cells less 3 of control; the six-second "
            "rule, two full rows in 6 s; the Code of Good Subtitling Practice (Ivarsson and "
            "Carroll, 1998), which European broadcasters refer to",
            reading=Reading(37, 2 * 37 / 6),
            min_s=1,
            max_s=7,
            gap_frames=4,
        ),
        "bbc": Rules(
            source="BBC Subtitle Guidelines: 160 to 180 words a minute, two lines of 68 % of the "
            "width, which are 37 characters of teletext; the gaps of the BBC's own validator "
            "(github.com/bbc/ttml-validator): none, or 0.8 s and more, better 1.5",
            reading=Reading(37, 0),
            wpm=180,
            gap_s=0.8,
            is_joined=True,
        ),
    }
)
"""By name."""


def breaches(
    subtitles: Sequence[Cue], rules: Rules, language: str | None, frame_rate: Fraction
) -> list[Breach]:
    """Where subtitles break rules, in order.

    Args:
        subtitles: in order of time.
        rules: what is asked.
        language: ISO 639-1 code; None counts as a language without figures of its own.
        frame_rate: frames a second, for gaps that are counted in frames.
    """
    reading = rules.readings.get(language or "", rules.reading)
    gap_ms = 1000 * max(rules.gap_s, float(rules.gap_frames / frame_rate))
    found: list[Breach] = []
    for number, cue in enumerate(subtitles, 1):
        found += _of_one(number, cue, rules, reading)
    for number, (before, cue) in enumerate(pairwise(subtitles), 2):
        found += _of_gap(number, before, cue, rules, gap_ms)
    return sorted(found, key=lambda breach: breach.number)


def _of_one(number: int, cue: Cue, rules: Rules, reading: Reading) -> Iterator[Breach]:
    text, lasts_s = " ".join(cue.lines), (cue.end_ms - cue.start_ms) / 1000
    rounded_s = _ROUNDED_MS / 1000

    def breach(rule: str, value: float, limit: float, unit: str, shown: str = text) -> Breach:
        return Breach(rule, number, cue.start_ms, cue.end_ms, value, limit, unit, shown)

    for line in cue.lines:
        if (width := columns(line)) > reading.width:
            yield breach("line-length", width, reading.width, "columns", line)
    if len(cue.lines) > rules.max_lines:
        yield breach("lines", len(cue.lines), rules.max_lines, "lines")
    if rules.min_s and lasts_s + rounded_s < rules.min_s:
        yield breach("too-short", lasts_s, rules.min_s, "s")
    if rules.max_s and lasts_s - rounded_s > rules.max_s:
        yield breach("too-long", lasts_s, rules.max_s, "s")
    read = sum(map(columns, cue.lines))
    if rules.wpm:
        read = sum(any(map(str.isalnum, word)) for word in split_words(text))
    limit, per_s = (rules.wpm, 60.0) if rules.wpm else (reading.cps, 1.0)
    unit = "words a minute" if rules.wpm else "columns a second"
    if read * per_s > limit * (lasts_s + rounded_s):
        yield breach("reading-speed", read * per_s / max(lasts_s, rounded_s), limit, unit)


def _of_gap(number: int, before: Cue, cue: Cue, rules: Rules, least_ms: float) -> Iterator[Breach]:
    gap_ms = cue.start_ms - before.end_ms
    text = " ".join(cue.lines)

    def breach(rule: str, limit_ms: float) -> Breach:
        at = (number, cue.start_ms, cue.end_ms)
        return Breach(rule, *at, gap_ms / 1000, limit_ms / 1000, "s", text)

    is_short = gap_ms + _ROUNDED_MS < least_ms and not (rules.is_joined and gap_ms == 0)
    is_open = least_ms + _ROUNDED_MS < gap_ms < 1000 * rules.closed_s
    if gap_ms < 0:
        yield breach("overlap", 0)
    elif is_short or is_open:
        yield breach("gap", least_ms)
