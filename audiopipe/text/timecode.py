"""Times as cutting rooms have them: frames of a rate, counted as `HH:MM:SS:FF`."""

from __future__ import annotations

from fractions import Fraction


def exact_rate(name: str) -> Fraction:
    """Frames a second: 23.976, 29.97 and 59.94 stand for 24, 30 and 60 times 1000/1001."""
    whole = Fraction(name)
    return whole if whole.denominator == 1 else Fraction(round(whole) * 1000, 1001)


def frames(seconds: float, rate: Fraction) -> int:
    """The frame that is on the screen at a time."""
    return int(Fraction(seconds) * rate)


def timecode(frame: int, rate: Fraction) -> str:
    """`HH:MM:SS:FF`, non-drop: each frame is counted, so that at 29.97 the clock runs slow.
    Midnight is 0."""
    seconds, rest = divmod(frame, round(rate))
    return f"{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest:02}"
