"""Figures that servers tell, in the forms they are known to come in: plausible, or dropped."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 90_000.0
"""25 hours: allowances come back within a day at most, and an hour is left for clocks."""

MOST_UNITS = 1e12
"""Of an allowance: far above any that is sold, far below where arithmetic gets odd."""

_YEAR_S = 366 * 86_400.0
_UNITS_S: Mapping[str, float] = {
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nanoseconds"), 1e-9),
}
_AMOUNT = r"(\d{1,15}(?:\.\d{1,15})?)\s*([a-zµμ]+)"


def wait_s(text: str, now_s: float) -> float | None:
    """Seconds to wait, 0 to `LONGEST_WAIT_S`, of a header or a few words; None if it tells none.

    Args:
        text: by the table in this file: seconds (or ms), an epoch in s, ms, µs or ns, a duration
            such as `1m39.738s` or `2 minutes`, a date of HTTP or of ISO 8601.
        now_s: seconds since the epoch on the clock of whoever wrote it.
    """
    text = text.strip()
    if len(text) > 100:
        return None
    for pattern, meaning in _FORMS:
        if re.fullmatch(pattern, text, re.IGNORECASE):
            return plausible_wait_s(meaning(text.lower(), now_s))
    return None


def plausible_wait_s(seconds: float | None) -> float | None:
    """The wait, if it can be one; a moment that is just over is no wait."""
    if seconds is None or not math.isfinite(seconds):
        return None
    if -LONGEST_WAIT_S <= seconds <= 0:
        return 0.0
    return seconds if 0 < seconds <= LONGEST_WAIT_S else None


def units(text: str, least: float = 0.0, most: float = MOST_UNITS) -> float | None:
    """A number of units, such as `28,800`; None if it is none or out of bounds."""
    plain = text.strip().replace(",", "")
    if not re.fullmatch(r"\d{1,15}(\.\d{1,15})?", plain):
        return None
    number = float(plain)
    return number if least <= number <= most else None


def _number(text: str, now_s: float) -> float | None:
    """Seconds, or milliseconds if they were too many, or a moment since the epoch."""
    number = float(text)
    for scale in (1.0, 1e-3, 1e-6, 1e-9):
        if abs(number * scale - now_s) < _YEAR_S:
            return number * scale - now_s
    return number if number <= LONGEST_WAIT_S else number / 1000


def _duration(text: str, now_s: float) -> float | None:
    parts = re.findall(_AMOUNT, text)
    if any(unit not in _UNITS_S for _, unit in parts):
        return None
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def _http_date(text: str, now_s: float) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() - now_s
    except (ValueError, OverflowError, OSError):
        return None


def _iso_date(text: str, now_s: float) -> float | None:
    try:
        moment = datetime.fromisoformat(text.upper())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.timestamp() - now_s
    except (ValueError, OverflowError, OSError):
        return None


_FORMS: tuple[tuple[str, Callable[[str, float], float | None]], ...] = (
    (r"\d{1,20}(\.\d{1,20})?", _number),
    (rf"{_AMOUNT}(?:[\s,]*(?:and\s+)?{_AMOUNT}){{0,4}}", _duration),
    (r"[a-z]{3,9},? \d{1,2}[ -][a-z]{3}[ -]\d{2,4} \d\d:\d\d:\d\d( [a-z0-9+-]{1,5})?", _http_date),
    (r"[a-z]{3} [a-z]{3} +\d{1,2} \d\d:\d\d:\d\d \d{4}", _http_date),
    (r"\d{4}-\d\d-\d\d[t ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(z|[+-]\d\d:?\d\d)?", _iso_date),
)
"""The form of a wait, and what it means."""
