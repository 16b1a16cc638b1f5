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
    text = _UNSEEN.sub("", text)
    text = _WEB.sub(lambda found: _dots(found[1]) if english else found[1], text)
    if english:
        text = text.replace("\u03bc", "\u00b5")  # of mu and the micro sign, which look the same
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
_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
"""Soft hyphens and what else stands inside words without being seen."""
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
    "₹": ("rupee", "paisa"),
    "₩": ("won", "jeon"),
    "₽": ("ruble", "kopek"),
    "USD": ("US dollar", "cent"),
    "EUR": ("euro", "cent"),
    "GBP": ("pound", "penny"),
    "JPY": ("yen", "sen"),
    "CHF": ("Swiss franc", "centime"),
}
_COUNTRIES = {
    "US": "US",
    "A": "Australian",
    "AU": "Australian",
    "C": "Canadian",
    "CA": "Canadian",
    "NZ": "New Zealand",
    "HK": "Hong Kong",
    "S": "Singapore",
    "NT": "Taiwan",
}
_SAME = ("yen", "sen", "won", "jeon")
"""Currencies that have no plural."""
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
        "kWh=kilowatt hours,V=volts,m/s=meters per second,km/s=kilometers per second,"
        "µm=micrometers,µs=microseconds,µg=micrograms,nm=nanometers,ns=nanoseconds,l=liters,L=liters,"
        "ml=milliliters,mL=milliliters,ft=feet,mi=miles,oz=ounces,ha=hectares,dB=decibels,"
        "kB/s=kilobytes per second,MB/s=megabytes per second,kbit/s=kilobits per second,"
        "Mbit/s=megabits per second,Mbps=megabits per second,Gbps=gigabits per second,"
        "fps=frames per second,m²=square meters,km²=square kilometers,cm²=square centimeters,"
        "m³=cubic meters,cm³=cubic centimeters,m^2=square meters,km^2=square kilometers,"
        "m^3=cubic meters"
    ).split(",")
)
_FRACTIONS = {"½": "one half", "¼": "one quarter", "¾": "three quarters", "⅓": "one third"}
_SIGNS = {
    "&": "and",
    "+": "plus",
    "=": "equals",
    "×": "times",
    "÷": "divided by",
    "−": "minus",
    "<": "is less than",
    ">": "is more than",
    "≤": "is at most",
    "≥": "is at least",
    "≈": "is about",
    "±": "plus or minus",
    "→": "to",
}
_GREEK = dict(
    pair.split("=")
    for pair in (
        "α=alpha,β=beta,γ=gamma,δ=delta,ε=epsilon,η=eta,θ=theta,κ=kappa,λ=lambda,ν=nu,π=pi,ρ=rho,"
        "σ=sigma,τ=tau,φ=phi,χ=chi,ψ=psi,ω=omega,Γ=gamma,Δ=delta,Θ=theta,Λ=lambda,Π=pi,Σ=sigma,"
        "Φ=phi,Ψ=psi,Ω=omega,µ=micro"
    ).split(",")
)
"""Letters that stand by themselves, as in formulas."""
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def _date(found: _Match) -> str:
    return _day(int(found[1]), int(found[2]), int(found[3]))


def _day(in_year: int, month: int, day: int) -> str:
    return f"{_MONTHS[month - 1]} {ordinal(day)}, {year(in_year)}"


def _dotted_date(found: _Match) -> str:
    """Day, month and year with points, as most of Europe writes them."""
    return _day(int(found[3]), int(found[2]), int(found[1]))


def _slashed_date(found: _Match) -> str:
    """Month, day and year as in the United States, unless only the other order can be."""
    one, other = int(found[1]), int(found[2])
    month, day = (one, other) if one <= 12 else (other, one)
    return _day(int(found[3]), month, day) if month <= 12 else found[0]


def _time(found: _Match) -> str:
    hour, minute, half = cardinal(int(found[1])), int(found[2]), found[3]
    late = f"{' oh' * (minute < 10)} {cardinal(minute)}" if minute else " o'clock" * (not half)
    return hour + late + (f" {half}" if half else "")


