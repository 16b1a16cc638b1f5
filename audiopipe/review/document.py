"""A transcript as data of the page: small, and such that the page writes every format to the byte.

Numbers stand as Python shows them, in columns, for the page copies them. What a browser cannot know
comes with them: where ICU ends lines, which full stops end no sentence, how wide a character is.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from functools import cache
from itertools import pairwise
from typing import Any

from audiopipe.render import render
from audiopipe.render.as_md import flag_line, made_by
from audiopipe.render.corrections import row_of
from audiopipe.render.drafts import turns
from audiopipe.render.joins import shown_text, space_between
from audiopipe.render.passages import gap_text, one_line, title
from audiopipe.render.pinned import pinned
from audiopipe.render.units import CLAUSE_ENDS, CLOSING, PAIRED, SENTENCE_ENDS
from audiopipe.review.sound import SILENT, Sound
from audiopipe.settings import SubtitleSettings
from audiopipe.text.breaks import LOOSE, NEVER_FIRST, NEVER_LAST
from audiopipe.text.stops import TITLES, closing_stops, sentence_ends
from audiopipe.values.corrections import Correction
from audiopipe.values.flags import TABLE
from audiopipe.values.transcript import Segment, Transcript

_MEASURES = ("temperature", "avg_logprob", "compression_ratio", "no_speech_prob")
_ADVICE = {kind.name: kind.advice for kind in TABLE}
_STOPPED = re.compile(r"((?:[^\W\d_]|[\u0900-\u0963]){1,8})\.")
_ABBREVIATIONS = (
    "abs art bd ca cf cap chap ch cit co col corp def dept dir ed eds ej eng esp est et etc ex exc "
    "f ff fig figs fr ibid inc ing jr ltd max min misc mt n nn no nos nr num op p pp pag para pl "
    "pos pp ps ref resp s sec seq sg sr ss st tel usw v vgl vol vols vs z zb zt bzw inkl evtl ggf "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun approx dept "
    "Abs Art Bd Ca Cf Cap Chap Co Col Corp Dept Dir Ed Eng Fig Figs Inc Jr Ltd Max Min Mt No Nos "
    "Nr Op P Pp Para Prof Ref Sec Sr St Tel Vol Vols Vs Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct "
    "Nov Dec Mon Tue Wed Thu Fri Sat Sun Ave Blvd Rd Sen Rep Gov Bros"
).split()
"""Words that may be short forms; which of them are, in a language, the splitter is asked."""


def document(
    transcript: Transcript,
    corrections: Sequence[Correction],
    settings: SubtitleSettings,
    file: str,
    identity: str,
    sound: Sound = SILENT,
) -> dict[str, Any]:
    """Everything that the page needs of a transcript.

    Args:
        transcript: the original.
        corrections: those that stand beside it.
        settings: how subtitles look.
        file: the name of its file.
        identity: what tells it from every other; the page keeps what is under way by it.
        sound: its recording.
    """
    segments = transcript.segments
    head, tail = _frame(transcript)
    return {
        "id": identity,
        "file": file,
        "title": title(transcript),
        "madeBy": made_by(transcript),
        "lang": transcript.language or "",
        "duration": transcript.duration_s,
        "head": head,
        "tail": tail,
        "subtitles": {each.name: getattr(settings, each.name) for each in fields(SubtitleSettings)},
        "text": [segment.text for segment in segments],
        "start": _column(segment.span.start_s for segment in segments),
        "end": _column(segment.span.end_s for segment in segments),
        "seek": _column(segment.seek for segment in segments),
        **{name: _column(getattr(each, name) for each in segments) for name in _MEASURES},
        "speaker": _known([segment.speaker for segment in segments]),
        "language_of": _known([segment.language for segment in segments]),
        "tokens": _known([" ".join(map(str, segment.tokens)) or None for segment in segments]),
        "breaks": _breaks(transcript),
        "told": [n for n, segment in enumerate(segments) if segment.breaks is not None],
        "stops": _stops(transcript),
        "joints": _joints(segments),
        "short": sorted({*_usual(transcript.language), *_own(transcript)}),
        "words": _words(segments),
        "flags": [_flag(each) for each in transcript.flags],
        "failures": [
            {"start": each.span.start_s, "end": each.span.end_s, "gap": gap_text(each)}
            for each in transcript.failures
        ],
        "repairs": [_spanned(asdict(each)) for each in transcript.repairs],
        "audio": sound.address,
        "peaks": base64.b64encode(sound.peaks).decode(),
        "chapters": [{"title": each.title, "start": each.span.start_s} for each in sound.chapters],
        "corrections": [row_of(each) for each in corrections],
    }


@cache
def tables() -> Mapping[str, Any]:
    """What the page has to know of characters."""
    return {
        "wide": _ranges(lambda c: unicodedata.east_asian_width(c) in "WF"),
        "zero": _ranges(lambda c: unicodedata.category(c) in ("Mn", "Me", "Cf")),
        "titles": sorted(TITLES),
        "closing": CLOSING,
        "sentenceEnds": "".join(sorted(SENTENCE_ENDS)),
        "clauseEnds": "".join(sorted(CLAUSE_ENDS)),
        "paired": "".join(sorted(PAIRED)),
        "loose": LOOSE,
        "neverFirst": NEVER_FIRST,
        "neverLast": NEVER_LAST,
    }


@cache
def _usual(language: str | None) -> frozenset[str]:
    """The usual short forms of a language."""
    return frozenset(_short_forms(_ABBREVIATIONS, language))


def _own(transcript: Transcript) -> Iterator[str]:
    """Those of the words before full stops that are short forms."""
    words = {word for each in transcript.segments for word in _STOPPED.findall(each.text)}
    return _short_forms(words, transcript.language)


def _ends_short(text: str, language: str | None) -> bool:
    """Whether a text ends with a short form: a sentence only as long as nothing follows."""
    near = text.rstrip()[-12:]
    last = [match for match in _STOPPED.finditer(near) if match.end() == len(near)]
    return any(_short_forms((match[1] for match in last), language))


def _short_forms(words: Iterable[str], language: str | None) -> Iterator[str]:
    for word in words:
        if len(word) + 3 not in sentence_ends(f"A {word}. Then", language):
            yield word


def _ranges(holds: Callable[[str], bool]) -> list[int]:
    """First and last code points of the runs for which it holds."""
    found: list[int] = []
    for code in range(0x80, sys.maxunicode + 1):
        if holds(chr(code)):
            if found and found[-1] == code - 1:
                found[-1] = code
            else:
                found += [code, code]
    return found


def _breaks(transcript: Transcript) -> dict[int, list[int]]:
    """Where the lines of each segment may end, if that is not after spaces; places in UTF-16."""
    return {
        n: _utf16(list(each.breaks), each.text)
        for n, each in enumerate(pinned(transcript))
        if each.breaks is not None
    }


def _stops(transcript: Transcript) -> dict[int, list[int]]:
    """Which full stops of each segment end no sentence; places in UTF-16."""
    number = {id(segment): n for n, segment in enumerate(transcript.segments)}
    stops: dict[int, list[int]] = {}
    for turn in turns(transcript):
        said = [part for part in turn.parts if isinstance(part, Segment)]
        text = "".join(map(shown_text, said))
        closed = closing_stops(text, transcript.language)
        opened = [m.end() for m in re.finditer(r"\.", text) if m.end() not in closed]
        if _ends_short(text, transcript.language):
            opened.append(len(text.rstrip()))
        at = 0
        for segment in said:
            end = at + len(segment.text)
            if held := [place - at for place in opened if at < place <= end]:
                stops[number[id(segment)]] = _utf16(held, segment.text)
            at = end
    return stops


def _joints(segments: Sequence[Segment]) -> dict[int, str]:
    """The space that is lacking before each segment."""
    seen = [(n, each) for n, each in enumerate(segments) if one_line(each.text)]
    pairs = ((n, space_between(before, after)) for (_, before), (n, after) in pairwise(seen))
    return {n: space for n, space in pairs if space}


def _utf16(places: list[int], text: str) -> list[int]:
    if text.isascii() or max(text) < "\U00010000":
        return places
    return [len(text[:place].encode("utf-16-le", "surrogatepass")) // 2 for place in places]


def _frame(transcript: Transcript) -> tuple[str, str]:
    """The lines of our json before its text, and those behind its words."""
    bare = Transcript(
        **{each.name: getattr(transcript, each.name) for each in fields(Transcript)}
        | {"segments": ()}
    )
    lines = render(bare, "json")
    head, tail = lines.split(',\n  "text": "",\n  "segments": [],\n  "words": [],\n', 1)
    return head.removeprefix("{\n"), tail.removesuffix("\n}\n")


def _words(segments: Sequence[Segment]) -> dict[str, list[str]]:
    """A text for each segment: the page takes apart only those that it shows."""
    return {
        "lengths": [_column(_units(word.text) for word in each.words) for each in segments],
        "start": [_column(word.span.start_s for word in each.words) for each in segments],
        "end": [_column(word.span.end_s for word in each.words) for each in segments],
        "probability": _sure(segments),
    }


def _sure(segments: Sequence[Segment]) -> list[str]:
    """Of each segment how sure its words are; nothing at all where that is known of none."""
    known = [[word.probability for word in each.words] for each in segments]
    if all(value is None for values in known for value in values):
        return []
    return [_column(values, "") for values in known]


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _column(values: Iterable[float | None], unknown: str = "null") -> str:
    return ",".join(unknown if value is None else json.dumps(value) for value in values)


def _known(values: list[str | None]) -> list[str | None] | None:
    return values if any(value is not None for value in values) else None


def _flag(flag: Any) -> dict[str, Any]:
    advice = _ADVICE.get(flag.kind, "")
    return _spanned(asdict(flag)) | {"advice": advice, "md": flag_line(flag)}


def _spanned(row: dict[str, Any]) -> dict[str, Any]:
    span = row.pop("span")
    return {"start": span["start_s"], "end": span["end_s"], **row}
