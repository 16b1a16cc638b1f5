"""Words in the International Phonetic Alphabet, for voices whose texts may hold them.

Kokoro's family reads `[word](/sounds/)` in the letters of Misaki, which writes English diphthongs
and affricates as one (github.com/hexgrad/misaki, EN_PHONES.md).
"""

from __future__ import annotations

import re

from audiopipe.errors import UsageError

_LETTERS = frozenset("ˈˌ bdfhijklmnpstuvwzðŋɑɔəɛɜɡɪɹʃʊʌʒʤʧθAIWYᵊæOᵻɾaQɒː")
_PLAIN = {"t\u0361ʃ": "ʧ", "tʃ": "ʧ", "d\u0361ʒ": "ʤ", "dʒ": "ʤ"}
_PLAIN |= {"eɪ": "A", "aɪ": "I", "oʊ": "O", "əʊ": "Q", "aʊ": "W", "ɔɪ": "Y"}
_PLAIN |= {"ɝ": "ɜɹ", "ɚ": "əɹ", "r": "ɹ", "g": "ɡ", "e": "ɛ", "ɫ": "l", "'": "ˈ", ".": ""}
_AMERICAN = {**_PLAIN, "əʊ": "O", "Q": "O", "ː": "", "a": "æ", "ɒ": "ɑ"}
_MARKED = re.compile(r"\[[^\]]*\]\(/([^/)]*)/\)")


def marked(word: str, ipa: str, *, is_british: bool) -> str:
    """A word with its sounds behind it, as a voice of Kokoro's family reads it.

    Args:
        word: as it is written.
        ipa: its sounds, without slashes.
        is_british: whether the voice is, which knows other vowels.

    Raises:
        UsageError: a sound that English has not.
    """
    letters = _PLAIN if is_british else _AMERICAN
    longest_first = "|".join(re.escape(each) for each in sorted(letters, key=len, reverse=True))
    sounds = re.sub(longest_first, lambda found: letters[found[0]], ipa)
    if strange := [sound for sound in sounds if sound not in _LETTERS]:
        raise UsageError(f"the lexicon's {word} => /{ipa}/: English has no sound {strange[0]!r}")
    return f"[{word}](/{sounds}/)"


def sounds_of(text: str) -> str:
    """What is heard of a text: of marked words their sounds alone."""
    return _MARKED.sub(r"\1", text)