def _money(found: _Match) -> str:
    """An amount with its currency, whichever stands first."""
    country, sign, amount, scale = (found[name] for name in ("country", "sign", "amount", "scale"))
    unit, part = _MONEY[sign.strip()]
    if country:
        unit = f"{_COUNTRIES[country]} {unit}"
    if scale:
        return f"{number(amount)} {_SCALES.get(scale.lower(), scale)} {_plural(unit, 0)}"
    whole, _, fraction = amount.replace(",", "").partition(".")
    if len(fraction) not in (0, 2):
        return f"{number(amount)} {_plural(unit, 0)}"
    words = f"{number(whole)} {_plural(unit, int(whole))}"
    parts = int(fraction or 0)
    return f"{words} and {cardinal(parts)} {_plural(part, parts)}" if parts else words


def _plural(unit: str, count: int) -> str:
    if count == 1 or unit in _SAME:
        return unit
    return {"penny": "pence", "paisa": "paise"}.get(unit, f"{unit}s")


def _measure(found: _Match) -> str:
    words = _UNITS[found[2]]
    if found[1] == "1":
        words = re.sub(r"^((?:square |cubic )?\w+?)s\b", r"\1", words).replace("feet", "foot")
        words = words.replace("inche", "inch")
    return f"{number(found[1])} {words}"


def _decade(found: _Match) -> str:
    words = year(int(found[1])) if len(found[1]) == 4 else cardinal(int(found[1]))
    return f"{words.removesuffix('y')}{'ies' if words.endswith('y') else 's'}"


def _spelled(found: _Match) -> str:
    """Figures one by one, group by group."""
    groups = ", ".join(" ".join(map(_figure, group)) for group in re.findall(r"[\dX]+", found[0]))
    lead = "ISBN " if found[0].startswith("ISBN") else ""
    return f"{lead}{'plus ' * found[0].startswith('+')}{groups}"


def _figure(character: str) -> str:
    return "X" if character == "X" else digits(character)


def _hyphen(found: _Match) -> str:
    """Between two numbers: a difference where the larger comes first or a result follows."""
    one, other = found[1], found[2]
    is_difference = float(one.replace(",", "")) > float(other.replace(",", ""))
    return f"{one} {'minus' if is_difference or found[3] else 'to'} {other}"


def _range(found: _Match) -> str:
    """Two numbers with a hyphen; of a longer one the end may be written short: 2019-20."""
    one, other = found[1], found[2]
    rises = float(one.replace(",", "")) < float(other.replace(",", "")) or len(other) < len(one)
    return f"{one} to {other}" if rises else found[0]


def _power(found: _Match) -> str:
    raised = found[1] or found[2].translate(_RAISED)
    if raised in ("2", "3"):
        return " squared" if raised == "2" else " cubed"
    sign = "minus " * raised.startswith("-")
    return f" to the power of {sign}{number(raised.lstrip('-'))}"


def _dotted(found: _Match) -> str:
    return " point ".join(number(part) for part in found[0].split("."))


def _grouped(found: _Match) -> str:
    """Thousands with spaces between them."""
    return found[1] + re.sub(r"\D", "", found[2])


def _dots(address: str) -> str:
    return address.replace("@", " at ").replace(".", " dot ")


_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_FIGURES = r"\d+(?:,\d{3})*(?:\.\d+)?"
_OPEN, _SHUT = r"(?<![\w.,])(?<!\d[:/])", r"(?!\w|[.,:/]\d)"
_LARGE = r"(?i:k|m|bn?|tn|thousand|million|billion|trillion)"
_CENTURY = r"(?:1[1-9]|20)"
_DAY, _MONTH = r"0?[1-9]|[12]\d|3[01]", r"0?[1-9]|1[0-2]"
_SIGN, _CODE, _COUNTRY = "[$€£¥₹₩₽]", "USD|EUR|GBP|JPY|CHF", r"\b(?:US|AU?|CA?|NZ|HK|S|NT)"
_KINDS = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))


