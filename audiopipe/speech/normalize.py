"""Text as it is read aloud: addresses, numbers and signs in words, by set rules.

Addresses become the name of their host, and what has no sound is left out, in every language.
Numbers and signs are put into words in English only: voices of other languages read them by their
own rules, which differ (1.250 is a thousand in German).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from audiopipe.speech.numerals import cardinal, digits, number, ordinal, year

_Match = re.Match[str]


def speakable(text: str, language: str | None) -> str:
    """A stretch of plain text, on one line, as a voice should get it.

    Args:
        text: plain text, without markup.
        language: ISO 639-1 code; None where nobody knows.
    """
    english = language == "en"
    text = _WEB.sub(lambda found: _dots(found[1]) if english else found[1], text)
    if english:
        for pattern, words in _ENGLISH:
            text = pattern.sub(words, text)
        text = text.translate(dict.fromkeys(map(ord, _JOINERS)))
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _SILENT)
    return re.sub(r"\s+([,.;:!?])(?=\s|$)|\s+", r"\1 ", text).replace("  ", " ").strip()


def is_silent(text: str) -> bool:
    """Whether there is nothing in a text to say."""
    return not any(character.isalnum() for character in text)


_SILENT = frozenset({"So", "Sk", "Cc", "Cn", "Co", "Cs"})
_JOINERS = "\u200d\ufe0f"
"""Emoji and other pictures, what joins them in English, and characters that stand for nothing
(Unicode's general category)."""

_WEB = re.compile(
    r"\b(?:https?://|www\.)(?:www\.)?((?:[\w-]+\.)*[\w-]+)"  # the host is what is said
    r"(?::\d+)?(?:[/?#]\S*?)?(?=[.,;:!?)\]\"'»”’]*(?:\s|$))"
)
_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_MONEY = {
    "$": ("dollar", "cent"),
    "€": ("euro", "cent"),
    "£": ("pound", "penny"),
    "¥": ("yen", "sen"),
}
_SCALES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion", "tn": "trillion"}
_UNITS = {
    "%": "percent",
    "°C": "degrees Celsius",
    "°F": "degrees Fahrenheit",
    "°": "degrees",
}
_UNITS |= dict(
    pair.split("=")
    for pair in (
        "km/h=kilometers per hour,mph=miles per hour,km=kilometers,m=meters,cm=centimeters,"
        "mm=millimeters,kg=kilograms,g=grams,mg=milligrams,lb=pounds,lbs=pounds,h=hours,hrs=hours,"
        "min=minutes,sec=seconds,ms=milliseconds,kB=kilobytes,MB=megabytes,GB=gigabytes,"
        "TB=terabytes,Hz=hertz,kHz=kilohertz,MHz=megahertz,GHz=gigahertz,W=watts,kW=kilowatts,"
        "kWh=kilowatt hours,V=volts"
    ).split(",")
)
_FRACTIONS = {"½": "one half", "¼": "one quarter", "¾": "three quarters", "⅓": "one third"}
_SIGNS = {"&": "and", "+": "plus", "=": "equals", "×": "times", "÷": "divided by"}


def _date(found: _Match) -> str:
    return f"{_MONTHS[int(found[2]) - 1]} {ordinal(int(found[3]))}, {year(int(found[1]))}"


def _time(found: _Match) -> str:
    hour, minute, half = cardinal(int(found[1])), int(found[2]), found[3]
    late = f"{' oh' * (minute < 10)} {cardinal(minute)}" if minute else " o'clock" * (not half)
    return hour + late + (f" {half}" if half else "")


def _money(found: _Match) -> str:
    (unit, part), amount, scale = _MONEY[found[1]], found[2], found[3]
    if scale:
        return f"{number(amount)} {_SCALES.get(scale.lower(), scale)} {_plural(unit, 0)}"
    whole, _, fraction = amount.replace(",", "").partition(".")
    if len(fraction) not in (0, 2):
        return f"{number(amount)} {_plural(unit, 0)}"
    words = f"{number(whole)} {_plural(unit, int(whole))}"
    parts = int(fraction or 0)
    return f"{words} and {cardinal(parts)} {_plural(part, parts)}" if parts else words


def _plural(unit: str, count: int) -> str:
    if count == 1 or unit in ("yen", "sen"):
        return unit
    return "pence" if unit == "penny" else f"{unit}s"


def _measure(found: _Match) -> str:
    words = _UNITS[found[2]]
    if found[1] == "1":
        words = re.sub(r"^(degree|\w+?)s\b", r"\1", words)
    return f"{number(found[1])} {words}"


def _decade(found: _Match) -> str:
    words = year(int(found[1])) if len(found[1]) == 4 else cardinal(int(found[1]))
    return f"{words.removesuffix('y')}{'ies' if words.endswith('y') else 's'}"


def _spelled(found: _Match) -> str:
    return ", ".join(digits(group) for group in re.findall(r"\d+", found[0]))


def _dotted(found: _Match) -> str:
    return " point ".join(number(part) for part in found[0].split("."))


def _dots(address: str) -> str:
    return address.replace("@", " at ").replace(".", " dot ")


_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_OPEN, _SHUT = r"(?<![\w.,])(?<!\d[:/])", r"(?!\w|[.,:/]\d)"
_LARGE = r"(?i:k|m|bn?|tn|thousand|million|billion|trillion)"
_CENTURY = r"(?:1[1-9]|20)"
_KINDS = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))


