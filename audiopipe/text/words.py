"""How scripts tell words apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audiopipe.text.clusters import cluster_ends
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Word

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3001-\u30ff\u31f0-\u31ff"  # CJK punctuation, kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Chinese characters
    "\uff01-\uff60"  # full-width forms
    "\U00020000-\U0003ffff"  # rare Chinese characters
)
_LETTER = (
    r"[\w"
    "\u0300-\u036f"  # accents that stand by themselves
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # Hebrew points
    "\u0610-\u061a\u064b-\u065f\u0670"  # Arabic vowels
    "\u0900-\u0963\u0966-\u0dff]"  # Indian scripts, whose vowel signs are no letters to `re`
)
_WORD_START = f"(?:(?<=[{_UNSPACED}])|(?<!{_LETTER}))"
_WORD_END = f"(?:(?=[{_UNSPACED}])|(?!{_LETTER}))"
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_CLUSTERED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # vowels and tones around a consonant
    "\u0300-\u036f\u3099\u309a\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]"  # marks, variants
)
_WORD = re.compile(rf"\s*(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+)(?:\s+$)?")


def is_unspaced(character: str) -> bool:
    """Whether the character belongs to a script without spaces between words."""
    return bool(_UNSPACED_CHARACTER.match(character))


def split_words(text: str) -> list[str]:
    """The text cut into words, each with the space before it; joined they are the text again.

    In scripts without spaces each grapheme cluster stands for itself. Space after the last word
    stays with it; a text of spaces alone is one piece.
    """
    pieces = _WORD.findall(text) or ([text] if text else [])
    return list(_whole(pieces, text)) if _CLUSTERED.search(text) else pieces


def _whole(pieces: Iterable[str], text: str) -> Iterator[str]:
    """The pieces, those put together that lie in one cluster."""
    ends = set(cluster_ends(text))
    held, at = "", 0
    for piece in pieces:
        held += piece
        at += len(piece)
        if at in ends:
            yield held
            held = ""


def whole_words(phrase: str) -> str:
    """A regular expression that finds the phrase where it is no part of a longer word.

    Any space may stand between its words. In scripts without spaces it is found anywhere.
    """
    start = "" if is_unspaced(phrase[:1]) else _WORD_START
    end = "" if is_unspaced(phrase[-1:]) else _WORD_END
    return start + r"\s+".join(map(re.escape, phrase.split())) + end


LONGEST_WORD_S = 1.0
"""A word that seems to last longer is stretched over something that was not understood."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A word as one side heard it: its normal form and when it was spoken."""

    norm: str
    span: Span


def normal_form(text: str) -> str:
    """The word without case, punctuation and compatibility variants; may be empty."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] not in "PSZC")


def shared_out(text: str, span: Span) -> Iterator[Word]:
    """The words of a text, timed by their share of its characters."""
    pieces = split_words(text) or [text]
    for piece, share in zip(pieces, shares([len(piece) for piece in pieces], span), strict=True):
        yield Word(share, piece)


def shares(lengths: Sequence[int], span: Span) -> Iterator[Span]:
    """The time of a span shared out among parts by their lengths: they touch, and fill it."""
    total, done = sum(lengths) or 1, 0
    start_s = span.start_s
    for length in lengths:
        done += length
        end_s = min(span.start_s + span.duration_s * done / total, span.end_s)
        yield Span(start_s, max(start_s, end_s))
        start_s = end_s
