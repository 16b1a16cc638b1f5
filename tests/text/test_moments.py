from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audiopipe.text.moments import moment_s

NOW_S = datetime(2026, 5, 10, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [
        ("90s", 90),
        ("36h", 129_600),
        ("7d", 604_800),
        ("1h30m", 5_400),
        ("1.5d", 129_600),
        ("2w", 1_209_600),
        ("3M", 7_776_000),
        ("1y", 31_536_000),
    ],
)
def test_how_long_ago(text: str, ago_s: float) -> None:
    assert moment_s(text, NOW_S) == NOW_S - ago_s


def test_dates_are_of_this_machine_unless_they_have_a_zone() -> None:
    assert moment_s("2026-05-10T12:00+00:00", NOW_S) == NOW_S
    assert moment_s("2026-05-10T14:00+02:00", NOW_S) == NOW_S
    assert moment_s("2026-05-10", NOW_S) == datetime(2026, 5, 10).timestamp()


@pytest.mark.parametrize("text", ["yesterday", "7", "d", "7d ago", "2026-13-01", "-7d", "", "1h30"])
def test_all_else_is_neither(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month"):
        moment_s(text, NOW_S)
