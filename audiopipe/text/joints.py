"""What stands between two texts that follow each other."""

from __future__ import annotations

import re

from audiopipe.text.breaks import line_breaks

_PHRASED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")


def is_phrased(character: str) -> bool:
    """Whether the character is of a script whose spaces part phrases, not words: Thai, Lao,
    Burmese, Khmer."""
    return bool(_PHRASED.match(character))


def lacks_space(text: str, place: int) -> bool:
    """Whether two phrases of such a script would meet at a place without a space between them.

    Recognisers give phrases as segments without any space.
    """
    return place > 0 and is_phrased(text[place - 1]) and is_phrased(text[place : place + 1])


def meets(before: str, after: str) -> bool:
    """Whether a line may end where two texts meet, neither of them empty: at a space, and between
    words."""
    if before[-1].isspace() or after[0].isspace():
        return True
    return len(before) in line_breaks(before + after)


def joint(before: str, after: str) -> str:
    """A space where two phrases meet without one, else nothing: what is cut inside a word stays
    one word.
    """
    lacks = lacks_space(before + after, len(before))
    return " " if lacks and meets(before, after) else ""
