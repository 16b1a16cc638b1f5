"""Full stops: which of them end a sentence, and which an abbreviation."""

from __future__ import annotations

import re
from itertools import accumulate

from audiopipe.text.clusters import without_surrogates

TITLES = frozenset(
    "Mr Mrs Ms Mx Dr Drs Prof Rev Hon St Ste Sta Sto Mt Ft Gen Col Maj Capt Lt Sgt Cmdr Gov Sen "
    "Mme Mmes Mlle Mlles MM Mgr Hr Frl Sr Sra Srta Sig Dott Dhr Mevr Mej Av Avda डॉ श्री".split()
)
"""What stands before a name, and so never at the end of a sentence, in whatever language it is
used: sentencex has each for some languages only."""

_STOPPED = re.compile(r"(?<![\w'’-])((?:[^\W\d_]|[\u0900-\u0963])+)\.$")
_REFUSAL = re.compile(r"\b[Nn]o\.(?=\s+[^\W\d])")
"""An answer, which sentencex takes for the short form of number."""

_QUOTE = re.compile("[\"“”„«»‹›()\\[\\]{}<>（）「」『』【】《》〈〉]|(?<!\\w)['‘’‚‛]")
"""Inside of these sentencex sees no sentences: what is quoted has full stops too."""

_NEXT = re.compile(r"\s*(\S)")
_LONGEST = 12


def sentence_ends(text: str, language: str | None) -> set[int]:
    """The places right after the sentences of a text, before the space that follows.

    Args:
        text: of one speaker.
        language: ISO 639-1 code; without one the rules of English hold.
    """
    return {place for place in _ends(text, language) if not _points_on(text, place)}


def closing_stops(text: str, language: str | None) -> set[int]:
    """The places right after the full stops that end a sentence, those of a quotation and in
    brackets too; the other full stops belong to what follows. Arguments as of `sentence_ends`."""
    ends = _ends(_QUOTE.sub(" ", text), language)
    return {place for place in ends if not _points_on(text, place)}


def _ends(text: str, language: str | None) -> set[int]:
    from sentencex import segment

    ends = accumulate(map(len, segment(language or "en", without_surrogates(text))))
    places = {end - _spaces_before(text, end) for end in ends}
    return places | {match.end() for match in _REFUSAL.finditer(text)}


def _spaces_before(text: str, end: int) -> int:
    near = text[max(0, end - _LONGEST) : end]
    return len(near) - len(near.rstrip())


def _points_on(text: str, place: int) -> bool:
    """Whether a full stop before the place belongs to what follows: a title, an initial, or
    something that goes on in small letters."""
    following = _NEXT.match(text, place)
    if text[place - 1 : place] != "." or not following:
        return False
    word = _STOPPED.search(text[max(0, place - _LONGEST) : place])
    return following[1].islower() or bool(word and (len(word[1]) == 1 or word[1] in TITLES))
