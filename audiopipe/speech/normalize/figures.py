"""Numbers that are read figure by figure, powers, fractions and the like, in English."""

from __future__ import annotations

import re

from audiopipe.speech.normalize.rules import NUMBER, OPEN, SHUT, YEAR, Match, rule, value_of
from audiopipe.speech.numerals import cardinal, digits, number, ordinal, year

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ", "0123456789-n")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_VULGAR = dict(
    pair.split("=")
    for pair in (
        "½=1/2,¼=1/4,¾=3/4,⅓=1/3,⅔=2/3,⅛=1/8,⅜=3/8,⅝=5/8,⅞=7/8,⅕=1/5,⅖=2/5,⅗=3/5,⅘=4/5,⅙=1/6,⅚=5/6"
    ).split(",")
)
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50}


def _spelled(found: Match) -> str:
    """Figures one by one, group by group."""
    groups = ", ".join(" ".join(map(_figure, group)) for group in re.findall(r"[\dX]+", found[0]))
    lead = re.match(r"IS[BS]N ?|\+", found[0])
    return f"{lead[0].strip().replace('+', 'plus')} {groups}" if lead else groups


def _figure(character: str) -> str:
    return "X" if character == "X" else digits(character)


def _power(found: Match) -> str:
    raised = (found[1] or found[2]).translate(_RAISED)
    if raised in ("2", "3"):
        return " squared" if raised == "2" else " cubed"
    if raised.isalpha():
        return f" to the power of {raised}"
    return f" to the power of {'minus ' * raised.startswith('-')}{number(raised.lstrip('-+'))}"


def _scientific(found: Match) -> str:
    exponent = found[2].lstrip("+")
    return f"{found[1]} times 10 to the power of {exponent.replace('-', 'minus ')}"


def _fraction(found: Match) -> str:
    """One over another: thirds and the like where the second is a usual one."""
    top, bottom = int(found[1]), int(found[2])
    if not 1 <= top < bottom or (bottom > 10 and bottom not in _USUAL):
        return f"{cardinal(top)} {cardinal(bottom)}"
    named = {2: "half", 4: "quarter"}.get(bottom, ordinal(bottom))
    return f"{cardinal(top)} {named}{'s' * (top > 1)}"


_LARGE = {"k": "thousand", "M": "million", "bn": "billion"}
_USUAL = (12, 16, 20, 32, 64, 100, 1000)


def _hyphen(found: Match) -> str:
    """Between two numbers: a difference where the larger comes first or a result follows."""
    one, other = found[1], found[2]
    is_difference = value_of(one) > value_of(other)
    return f"{one} {'minus' if is_difference or found[3] else 'to'} {other}"


def _range(found: Match) -> str:
    """Two numbers with a hyphen; of a longer one the end may be written short: 2019-20."""
    one, other = found[1], found[2]
    rises = value_of(one) < value_of(other) or len(other) < len(one)
    return f"{one} to {other}" if rises else found[0]


def _decade(found: Match) -> str:
    words = year(int(found[1])) if len(found[1]) == 4 else cardinal(int(found[1]))
    return f"{words.removesuffix('y')}{'ies' if words.endswith('y') else 's'}"


def _address(found: Match) -> str:
    """Of a machine, with its port."""
    return (
        re.sub(r"\d+", lambda part: digits(part[0]), found[0])
        .replace(".", " dot ")
        .replace(":", " port ")
    )


def _dotted(found: Match) -> str:
    return " point ".join(number(part) for part in found[0].split("."))


def _roman(numeral: str) -> int:
    values = [_ROMAN[letter] for letter in numeral]
    after = [*values[1:], 0]
    return sum(-one if one < two else one for one, two in zip(values, after, strict=True))


def _counted(found: Match) -> str:
    return f"{found[1]} {cardinal(_roman(found[2]))}"


def _reigning(found: Match) -> str:
    return f"{found[1]} the {ordinal(_roman(found[2]))}"


_COUNTED = (
    "Chapter|Part|Book|Volume|Vol|War|Act|Scene|Section|Phase|Type|Title|Appendix|Article|Figure|"
    "Table|Stage|Level|Class|Bowl|Mark|Lesson|Unit|Canto|Psalm"
)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_ROMANS = r"(?:X{0,3}(?:IX|IV|V?I{1,3}|V)|X{1,3})"

