"""Points in time as people write them: a date, or how long ago."""

from __future__ import annotations

import re
from datetime import datetime

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 2_592_000, "y": 31_536_000}
"""As rclone names them: `m` is a minute, `M` a month of 30 days."""

_AGO = re.compile(r"(?:\d+(?:\.\d+)?[smhdwMy])+")


def moment_s(text: str, now_s: float) -> float:
    """Seconds since the epoch.

    Args:
        text: `2026-05-01`, `2026-05-01T12:30`, with or without a zone (without: the one of this
            machine), or a time before now such as `36h`, `7d`, `1h30m`, `2w`, `3M`.
        now_s: seconds since the epoch.

    Raises:
        ValueError: it is neither.
    """
    if _AGO.fullmatch(text):
        parts = re.findall(r"([\d.]+)(\D)", text)
        return now_s - sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    return datetime.fromisoformat(text).timestamp()
