"""Numbers that an English text writes as other languages do, rewritten as English has them."""

from __future__ import annotations

import re

from audiopipe.speech.normalize.names import CURRENCIES, UNITS
from audiopipe.speech.normalize.rules import Match, rule


def _joined(found: Match) -> str:
    """The figures without what groups them, and with a point before the tenths."""
    whole, mark, tenths = found[0].partition(",")
    return re.sub(r"\D", "", whole) + (f".{tenths}" if mark else "")


def _ungrouped(found: Match) -> str:
    return re.sub(r"(?<=\d)\D(?=\d)", "", found[0])


def _pointed(found: Match) -> str:
    return found[0].replace(",", ".")


def _any(kinds: tuple[str, ...]) -> str:
    return "|".join(sorted(map(re.escape, kinds), key=len, reverse=True))


_SIGN = _any(tuple(CURRENCIES))
_KIND = rf"(?:{_any((*UNITS, *CURRENCIES))}|thousand|million|billion|trillion)(?!\w)"
_START, _END = r"(?<![\w.,])", r"(?![\w]|[.,]\d)"
_GROUP = r"[.' \u00a0\u2009\u202f’]"

GROUPED = (
    rule(rf"{_START}\d{{1,3}}(?:{_GROUP}\d{{3}})+,\d+{_END}", _joined),  # 1.000,50
    rule(rf"{_START}\d{{1,3}}(?:\.\d{{3}}){{2,}}{_END}", _ungrouped),  # 1.234.567
    rule(rf"{_START}\d{{1,2}}(?:,\d{{2}})+,\d{{3}}(?![\d,])", _ungrouped),  # 2,50,000
    # a price has no thousandth that is 0
    rule(rf"{_START}\d{{1,3}}\.\d\d0(?=\s?(?:{_SIGN})(?!\w))", _ungrouped),
    rule(rf"(?<!\w)(?:{_SIGN})\s?\d{{1,3}}\.\d\d0{_END}", _ungrouped),
    rule(rf"{_START}\d+,(?:\d\d?|\d{{4,}})(?=\s?{_KIND})", _pointed),  # 3,5 km
    rule(rf"(?<!\w)(?:{_SIGN})\s?\d+,\d\d?{_END}", _pointed),  # €3,50
)
