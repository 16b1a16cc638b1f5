"""What readers take for characters, by ICU: a letter with its marks, an emoji of several parts, a
consonant with the vowel around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

_SURROGATE = re.compile("[\ud800-\udfff]")


def cluster_ends(text: str) -> Iterator[int]:
    """Where each grapheme cluster of a text ends, in order.

    Source: Unicode Standard Annex 29.
    """
    from icu4py.breakers import CharacterBreaker

    yield from accumulate(map(len, CharacterBreaker(without_surrogates(text), "en")))


def without_surrogates(text: str) -> str:
    """The text as ICU takes it: half characters, which file names may hold, are replaced."""
    return _SURROGATE.sub("\ufffd", text)