SPELLED = (
    rule(r"\bISBN(?:-1[03])?:?\s?(?:\d[\s-]?){9,12}[\dX]\b", _spelled),
    rule(r"\bISSN:?\s?\d{4}-\d{3}[\dX]\b", _spelled),
    rule(r"(?<![\w+])\+\d{1,3}(?:[\s.-]?\(?\d{1,8}\)?){2,6}(?!\w)", _spelled),
    rule(rf"(?:{OPEN}1[-.\s])?(?:\(|{OPEN})\d{{3}}\)?[-.\s]\d{{3}}[-.\s]\d{{4}}{SHUT}", _spelled),
    rule(rf"{OPEN}\d{{3}}-\d\d-\d{{4}}{SHUT}", _spelled),
    rule(rf"(?<![\w.,])\(0\d{{1,5}}\)(?:[\s-]?\d{{3,8}}){{1,3}}{SHUT}", _spelled),
    rule(rf"{OPEN}(?<!\d\s)0\d{{1,4}}(?: \d{{2,8}}){{2,5}}{SHUT}", _spelled),
    rule(rf"{OPEN}(?<!\d\s)0\d{{2,4}}(?:(?:[ -]|\s?/\s?)\d{{3,8}}){{1,3}}{SHUT}", _spelled),
    rule(rf"{OPEN}\d{{4}}(?:[ -]\d{{4}}){{2,4}}{SHUT}", _spelled),
    rule(rf"{OPEN}\d{{3}}-\d{{4}}{SHUT}", _spelled),
    rule(rf"{OPEN}1-\d{{3}}-(?=[A-Z])", lambda found: f"{_spelled(found)}, "),
    rule(rf"{OPEN}{_OCTET}(?:\.{_OCTET}){{3}}(?::\d+)?{SHUT}", _address),
)
GROUPED = (
    rule(
        r"(?<![\w.,])(\d{1,3})((?:[ \u00a0\u2009\u202f]\d{3})+|(?:['’]\d{3})+)(?!\w)",
        lambda found: found[1] + re.sub(r"\D", "", found[2]),
    ),
)
RAISED = (
    rule("[₀-₉]", lambda found: found[0].translate(_LOWERED)),
    rule(r"\b(\d+\.\d+)[eE]([-+]?\d+)\b", _scientific),
    rule(r"\b(\d+)[eE]([-+]\d+)\b", _scientific),
    rule(r"(?<=\d)\s?[×·x]\s?(?=10\^|10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻])", " times "),
    rule(r"(?<=\w)\^\{?([-+]?\d+|[a-z])\}?|(?<=\w)([⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ]+)(?<!m²)(?<!m³)(?<!s²)", _power),
)
PARTS = (
    rule(rf"(?<![\w.)\]%])[-−–](?=\d+/\d|[{''.join(_VULGAR)}])", "minus "),
    rule(f"[{''.join(_VULGAR)}]", lambda found: f" {_VULGAR[found[0]]}"),
    rule(r"(?<![^\s(])(\d+)\s+(?=\d/\d)", r"\1 and "),
    rule(rf"{OPEN}(\d+)/(\d+)(?=\s?=)", r"\1 divided by \2"),
    rule(rf"{OPEN}(\d{{1,3}})/(\d{{1,4}})(?!\w|[.,/]\d)", _fraction),
)
_DECADE = r"['’]?((?:1[1-9]|20)\d0|[2-9]0)s\b"
DECADES = (
    rule(rf"(?<=\d0s)\s?[-–—]\s?(?={_DECADE})", " to "),
    rule(rf"(?<!\w){_DECADE}", _decade),
)
RANGES = (
    rule(rf"(?<![\w.,])({NUMBER})\s-\s({NUMBER})(?![\w-])(?=(\s?=)?)", _hyphen),
    rule(rf"(?<![\w.,-])({NUMBER})-({NUMBER})(?![\d-])", _range),
    rule(r"(?<=\d)([%‰]|\s?°[CF]?)?\s?[–—]\s?(?=[$€£¥]?\.?\d)", r"\1 to "),
    rule(r"(?<=\d)([%‰]|\s?°[CF]?)-(?=\d)", r"\1 to "),
    rule(r"(?<=\d)-(?=[$€£¥]\d)", " to "),
)
PLAIN = (
    rule(rf"\b({_COUNTED})\s({_ROMANS})(?!\w|[.’']\w)", _counted),
    rule(rf"\b([A-Z][a-z]+)\s((?=[IVX]{{2,}}){_ROMANS})(?!\w)", _reigning),
    rule(r"(?<![\w.,])(\d{1,15})(?:st|nd|rd|th)\b", lambda found: ordinal(int(found[1]))),
    rule(rf"{OPEN}\d+(?:\.\d+){{2,}}{SHUT}", _dotted),
    rule(rf"{OPEN}(\d+):(\d+){SHUT}", r"\1 to \2"),
    rule(r"(?<![\w.,])(\d+(?:\.\d+)?)(k|M|bn)\b", lambda f: f"{f[1]} {_LARGE[f[2]]}"),
    rule(rf"{OPEN}({YEAR}){SHUT}", lambda found: year(int(found[1]))),
    rule(rf"{OPEN}{NUMBER}{SHUT}", lambda found: number(found[0])),
)
