"""Where a line may end: Unicode's boundaries, as ICU finds them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate

from audiopipe.text.clusters import without_surrogates
from audiopipe.text.words import is_unspaced

_LOCALE = "en@lb=strict"
"""Strict: no small kana and no long vowel mark at the head of a line, as JIS X 4051 has it."""


LOOSE = "\u200b་།"
"""After these a line may end in scripts that put spaces between phrases alone."""

NEVER_FIRST = (
    "、。，．：；！？）」』】》〉〕｝〙〛〗ヽヾーァィゥェォッャュョヮヵヶぁぃぅぇぉっゃゅょゎゕゖ々〻‥…・"
    "ㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ゛゜ゝゞ”’%％‰!?,.:;)]}»\"'"
)
NEVER_LAST = "（「『【《〈〔｛〘〚〖“‘([{«$￥£\"'"


def line_breaks(text: str) -> Iterator[int]:
    """Where a line may end inside a text, in order: after spaces, and between the words of scripts
    without spaces; never inside a grapheme cluster, nor beside what clings to a line.

    ICU knows the words of Chinese, Japanese, Thai, Lao, Khmer and Burmese from dictionaries. A
    hyphen, a slash or a dash inside a word is no place to break.

    Source: Unicode Standard Annexes 14 (lines) and 29 (words and clusters).
    """
    if text.isascii():
        yield from (match.end() for match in re.finditer(r"\S\s+(?=\S)", text))
        return
    from icu4py.breakers import LineBreaker, WordBreaker

    whole = without_surrogates(text)
    words = set(accumulate(map(len, WordBreaker(whole, _LOCALE))))
    for place in accumulate(map(len, LineBreaker(whole, _LOCALE))):
        if place in words and place < len(text) and parts_at(text[place - 1], text[place]):
            yield place


def may_part(before: str, after: str) -> bool:
    """Whether a line may end between two characters as far as they alone tell: a rule for places
    where no dictionary is asked.

    Source: JIS X 4051 and UAX 14, what no line begins or ends with.
    """
    clings = after in NEVER_FIRST or before in NEVER_LAST or unicodedata.category(after)[0] == "M"
    return not clings and parts_at(before, after)


def parts_at(before: str, after: str) -> bool:
    """Whether a line may end between two characters without a word losing its second half."""
    return before.isspace() or before in LOOSE or is_unspaced(before) or is_unspaced(after)