_RULES: tuple[tuple[str, str | Callable[[_Match], str]], ...] = (
    (r"\[\d+(?:[,–-]\s?\d+)*\]", ""),  # references to notes
    (r"\b[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}\b", lambda found: _dots(found[0])),
    (r"\b(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|io)\b", lambda found: _dots(found[0])),
    (r"(?<=\d)\s?(?=[½¼¾⅓])", " and "),
    (r"[½¼¾⅓]", lambda found: _FRACTIONS[found[0]]),
    (rf"{_OPEN}({_CENTURY}\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]){_SHUT}", _date),
    (rf"{_OPEN}([01]?\d|2[0-4]):([0-5]\d)(?![:\d])(?:\s?([ap]\.?m\b\.?))?", _time),
    (rf"([$€£¥])\s?({_NUMBER})(?:\s?({_LARGE})\b)?(?!\d)", _money),
    (rf"{_OPEN}({_NUMBER})\s?({_KINDS})(?![\w°])", _measure),
    (r"\b(\d{1,15})(?:st|nd|rd|th)\b", lambda found: ordinal(int(found[1]))),
    (rf"(?<!\w)['’]?({_CENTURY}\d0|[2-9]0)s\b", _decade),
    (rf"{_OPEN}(?:\(\d{{3}}\)\s?|\d{{3}}-)?\d{{3}}-\d{{4}}{_SHUT}", _spelled),
    (rf"{_OPEN}\d+(?:\.\d+){{2,}}{_SHUT}", _dotted),
    (r"(?<=\d)\s?[–—]\s?(?=[$€£¥]?\d)", " to "),
    (r"(?:\bNo\.\s?|\b[Nn]umber\s#|#)(?=\d)", "number "),
    (r"(?<![\w.)])[-−](?=\d)", "minus "),
    (r"~(?=\d)", "about "),
    (rf"{_OPEN}({_CENTURY}\d\d){_SHUT}", lambda found: year(int(found[1]))),
    (rf"{_OPEN}{_NUMBER}{_SHUT}", lambda found: number(found[0])),
    (r"(?<=\s)[&+=×÷](?=\s)", lambda found: _SIGNS[found[0]]),
)
"""Patterns and what is said for them, in the order in which they are tried."""

_ENGLISH = [(re.compile(pattern), words) for pattern, words in _RULES]
