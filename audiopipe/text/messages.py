"""ICU's messages: numbers, dates and names in the words of any language."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icu4py.messageformat import MessageFormat


@cache
def message(pattern: str, language: str) -> MessageFormat:
    """What fills a pattern of ICU's MessageFormat.

    Args:
        pattern: such as `{n,spellout}`.
        language: ISO 639-1 code; of one that ICU does not know, its root is taken.
    """
    from icu4py.messageformat import MessageFormat

    return MessageFormat(pattern, language)


def spelled(n: int, language: str) -> str:
    """A whole number in words."""
    return str(message("{n,spellout}", language).format({"n": n})).replace("\u00ad", "")


def decimal(whole: str, tenths: str, language: str) -> str:
    """A number with tenths in words: two point five."""
    return str(message("{n,spellout}", language).format({"n": float(f"{whole}.{tenths}")}))


def spelled_year(n: int, language: str) -> str:
    """A year in words: nineteen eighty-four."""
    pattern = "{n,spellout,%spellout-numbering-year}"
    return str(message(pattern, language).format({"n": n})).replace("\u00ad", "")


def ordinals(n: int, language: str) -> list[str]:
    """The words for a place in a row: third; of both genders where a language has two."""
    kinds = ("", "-masculine", "-feminine")
    patterns = (f"{{n,spellout,%spellout-ordinal{kind}}}" for kind in kinds)
    words = [
        str(message(each, language).format({"n": n})).replace("\u00ad", "") for each in patterns
    ]
    return [each for each in words if each != spelled(n, language)]
