"""Rules for languages other than English: figures stay, what is around them becomes words."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import NamedTuple

from audiopipe.speech.normalize.names import (
    CURRENCIES,
    UNITS,
    dated,
    decimal_mark,
    measured,
    minus,
    paid,
)
from audiopipe.speech.normalize.rules import DAY, MONTH, Match, Rule, rule


class _Words(NamedTuple):
    """Of signs between numbers: CLDR does not have them."""

    to: str
    plus: str
    equals: str
    power: str


_SIGNS = {
    "de": _Words("bis", "plus", "gleich", "hoch"),
    "fr": _Words("à", "plus", "égale", "puissance"),
    "es": _Words("a", "más", "igual a", "elevado a"),
    "it": _Words("a", "più", "uguale a", "elevato a"),
    "pt": _Words("a", "mais", "igual a", "elevado a"),
    "nl": _Words("tot", "plus", "is", "tot de macht"),
    "sv": _Words("till", "plus", "är lika med", "upphöjt till"),
    "da": _Words("til", "plus", "er lig med", "opløftet til"),
    "no": _Words("til", "pluss", "er lik", "opphøyd i"),
    "pl": _Words("do", "plus", "równa się", "do potęgi"),
    "cs": _Words("až", "plus", "rovná se", "na"),
    "ru": _Words("до", "плюс", "равно", "в степени"),
    "uk": _Words("до", "плюс", "дорівнює", "у степені"),
}

_NUMBER = r"\d+(?:[.,'’\u00a0\u202f]\d+)*"
_START = r"(?<![\w.,])"
_KINDS = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_MONEY = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))


@cache
def rules_of(language: str) -> tuple[Rule, ...]:
    """The rules of a language, by its code of ISO 639-1."""
    mark = decimal_mark(language)
    words = _SIGNS.get(language)

    def value(figures: str) -> float:
        whole, _, tenths = figures.rpartition(mark) if mark in figures else (figures, "", "")
        return float(re.sub(r"\D", "", whole) + "." + re.sub(r"\D", "", tenths or "0"))

    def day(found: Match) -> str:
        try:
            return dated(date(int(found["y"]), int(found["m"]), int(found["d"])), language)
        except ValueError:
            return found[0]

    def measure(found: Match) -> str:
        unit = UNITS[found[2].replace("^2", "²").replace("^3", "³")]
        return measured(found[1], value(found[1]), unit, language)

    def money(found: Match) -> str:
        figures, sign = found["figures"], found["sign"]
        return paid(figures, value(figures), CURRENCIES[sign], language)

    between = _between(words) if words else ()
    return (
        rule(rf"{_START}(?P<y>[12]\d{{3}})-(?P<m>{MONTH})-(?P<d>{DAY})(?!\w)", day),
        rule(
            rf"{_START}(?P<d>{DAY})([./-])\s?(?P<m>{MONTH})\2\s?(?P<y>(?:19|20)\d\d)(?!\w|[./-]\d)",
            day,
        ),
        *between,
        rule(rf"(?<![\w.)\]%])[-−](?=\s?(?:{_MONEY})?\d)", f"{minus(language)} "),
        rule(rf"(?<!\w)(?P<sign>{_MONEY})\s?(?P<figures>{_NUMBER})(?!\w)", money),
        rule(rf"{_START}(?P<figures>{_NUMBER})\s?(?P<sign>{_MONEY})(?!\w)", money),
        rule(rf"{_START}({_NUMBER})\s?({_KINDS})(?![\w°²³^])", measure),
    )


def _between(words: _Words) -> tuple[Rule, ...]:
    return (
        rule(
            rf"(?<=\d)\s?[–—]\s?(?=\d)|(?<=\d)-(?=\d+(?:[.,]\d+)?\s?(?:{_KINDS})(?!\w))",
            f" {words.to} ",
        ),
        rule(r"(?<=\w)\^\{?(-?\d+)\}?", rf" {words.power} \1"),
        rule(r"(?<=\s)\+(?=\s)", words.plus),
        rule(r"(?<=\s)=(?=\s)", words.equals),
    )
