"""What a line states besides its words: figures, names, counts, units, and whether it denies."""

from __future__ import annotations

import re
from functools import cache

from audiopipe.conversation.jobs.heard import FIGURES, Heard, tokens
from audiopipe.text.messages import message, spelled
from audiopipe.text.words import is_unspaced


def facts_in(line: str) -> set[str]:
    """Figures, and names: words with a capital inside of a sentence, if they are no numeral."""
    names = re.findall(r"(?<=[\w,;] )(?![IVXLC]+\b)[^\W\d_a-zß-ÿ][^\W\d_]+", line)
    return {*FIGURES.findall(line), *names}


def lost(line: str, after: str, language: str | None) -> set[str]:
    """What a line states and another no longer does, in its words; in no order.

    Args:
        line: what was said.
        after: what is made of it.
        language: ISO 639-1 code of both; None is taken for English.
    """
    code, heard = language or "en", Heard(after, language)
    facts = {fact for fact in facts_in(line) if heard.unsaid(fact)}
    counts = set(tokens(line)) & _counting(code)
    facts |= {count for count in counts if not heard.says_word(count)}
    less = spelled(-1, code).removesuffix(spelled(1, code)).strip()
    if less in tokens(line) and not heard.has(less) and not re.search(r"[-−–]\s?\W?\d", after):
        facts.add(less)
    if after.strip():
        facts |= _units(line, code) - _units(after, code)
        denied = _denials(line, code)
        facts |= denied if denied and not _denials(after, code) else set()
    return facts


def added(line: str, after: str, language: str | None) -> set[str]:
    """What another line states that this one does not; arguments as in `lost`."""
    code, heard = language or "en", Heard(line, language)
    facts = {fact for fact in facts_in(after) if heard.unsaid(fact)}
    facts |= _units(after, code) - _units(line, code)
    return facts if _denials(line, code) else facts | _denials(after, code)


def units_in(text: str, language: str | None) -> set[str]:
    """The words of all units in a text, be they there as signs."""
    code = language or "en"
    forms = _forms(code)
    return {word for name in _units(text, code) for form in forms[name][0] for word in form}


@cache
def _counting(language: str) -> frozenset[str]:
    """Numbers that are one word, but for one, which is no more than an article."""
    words = (tokens(spelled(n, language)) for n in range(2, 1001))
    units = {word for forms, _ in _forms(language).values() for form in forms for word in form}
    return frozenset(each[0] for each in words if len(each) == 1) - units


_MEASURED = (
    "percent kilometer meter mile foot kilogram gram liter minute hour day week month year"
).split()
_PAID = ("EUR", "USD CAD", "GBP EGP")
"""What dollars are called is what those of two countries have in common."""


@cache
def _forms(language: str) -> dict[str, tuple[frozenset[frozenset[str]], str]]:
    """Units by name: the words of each form, and their sign, which stands beside a number."""
    forms = {}
    for unit in _MEASURED:
        full = _written(f"unit/{unit} unit-width-full-name", language)
        words = frozenset(frozenset(tokens(each)) for each in full)
        forms[full[-1]] = words, _written(f"unit/{unit}", language)[0]
    for codes in _PAID:
        each = [_written(f"currency/{x} unit-width-full-name", language) for x in codes.split()]
        shared = frozenset.intersection(*(frozenset(tokens(" ".join(full))) for full in each))
        sign = _written(f"currency/{codes[:3]} unit-width-narrow .##", language)[0]
        forms[max(shared, default=sign)] = frozenset(frozenset([word]) for word in shared), sign
    return forms


def _written(skeleton: str, language: str) -> list[str]:
    """What stands beside one, two and five."""
    named = message(f"{{n,number,::{skeleton} latin}}", language)
    return [re.sub(r"[\d.,\s]", " ", str(named.format({"n": n}))).strip() for n in (1, 2, 5)]


def _units(text: str, language: str) -> set[str]:
    """The units in a text; none in scripts without spaces, where signs hide in words."""
    said = set(tokens(text))
    if any(is_unspaced(word[0]) for word in said):
        return set()
    return {
        name
        for name, (forms, sign) in _forms(language).items()
        if any(form <= said for form in forms) or _beside(sign, text)
    }


def _beside(sign: str, text: str) -> bool:
    """Whether a sign stands behind a number, or, if it is no letter, before one."""
    found = re.search(rf"\d\s?{re.escape(sign)}(?!\w)", text)
    return bool(found or (not sign.isalpha() and re.search(rf"{re.escape(sign)}\s?\d", text)))


_DENIALS = {
    "en": r"\b(?:not|never|cannot|nothing|nobody|none|without|neither|nor)\b|\w+n['’]t\b"
    r"|(?<=[a-z] )(?<!no )no(?= (?!no\b)[a-z])",
    "de": r"\b(?:nicht|nichts|nie|niemals|niemand\w*|kein\w*|ohne|weder)\b",
    "fr": r"\b(?:pas|jamais|rien|aucune?|personne|sans|ni)\b",
    "es": r"\b(?:nunca|nada|nadie|ning[uú]n\w*|sin|tampoco|no(?= \w)(?! no\b))\b",
    "it": r"\b(?:non|mai|niente|nulla|nessun\w*|senza|né)\b",
    "pt": r"\b(?:nunca|nada|ninguém|nenhum\w*|sem|nem|não(?= \w)(?! não\b))\b",
    "nl": r"\b(?:niet|niets|nooit|niemand|geen|zonder)\b",
    "sv": r"\b(?:inte|aldrig|ingen|inget|inga|utan)\b",
    "da": r"\b(?:ikke|aldrig|ingen|intet|uden)\b",
    "no": r"\b(?:ikke|aldri|ingen|intet|uten)\b",
    "pl": r"\b(?:nie(?= \w)|nigdy|nic|nikt|bez|żad\w+)\b",
    "ru": r"\b(?:не|ни|никогда|ничего|никто|без)\b",
    "uk": r"\b(?:не|ні|ніколи|нічого|ніхто|без)\b",
    "ja": r"ない|ません|なかっ",
    "zh": r"不|没|沒|无|無|未|别|別",
    "ko": r"않|없|못|아니",
    "hi": r"नहीं|मत |बिना",
}
"""Words that deny; of a sentence cleaned up, the last of them must not go, nor a first one come."""


def _denials(text: str, language: str) -> set[str]:
    pattern = _DENIALS.get(language)
    return set(re.findall(pattern, text.casefold())) if pattern else set()
