"""Prompts: what a recogniser is told beforehand, within what it reads of it."""

from __future__ import annotations

from collections.abc import Iterable

from audiopipe.text.tokens import tokens_about
from audiopipe.text.words import split_words

MOST_PROMPT_CHARACTERS = 896
"""Groq refuses a longer prompt."""

MOST_PROMPT_TOKENS = 224
"""Half of Whisper's context; of a longer prompt the model reads the end only."""


def with_terms(prompt: str, terms: Iterable[str]) -> tuple[str, int]:
    """The prompt and after it a list of terms, within the limits.

    Args:
        prompt: stays whole.
        terms: the most important first. The list has that one last: where the rule of thumb for
            tokens is too low, Whisper reads the end of the prompt.

    Returns:
        The longer prompt, and how many terms found no room in it.
    """
    listed: list[str] = []
    left_out = 0
    for term in terms:
        if _fits(_joined(prompt, [term, *listed])):
            listed.insert(0, term)
        else:
            left_out += 1
    return _joined(prompt, listed), left_out


def with_tail(prompt: str, text: str) -> str:
    """The prompt and after it the end of a text, in whole words, as far as there is room."""
    longer, tail = prompt, ""
    for word in reversed(split_words(text)):
        tail = word + tail
        if not _fits(candidate := f"{prompt} {tail.strip()}".strip()):
            break
        longer = candidate
    return longer


def _joined(prompt: str, terms: list[str]) -> str:
    return f"{prompt} {', '.join(terms)}".strip() if terms else prompt


def _fits(prompt: str) -> bool:
    return len(prompt) <= MOST_PROMPT_CHARACTERS and tokens_about(prompt) <= MOST_PROMPT_TOKENS
