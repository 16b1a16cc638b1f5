"""Money and measures in English words."""

from __future__ import annotations

import re

from audiopipe.speech.normalize.names import CURRENCIES, UNITS, measured, paid
from audiopipe.speech.normalize.rules import NUMBER, OPEN, Match, rule, value_of
from audiopipe.speech.numerals import cardinal, number

_COINS = {
    "$": ("dollar", "cent"),
    "€": ("euro", "cent"),
    "EUR": ("euro", "cent"),
    "£": ("pound", "penny"),
    "GBP": ("pound", "penny"),
    "¥": ("yen", "sen"),
    "JPY": ("yen", "sen"),
    "₹": ("rupee", "paisa"),
    "₿": ("bitcoin", ""),
    "kr": ("krona", ""),
}
"""What is said shorter than CLDR has it, and the hundredth part."""

_CENTS = ("USD", "AUD", "CAD", "NZD", "HKD", "SGD", "TWD")
_PLURALS = {"penny": "pence", "paisa": "paise", "yen": "yen", "sen": "sen", "krona": "kronor"}

_SCALES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion", "tn": "trillion"}

_SPOKEN = {
    "‰": "per mille",
    "dB": "decibels",
    "bpm": "beats per minute",
    "fps": "frames per second",
    "psi": "pounds per square inch",
    "mAh": "milliamp hours",
    "Ah": "amp hours",
}
"""Units that CLDR does not have, or not as they are said."""


def _money(found: Match) -> str:
    """An amount, or two, with the currency behind it, whichever stands first."""
    sign, amount, scale, low = (found[name] for name in ("sign", "amount", "scale", "low"))
    start = f"{_scaled(low, found['lows'])} to " if low else ""
    words = f"{start}{_sum(sign.strip(), amount, scale)}"
    per = found["per"]
    return f"{words} per {_one(per)}" if per else words


def _sum(sign: str, amount: str, scale: str | None) -> str:
    whole, _, fraction = amount.replace(",", "").partition(".")
    if scale or len(fraction) not in (0, 2):
        return f"{_scaled(amount, scale)} {_currency(sign, 2)}"
    parts, coin = int(fraction or 0), _coin(sign)
    if parts and not coin:
        return f"{number(amount)} {_currency(sign, 2)}"
    coins = f"{cardinal(parts)} {_plural(coin, parts)}" if parts else ""
    if coins and not int(whole or 0):
        return coins
    words = f"{number(whole)} {_currency(sign, int(whole))}"
    return f"{words} and {coins}" if coins else words


def _scaled(amount: str, scale: str | None) -> str:
    return f"{number(amount)} {_SCALES.get(scale.lower(), scale)}" if scale else number(amount)


def _coin(sign: str) -> str:
    if sign in _COINS:
        return _COINS[sign][1]
    return "cent" if CURRENCIES[sign] in _CENTS else ""


def _currency(sign: str, count: int) -> str:
    if sign in _COINS:
        return _plural(_COINS[sign][0], count)
    return paid("", count, CURRENCIES[sign], "en").strip()


def _plural(unit: str, count: int) -> str:
    return unit if count == 1 else _PLURALS.get(unit, f"{unit}s")


def _measure(found: Match) -> str:
    words = f"{number(found[1])} {_unit(found[2], value_of(found[1]))}"
    return f"{words} per {_one(found[3])}" if found[3] else words


def _unit(sign: str, value: float) -> str:
    sign = sign.replace("^2", "²").replace("^3", "³")
    if sign in _SPOKEN:
        return re.sub(r"^(\w+)s\b", r"\1", _SPOKEN[sign]) if value == 1 else _SPOKEN[sign]
    named = measured("", value, UNITS[sign], "en").strip()
    return re.sub(r"\d+", lambda figures: cardinal(int(figures[0])), named)


def _one(unit: str) -> str:
    return _unit(unit, 1) if unit in UNITS else unit


