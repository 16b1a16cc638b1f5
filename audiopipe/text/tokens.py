"""About how many tokens a text is, where no tokenizer is at hand."""

from __future__ import annotations

_ENGLISH_BYTES = 4
_FEWEST_BYTES = 3


def tokens_about(text: str) -> int:
    """About how many: four bytes of UTF-8 each, the rule of thumb for English.

    It is about right for other alphabets, whose letters take more bytes and more tokens.
    """
    return _parts(text, _ENGLISH_BYTES)


def tokens_at_most(text: str) -> int:
    """Rather more than there are: three bytes each, for what has to find room in a context."""
    return _parts(text, _FEWEST_BYTES)


def _parts(text: str, size: int) -> int:
    return -(-len(text.encode("utf-8", "surrogatepass")) // size)
