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
    scaled,
    scales,
)
from audiopipe.speech.normalize.rules import DAY, MONTH, Match, Rule, rule


class _Words(NamedTuple):
    """Of signs between numbers: CLDR does not have them. The power has a place for its figures."""

    to: str
    plus: str
    equals: str
    power: str


_SIGNS = {
    "de": _Words("bis", "plus", "gleich", " hoch {}"),
    "fr": _Words("à", "plus", "égale", " puissance {}"),
    "es": _Words("a", "más", "igual a", " elevado a {}"),
    "ca": _Words("a", "més", "igual a", " elevat a {}"),
    "it": _Words("a", "più", "uguale a", " elevato a {}"),
    "pt": _Words("a", "mais", "igual a", " elevado a {}"),
    "ro": _Words("până la", "plus", "egal cu", " la puterea {}"),
    "nl": _Words("tot", "plus", "is", " tot de macht {}"),
    "sv": _Words("till", "plus", "är lika med", " upphöjt till {}"),
    "da": _Words("til", "plus", "er lig med", " opløftet til {}"),
    "no": _Words("til", "pluss", "er lik", " opphøyd i {}"),
    "pl": _Words("do", "plus", "równa się", " do potęgi {}"),
    "cs": _Words("až", "plus", "rovná se", " na {}"),
    "sk": _Words("až", "plus", "rovná sa", " na {}"),
    "hr": _Words("do", "plus", "jednako", " na {}"),
    "ru": _Words("до", "плюс", "равно", " в степени {}"),
    "uk": _Words("до", "плюс", "дорівнює", " у степені {}"),
    "bg": _Words("до", "плюс", "равно на", " на степен {}"),
    "el": _Words("έως", "συν", "ίσον", " εις την {}"),
    "tr": _Words("ila", "artı", "eşittir", " üzeri {}"),
    "id": _Words("sampai", "tambah", "sama dengan", " pangkat {}"),
    "vi": _Words("đến", "cộng", "bằng", " mũ {}"),
    "ar": _Words("إلى", "زائد", "يساوي", " أس {}"),
    "he": _Words("עד", "ועוד", "שווה", " בחזקת {}"),
    "hi": _Words("से", "जमा", "बराबर", " की घात {}"),
    "ja": _Words("から", "プラス", "イコール", "の{}乗"),
    "zh": _Words("到", "加", "等于", "的{}次方"),
    "ko": _Words("에서", "더하기", "는", "의 {}제곱"),
}

_NUMBER = r"(?:\d{1,3}(?: \d{3})+(?!\d)|\d+)(?:[.,'’\u00a0\u202f]\d+)*"
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_LIFTED = {low: high for high, low in _RAISED.items()}
_START = r"(?<![\w.,])"
_KINDS = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_MONEY = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))


class _Spoken:
    """What is said for the matches of one language's rules."""

    def __init__(self, language: str) -> None:
        self.language, self.words = language, _SIGNS.get(language)
        self.scales, self.minus = scales(language), minus(language)
        self._mark = decimal_mark(language)

    def day(self, found: Match) -> str:
        try:
            day = date(int(found["y"]), int(found["m"]), int(found["d"]))
        except ValueError:
            return found[0]
        return dated(day, self.language)

    def measure(self, found: Match) -> str:
        unit = UNITS[found[2].replace("^2", "²").replace("^3", "³")]
        return measured(found[1], self._value(found[1]), unit, self.language)

    def money(self, found: Match) -> str:
        figures, code, scale = found["figures"], CURRENCIES[found["sign"]], found["scale"]
        amount = self._value(figures)
        if not scale:
            return paid(figures, amount, code, self.language)
        power = self.scales[scale]
        figures = f"{figures} {scaled(amount, power, self.language)}"
        return paid(figures, power if amount == 1 else 2 * power, code, self.language)

    def raised(self, found: Match) -> str:
        figures = (found[1] or found[2]).translate(_RAISED)
        if self.words is None:
            return figures.translate(_LIFTED)
        return self.words.power.format(figures.replace("-", f"{self.minus} "))

    def _value(self, figures: str) -> float:
        mark = self._mark
        whole, _, tenths = figures.rpartition(mark) if mark in figures else (figures, "", "")
        return float(re.sub(r"\D", "", whole) + "." + re.sub(r"\D", "", tenths or "0"))


@cache
def rules_of(language: str) -> tuple[Rule, ...]:
    """The rules of a language, by its code of ISO 639-1."""
    spoken = _Spoken(language)
    names = "|".join(sorted(map(re.escape, spoken.scales), key=len, reverse=True)) or "(?!)"
    sum_ = rf"(?P<figures>{_NUMBER})(?:\s?(?P<scale>{names})(?!\w))?"
    return (
        rule(r"\b(?:ISBN|ISSN)(?:-1[03])?:?\s?[\dX][\dX -]{7,15}[\dX]\b", _spelled),
        rule(r"(?<![\w+])\+\d{1,3}(?:[ .-]?\(?\d{1,8}\)?){2,6}(?!\w)", _spelled),
        rule(rf"{_START}(?P<y>[12]\d{{3}})([-/])(?P<m>{MONTH})\2(?P<d>{DAY})(?!\w)", spoken.day),
        rule(
            rf"{_START}(?P<d>{DAY})([./-])\s?(?P<m>{MONTH})\2\s?(?P<y>(?:19|20)\d\d)(?!\w|[./-]\d)",
            spoken.day,
        ),
        *(_between(spoken.words) if spoken.words else ()),
        rule(rf"(?<![\w.)\]%^{{])[-−](?=\s?(?:{_MONEY})?\d)", f"{spoken.minus} "),
        rule(rf"(?<!\w)(?P<sign>{_MONEY})\s?{sum_}(?!\w)", spoken.money),
        rule(rf"{_START}{sum_}\s?(?P<sign>{_MONEY})(?!\w)", spoken.money),
        rule(rf"{_START}({_NUMBER})\s?({_KINDS})(?![\w°²³^])", spoken.measure),
        rule(r"(?<=\w)\^\{?(-?\d+)\}?|(?<=\w)([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", spoken.raised),
    )


def _spelled(found: Match) -> str:
    """Figures one by one, group by group, behind what stands before them."""
    head = re.match(r"[A-Z]*[^\dX]*", found[0])
    groups = re.findall(r"[\dX]+", found[0])
    return (head[0] if head else "") + ", ".join(" ".join(group) for group in groups)


def _between(words: _Words) -> tuple[Rule, ...]:
    return (
        rule(
            rf"(?<=\d)(\s?(?:{_KINDS}|{_MONEY}))?\s?[–—〜～]\s?(?=\d)"
            rf"|(?<=\d)(\s?(?:{_KINDS}))?[-~](?=\d+(?:[.,]\d+)?\s?(?:{_KINDS})(?!\w))",
            lambda found: f"{found[1] or found[2] or ''} {words.to} ",
        ),
        rule(r"(?<=\s)\+(?=\s)", words.plus),
        rule(r"(?<=\s)=(?=\s)", words.equals),
    )