def _arc(found: Match) -> str:
    degrees, minutes, seconds, side = found.groups()
    counts = ((degrees, "degree"), (minutes, "minute"), (seconds, "second"))
    parts = [f"{number(n)} {_plural(unit, int(value_of(n)))}" for n, unit in counts if n]
    sides = {"N": "north", "S": "south", "E": "east", "W": "west"}
    return " ".join((*parts, sides[side])) if side else " ".join(parts)


def _height(found: Match) -> str:
    return f"{found[1]} feet {found[2]} inches"


_SIGN = "|".join(re.escape(each) for each in sorted((*CURRENCIES, "₿"), key=len, reverse=True))
_LARGE = r"(?i:k|m|bn?|tn|thousand|million|billion|trillion)"
_KINDS = "|".join(
    sorted(
        (
            re.escape(each).replace("²", r"(?:²|\^2)").replace("³", r"(?:³|\^3)")
            for each in (*UNITS, *_SPOKEN)
        ),
        key=len,
        reverse=True,
    )
)

_RATES = "|".join(
    each for each in sorted(UNITS, key=len, reverse=True) if re.search(r"\w/\D", each)
)
_RAISED = "|".join(each for each in UNITS if re.fullmatch(r"\w+[²³]", each))

POWERS = (
    rule(
        rf"\b(\d+(?:\^\{{?[-+]?\d+\}}?|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+))\s?({_KINDS})(?![\w°²³^])",
        lambda found: f"{found[1]} {_unit(found[2], 2)}",
    ),
)
MONEY = (
    rule(r"([A-Z]{0,2}[$€£¥₹])[-−](?=\.?\d)", r"-\1"),
    rule(r"(?<=\d)-(?=(?:million|billion|thousand|trillion)\b)", " "),
    rule(
        rf"({NUMBER})\s?¢",
        lambda found: f"{number(found[1])} {_plural('cent', int(value_of(found[1])))}",
    ),
)
_RANGE = rf"(?:(?P<low>{NUMBER})\s?(?P<lows>{_LARGE})?\s?(?:[-–—]|\bto\b)\s?)?"
SUMS = (
    rule(
        rf"(?<!\w)(?P<sign>{_SIGN})\s?{_RANGE}(?P<amount>{NUMBER})(?:\s?(?P<scale>{_LARGE})\b)?"
        rf"(?:/(?P<per>[a-z]+))?(?![\d])",
        _money,
    ),
    rule(
        rf"{OPEN}(?P<low>)(?P<lows>)(?P<amount>{NUMBER})(?:\s?(?P<scale>{_LARGE}))?"
        rf"\s?(?P<sign>{_SIGN})(?!\w)(?:/(?P<per>[a-z]+))?",
        _money,
    ),
)
MEASURES = (
    rule(rf"{OPEN}({NUMBER})°\s?(\d+)[′'](?:\s?({NUMBER})[″\"])?\s?([NSEW])?(?!\w)", _arc),
    rule(rf"{OPEN}({NUMBER})\s?°\s?()()([NSEW])(?!\w)", _arc),
    rule(rf"{OPEN}(\d+)['′](\d+)[\"″](?!\w)", _height),
    rule(rf"{OPEN}(\d+)\s?ft\.?\s(\d+)\s?in\b\.?", _height),
    rule(rf"({NUMBER})\s?in\.(?=\s[a-z])", lambda f: f"{f[1]} inch{'es' * (f[1] != '1')}"),
    rule(rf"{OPEN}(?<![A-Za-z]-)({NUMBER})\s?({_KINDS})(?:/({_KINDS}))?(?![\w°²³^])", _measure),
    rule(rf"(?<=[a-z])/({_RAISED})(?!\w)", lambda found: f" per {_one(found[1])}"),
    rule(rf"(?<![\w/])({_RATES})(?![\w²³^])", lambda found: _unit(found[1], 2)),
)
