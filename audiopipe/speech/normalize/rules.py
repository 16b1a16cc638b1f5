"""What a rule of spoken text is, and the figures that all of them look for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

Match = re.Match[str]
Rule = tuple[re.Pattern[str], str | Callable[[Match], str]]

NUMBER = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<!\d)\.\d+)"
"""As English writes it: 1,250 or 3.14 or .5"""

OPEN, SHUT = r"(?<![\w.,])(?<!\d[:/])", r"(?!\w|[.,:/]\d)"
"""Where a number begins and ends."""

DAY, MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
YEAR = r"(?:1[1-9]|20)\d\d"


def rule(pattern: str, words: str | Callable[[Match], str]) -> Rule:
    """A pattern, and what is said for it."""
    return re.compile(pattern), words


def applied(rules: Iterable[Rule], text: str) -> str:
    """The text after all rules, in their order."""
    for pattern, words in rules:
        text = pattern.sub(words, text)
    return text


def value_of(figures: str) -> float:
    """The number that is written in English figures."""
    return float(figures.replace(",", ""))
