"""What stands between two texts that follow each other."""

from __future__ import annotations

import re

from audiopipe.text.breaks import line_breaks

_PHRASED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_NEAR = 60


def is_phrased(character: str) -> bool:
    """Whether the character is of a script whose spaces part phrases, not words: Thai, Lao,
    Burmese, Khmer."""
    return bool(_PHRASED.match(character))


def joint(before: str, after: str) -> str:
    """A space where two phrases of such a script meet without one, else nothing.

    Recognisers give such phrases as segments without any space. What is cut inside a word stays
    one word.
    """
    last, first = before[-1:], after[:1]
    if not (is_phrased(last) and is_phrased(first)):
        return ""
    near = before[-_NEAR:]
    return " " if len(near) in line_breaks(near + after[:_NEAR]) else ""
