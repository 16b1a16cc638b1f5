"""Times and durations as text.

Every form is cut from whole milliseconds, rounded once, so that no field can round up to 60.
"""

from __future__ import annotations


def milliseconds(seconds: float) -> int:
    """Whole milliseconds."""
    return round(seconds * 1000)


def clock(ms: int, decimal: str = ".") -> str:
    """`HH:MM:SS.mmm`, as subtitles and chapters have it; hours take more digits from 100 on."""
    return f"{_fields(ms, '02')}{decimal}{ms % 1000:03}"


def whole_clock(seconds: float) -> str:
    """`HH:MM:SS`, cut: the second in which something begins."""
    return _fields(milliseconds(seconds), "02")


def short_clock(seconds: float) -> str:
    """`H:MM:SS`, cut."""
    return _fields(milliseconds(seconds), "")


def in_words(seconds: float) -> str:
    """A duration to be read, in two units: `3 d 4 h`, `2 h 5 m`, `3 m 10 s`, `8 s`."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes} m"
    return f"{minutes} m {rest} s" if minutes else f"{rest} s"


def _fields(ms: int, hours: str) -> str:
    minutes, ms = divmod(ms, 60_000)
    return f"{minutes // 60:{hours}}:{minutes % 60:02}:{ms // 1000:02}"
