"""Dates, times of day and durations in English words."""

from __future__ import annotations

from audiopipe.speech.normalize.rules import DAY, MONTH, OPEN, SHUT, YEAR, Match, rule
from audiopipe.speech.numerals import cardinal, number, ordinal, year

MONTHS = (
    "January February March April May June July August September October November December"
).split()

_NAMED = "|".join(f"{name}|{name[:3]}{'t?' * (name == 'September')}\\.?" for name in MONTHS)


def _day(found: Match) -> str:
    """A date of the groups y, m and d, of days to e; the month as figures or a name."""
    month = found["m"]
    named = [name for name in MONTHS if name[:3] == month[:3]]
    name = named[0] if named else MONTHS[int(month) - 1]
    days = [ordinal(int(found[each])) for each in "de" if found.groupdict().get(each)]
    words = f"{name} {' to '.join(days)}"
    return f"{words}, {_year(found['y'])}" if found["y"] else words


def _year(figures: str) -> str:
    return year(int(figures)) if len(figures) == 4 else cardinal(int(figures))


def _slashed(found: Match) -> str:
    """Month, day and year as in the United States, unless only the other order can be."""
    one, other = int(found[1]), int(found[2])
    month, day = (one, other) if one <= 12 else (other, one)
    if month > 12 or not 1 <= day <= 31 or month < 1:
        return found[0]
    return f"{MONTHS[month - 1]} {ordinal(day)}, {_year(found[3])}"


def _month(found: Match) -> str:
    """A year and its month, unless it is a year and the next: 2009-10."""
    if (int(found[1]) + 1) % 100 == int(found[2]):
        return found[0]
    return f"{MONTHS[int(found[2]) - 1]} {year(int(found[1]))}"


def _time(found: Match) -> str:
    hour, minute, half = cardinal(int(found[1])), int(found[2]), found[3]
    late = f"{' oh' * (minute < 10)} {cardinal(minute)}" if minute else " o'clock" * (not half)
    return hour + late + (f" {half}" if half else "")


def _elapsed(found: Match) -> str:
    """Hours, minutes and seconds; the first or the last may be missing."""
    counts = zip(("hour", "minute", "second"), found.groups(), strict=True)
    parts = [_count(figures, unit) for unit, figures in counts if figures]
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if ":" in found[0] else " ".join(parts)


def _count(figures: str, unit: str) -> str:
    plain = figures.lstrip("0") or "0"
    return f"{number(plain)} {unit}{'s' * (plain != '1')}"


def _position(found: Match) -> str:
    """Minutes and seconds that are no time of day; what is of a hundred is a ratio."""
    minutes, seconds = int(found[1]), int(found[2])
    if minutes + seconds == 100:
        return f"{minutes} to {seconds}"
    if not seconds:
        return _count(found[1], "minute")
    return f"{cardinal(minutes)}{' oh' * (seconds < 10)} {cardinal(seconds)}"


def _verses(found: Match) -> str:
    chapter, first, last = (cardinal(int(figures)) for figures in found.groups()[1:])
    return f"{found[1]}{chapter} {first} to {last}"


_TH = "(?:st|nd|rd|th)?"
_DD, _MM = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"

DATES = (
    rule(r"(?<=-\d\d-\d\d)T(?=\d\d:)", " "),
    rule(rf"{OPEN}(?P<d>{DAY})\.\s?(?P<m>{MONTH})\.\s?(?P<y>(?:19|20)\d\d){SHUT}", _day),
    rule(rf"{OPEN}(\d\d?)/(\d\d?)/((?:19|20)\d\d|\d\d){SHUT}", _slashed),
    rule(rf"{OPEN}(?P<d>{_DD})\.(?P<m>{_MM})\.(?P<y>1[3-9]|[2-9]\d){SHUT}", _day),
    rule(rf"(?<![\w.,/-])(?P<y>{YEAR})([-/])(?P<m>{MONTH})\2(?P<d>{DAY})(?!\d)", _day),
    rule(rf"(?<![\w.,/-])({YEAR})-(0[1-9]|1[0-2])(?![\w-]|\.\d)", _month),
    rule(
        rf"\b(?P<m>{_NAMED})\s(?P<d>{DAY}){_TH}\s?[-–—]\s?(?P<e>{DAY}){_TH}"
        rf"(?:,?\s(?P<y>{YEAR}))?{SHUT}",
        _day,
    ),
    rule(
        rf"{OPEN}(?:the\s)?(?P<d>{DAY}){_TH}\s?[-–—]\s?(?P<e>{DAY}){_TH}\s(?P<m>{_NAMED})"
        rf"(?:,?\s(?P<y>{YEAR}))?(?!\w|[.,]\d)",
        _day,
    ),
    rule(rf"\b(?P<m>{_NAMED})\s(?P<d>{DAY}){_TH}(?:,?\s(?P<y>{YEAR}))?{SHUT}", _day),
    rule(
        rf"{OPEN}(?:the\s)?(?P<d>{DAY}){_TH}\s(?P<m>{_NAMED})(?:,?\s(?P<y>{YEAR}))?"
        rf"(?!\w|[.,]\d)",
        _day,
    ),
)
TIMES = (
    rule(r"(?<![\w.,])(\d?\d)\.([0-5]\d)(?=\s?[ap]\.?m\b)", r"\1:\2"),
    rule(rf"\b([A-Z][a-z]+\.?\s)(\d{{1,3}}):([1-9]\d{{0,2}})[-–—]([1-9]\d{{0,2}}){SHUT}", _verses),
    rule(r"(?<=\d)(\s?[ap]\.?m\.?)?\s?[-–—]\s?(?=\d{1,2}(?::\d\d|\s?[ap]m\b))", r"\1 to "),
    rule(rf"{OPEN}(\d?\d):([0-5]\d):([0-5]\d(?:\.\d+)?)(?![:\d])", _elapsed),
    rule(rf"{OPEN}()(\d?\d):([0-5]\d\.\d+)(?![:\d])(?:\smin(?:utes)?\b)?", _elapsed),
    rule(rf"{OPEN}(\d+)h\s?([0-5]?\d)m(?:in)?(?:\s?(\d+)s)?{SHUT}", _elapsed),
    rule(rf"{OPEN}(\d+)h([0-5]\d)(){SHUT}", _elapsed),
    rule(rf"{OPEN}(2[5-9]|[3-9]\d|1\d\d):([0-5]\d){SHUT}", _position),
    rule(r"(?<=\d)\s?am\b\.?", " a.m."),  # else a word, and said as one
    rule(r"(?<=\d)(?=pm\b)", " "),
    rule(
        r"(?<![\w.,])(?<!\d[:/])([01]?\d|2[0-4]):([0-5]\d)(?![:\d])(?:\s?([ap]\.?m\b\.?))?", _time
    ),
)
