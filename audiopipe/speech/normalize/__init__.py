"""Text as it is read aloud: addresses, numbers and signs in words, by set rules.

Addresses become the name of their host, and what has no sound is left out, in every language. In
English all numbers are put into words. Voices of other languages read plain numbers by their own
rules, which differ (1.250 is a thousand in German): there dates, units, currencies and signs are
put into the words that Unicode's CLDR has for the language.
"""

from __future__ import annotations

import re
import unicodedata

from audiopipe.speech.normalize.rules import applied


def speakable(text: str, language: str | None) -> str:
    """A stretch of plain text, on one line, as a voice should get it.

    Args:
        text: plain text, without markup.
        language: ISO 639-1 code; None where nobody knows.
    """
    english = language == "en"
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", text))
    text = _SQUARED.sub(_unfolded, text)
    text = _WEB.sub(lambda found: found[1].replace(".", " dot ") if english else found[1], text)
    if language:
        text = text.replace("\u03bc", "\u00b5")  # of mu and the micro sign, which look the same
    if english:
        from audiopipe.speech.normalize.english import RULES

        text = applied(RULES, text)
        text = text.translate(dict.fromkeys(map(ord, _JOINERS)))
    elif language:
        from audiopipe.speech.normalize.others import rules_of

        text = applied(rules_of(language), text)
    text = "".join(c for c in text if c in _SAID or unicodedata.category(c) not in _SILENT)
    return re.sub(r"\s+([,.;:!?])(?=\s|$)|\s+", r"\1 ", text).replace("  ", " ").strip()


def _unfolded(found: re.Match[str]) -> str:
    _, *parts = unicodedata.decomposition(found[0]).split()
    return "".join(chr(int(part, 16)) for part in parts).replace("\u2215", "/").replace("ℓ", "l")


def is_silent(text: str) -> bool:
    """Whether there is nothing in a text to say."""
    return not any(character.isalnum() for character in text)


_SILENT = frozenset({"So", "Sk", "Cc", "Cn", "Co", "Cs"})
"""Emoji and other pictures, and characters that stand for nothing (Unicode's general category)."""

_SAID = "\n\t°№"
"""What is of those categories, but is said, or parts words."""

_SQUARED = re.compile("[℃℅℉\u3371-\u33df]")
"""Units in one character, such as ℃ and ㎡, which would be pictures."""

_JOINERS = "\u200d\ufe0f"
"""What joins pictures, in English; other scripts need it within words."""

_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
"""Soft hyphens and what else stands inside words without being seen."""

_WEB = re.compile(
    r"\b(?:https?://|www\.)(?:www\.)?((?:[\w-]+\.)*[\w-]+)"  # the host is what is said
    r"(?::\d+)?(?:[/?#]\S*?)?(?=[.,;:!?)\]\"'»”’]*(?:\s|$))"
)
