"""Signs and abbreviations in English words."""

from __future__ import annotations

from audiopipe.speech.normalize.rules import NUMBER, rule
from audiopipe.speech.numerals import number

_GREEK = dict(
    pair.split("=")
    for pair in (
        "α=alpha,β=beta,γ=gamma,δ=delta,ε=epsilon,η=eta,θ=theta,κ=kappa,λ=lambda,ν=nu,π=pi,ρ=rho,"
        "σ=sigma,τ=tau,φ=phi,χ=chi,ψ=psi,ω=omega,Γ=gamma,Δ=delta,Θ=theta,Λ=lambda,Π=pi,Σ=sigma,"
        "Φ=phi,Ψ=psi,Ω=omega,µ=micro"
    ).split(",")
)
"""Letters that stand by themselves, as in formulas."""

_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_WEEKDAY = "|".join(rf"{day}|{day[:3]}(?:r|rs|s|nes)?\.?" for day in _WEEKDAYS)
_LETTER = r"[^\W\d_]"
_LENGTH = "km|mm|cm|m|µm|nm|inch(?:es)?|in|feet|ft|yd|met(?:er|re)s|pixels|px"
_MONEY = "[$€£¥₹₩₽₿]"


def _weekday(short: str) -> str:
    return next(day for day in _WEEKDAYS if day[:3] == short[:3])


COMPARED = {
    r"<=|≤": ("is at most", "at most"),
    r">=|≥": ("is at least", "at least"),
    r"!=|≠": ("is not equal to", "not equal to"),
    r"≈": ("is about", "about"),
    r"<": ("is less than", "less than"),
    r">": ("is more than", "more than"),
}

NAMES = (
    rule(r"\[\d+(?:[,–-]\s?\d+)*\]", ""),  # references to notes
    rule(
        r"\b[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,9}[a-z]{2,63}\b",
        lambda found: found[0].replace("@", " at ").replace(".", " dot "),
    ),
    rule(
        r"\b((?:[a-z0-9-]{1,63}\.){1,9}(?:com|org|net|edu|gov|io)\b)(?:/(?:[^\s,;!)\]]*[\w/])?)?",
        lambda found: found[1].replace(".", " dot "),
    ),
    rule(r"(?<![^\s(\"'])\.(?=[A-Z]{2}|[a-z]{2,5}\b)", "dot "),
    rule(r"(?<!\w)@(?=[A-Za-z])", "at "),
    rule(r"(?<!\w)#(?=[A-Za-z])", "hashtag "),
    rule(r"\b([A-Z])\+\+(?![A-Za-z])", r"\1 plus plus "),
    rule(r"\b([CFJ])#(?!\w)", r"\1 sharp"),
    rule(r"(?<=[A-Z])&(?=[A-Z])", " and "),
    rule(r"\bv(?=\d+\.\d)", "version "),
    rule(r"\band/or\b", "and or"),
    rule(r"\bw/o\b", "without"),
    rule(r"\bw/(?=\s)", "with"),
)
SHORT = (
    rule(r"\bProf\.(?=\s[A-Z])", "Professor"),
    rule(r"\bAve\.", "Avenue"),
    rule(r"\be\.\s?g\.,?", "for example"),
    rule(r"\bi\.\s?e\.,?", "that is"),
    rule(r"\bvs\.?(?=\s)", "versus"),
    rule(r"\betc\.", "et cetera"),
    rule(r"\bapprox\.", "approximately"),
    rule(r"\bca?\.\s?(?=\d)", "circa "),
    rule(r"\b([Ff])ig\.\s?(?=\d)", r"\1igure "),
    rule(r"\b([Vv])ol\.\s?(?=\d)", r"\1olume "),
    rule(r"\bpp\.\s?(?=\d)", "pages "),
    rule(r"\bp\.\s?(?=\d)", "page "),
    rule(r"§§\s?(?=\d)", "sections "),
    rule(r"§\s?(?=\d)", "section "),
    rule(r"(?:\b(?:No|Nr)\.\s?|№\s?|\b[Nn]umber\s#|#)(?=\d)", "number "),
)
BETWEEN = (
    rule(rf"(?<=\d)(?=[{''.join(_GREEK)}](?!\w))", " "),
    rule(r"\bT-(?=\d)", "T minus "),
    rule(r"\s?(?:->|→)\s?", " to "),
    rule(
        rf"\b({_WEEKDAY})\s?[–-]\s?({_WEEKDAY})(?!\w)",
        lambda found: f"{_weekday(found[1])} to {_weekday(found[2])}",
    ),
    rule(r"(?<=\s)[=](?=\s)", "equals"),
    rule(r"(?<=\w)\s?=\s?(?=[-−]?\w)", " equals "),
    rule(r"(?<=\d)\s?\*\s?(?=\d)", " times "),
    rule(rf"(?<![\d.,])({NUMBER}\s?(?:{_LENGTH}))\s?[×x]\s?(?={NUMBER})", r"\1 by "),
    rule(
        rf"(?<![\w.,])({NUMBER})\s?[×x]\s?(?={NUMBER}(?:\s?[×x]\s?{NUMBER})*\s?(?:{_LENGTH})(?!\w))",
        lambda found: f"{number(found[1])} by ",
    ),
    rule(rf"(?<![\d.,])(?!0x)({NUMBER})[×x](?=\d)", lambda found: f"{number(found[1])} by "),
    rule(r"(?<=\d)x(?!\w)", " times"),
    rule(r"(?<=\d)\s−\s?(?=\d)", " minus "),
    rule(rf"(?<![\w.)\]%])[-−–](?=\s?(?:[A-Z]{{0,2}}{_MONEY})?\.?\d)", "minus "),
    rule(r"(?<![\w+])\+(?=\d)", "plus "),
)
LAST = (
    *(
        each
        for sign, (between, before) in COMPARED.items()
        for each in (
            rule(rf"(?<=\w)(?:\s)?(?:{sign})\s?(?=[\w√∞])", f" {between} "),
            rule(rf"(?:{sign})\s?(?=\w)", f"{before} "),
        )
    ),
    rule(r"(?<![\w~])~\s?(?=[$€£]?\w)(?!\w+~)", "about "),
    rule(r"√\s?(?=\w|\()", "the square root of "),
    rule("∞", "infinity"),
    rule(r"\s?±\s?", " plus or minus "),
    rule(r"(?<=\s)&(?=\s)", "and"),
    rule(r"(?<=[a-z])&(?=[a-z])", " and "),
    rule(r"\s?[×]\s?", " times "),
    rule(r"(?<=\d)\s?[·⋅]\s?(?=\w)|(?<=\b[a-z])\s?[·⋅]\s?(?=[a-z]\b)", " times "),
    rule(r"\s?÷\s?", " divided by "),
    rule(r"(?<=\w)\s−\s(?=\w)", " minus "),
    rule(r"(?<=\w)\s?\+\s?(?=\w)", " plus "),
    rule(r"(?<=\w)\+(?=\s|$)", " plus"),
    rule(
        rf"(?<!{_LETTER})([{''.join(_GREEK)}])(?=[A-Z]?(?!{_LETTER}))",
        lambda found: f" {_GREEK[found[0]]} ",
    ),
)