_RULES: tuple[tuple[str, str | Callable[[_Match], str]], ...] = (
    (r"\[\d+(?:[,–-]\s?\d+)*\]", ""),  # references to notes
    (r"\b[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}\b", lambda found: _dots(found[0])),
    (r"\b(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|io)\b", lambda found: _dots(found[0])),
    (r"(?<=\d)\s?(?=[½¼¾⅓])", " and "),
    (r"[½¼¾⅓]", lambda found: _FRACTIONS[found[0]]),
    (r"\bISBN(?:-1[03])?:?\s?(?:\d[\s-]?){9,12}[\dX]\b", _spelled),
    (r"(?<![\w+])\+\d{1,3}(?:[\s.-]?\(?\d{1,5}\)?){2,6}(?!\w)", _spelled),
    (rf"{_OPEN}(?:1[-.\s])?\(?\d{{3}}\)?[-.\s]\d{{3}}[-.]\d{{4}}{_SHUT}", _spelled),
    (rf"{_OPEN}({_DAY})\.\s?({_MONTH})\.\s?((?:19|20)\d\d){_SHUT}", _dotted_date),
    (rf"{_OPEN}(\d\d?)/(\d\d?)/((?:19|20)\d\d){_SHUT}", _slashed_date),
    (r"(?<![\w.,])(\d{1,3})((?:[ \u00a0\u2009\u202f]\d{3})+)(?!\w)", _grouped),
    (rf"{_OPEN}({_CENTURY}\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]){_SHUT}", _date),
    (rf"{_OPEN}([01]?\d|2[0-4]):([0-5]\d)(?![:\d])(?:\s?([ap]\.?m\b\.?))?", _time),
    (r"(?<=\d)\s−\s?(?=\d)", " minus "),
    (rf"(?<![\w.,])({_FIGURES})\s-\s({_FIGURES})(?![\w-])(?=(\s?=)?)", _hyphen),
    (rf"(?<![\w.)\]%])[-−–](?=\s?(?:[A-Z]{{0,2}}{_SIGN})?\d)", "minus "),
    (r"(?<=\w)\^\{?(-?\d+)\}?|(?<=\w)([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)(?<!m²)(?<!m³)", _power),
    (
        rf"(?:(?P<country>{_COUNTRY})(?=\$))?(?P<sign>{_SIGN}|\b(?:{_CODE})\s)"
        rf"\s?(?P<amount>{_NUMBER})(?:\s?(?P<scale>{_LARGE})\b)?(?!\d)",
        _money,
    ),
    (
        rf"(?P<country>)(?P<amount>{_NUMBER})(?:\s?(?P<scale>{_LARGE}))?"
        rf"\s?(?P<sign>[€£¥₹₩₽]|(?:{_CODE})\b)",
        _money,
    ),
    (rf"(?<![\w.,-])({_FIGURES})-({_FIGURES})(?![\d-])", _range),
    (rf"{_OPEN}({_NUMBER})\s?({_KINDS})(?![\w°])", _measure),
    (r"\b(\d{1,15})(?:st|nd|rd|th)\b", lambda found: ordinal(int(found[1]))),
    (rf"(?<!\w)['’]?({_CENTURY}\d0|[2-9]0)s\b", _decade),
    (rf"{_OPEN}(?:\(\d{{3}}\)\s?|\d{{3}}-)?\d{{3}}-\d{{4}}{_SHUT}", _spelled),
    (rf"{_OPEN}\d+(?:\.\d+){{2,}}{_SHUT}", _dotted),
    (r"(?<=\d)\s?[–—]\s?(?=[$€£¥]?\d)", " to "),
    (r"(?:\bNo\.\s?|\b[Nn]umber\s#|#)(?=\d)", "number "),
    (r"~(?=\d)", "about "),
    (rf"{_OPEN}({_CENTURY}\d\d){_SHUT}", lambda found: year(int(found[1]))),
    (rf"{_OPEN}{_NUMBER}{_SHUT}", lambda found: number(found[0])),
    (r"(?<=\s)[&+=×÷−<>≤≥≈±→](?=\s)", lambda found: _SIGNS[found[0]]),
    (r"(?<=\w)[=+×÷](?=\w)", lambda found: f" {_SIGNS[found[0]]} "),
    (rf"(?<![^\W\d_])([{''.join(_GREEK)}])(?![^\W\d_])", lambda found: _GREEK[found[0]]),
)
"""Patterns and what is said for them, in the order in which they are tried."""

_ENGLISH = [(re.compile(pattern), words) for pattern, words in _RULES]
