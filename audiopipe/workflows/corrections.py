"""What corrections come to: as a diff, and as lines of a glossary."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator

from audiopipe.text.clocks import whole_clock
from audiopipe.text.rewording import differences
from audiopipe.values.corrections import Correction, standing
from audiopipe.values.transcript import Transcript

ALIKE = 3
"""How often something is mended the same way before the glossary is to know it."""

_MOST_WORDS = 6
"""Of what was heard: more is a sentence that was said anew, and no word of a subject."""

_MARKS = " \t\n.,;:!?…\"'“”„«»()[]。、，！？؟،"


def diff(original: Transcript, corrected: Transcript, name: str) -> str:
    """Unified, a line for each segment; "" where nothing differs.

    Args:
        original: as it was heard.
        corrected: as it stands now.
        name: of its file.
    """
    old, new = _lines(original), _lines(corrected)
    return "".join(difflib.unified_diff(old, new, name, f"{name} (corrected)", n=1))


def proposals(histories: Iterable[Iterable[Correction]]) -> list[tuple[str, str]]:
    """What was heard and what is written, of what was mended three times in the same way; the most
    frequent first.

    Args:
        histories: corrections of each transcript.
    """
    seen: Counter[tuple[str, str]] = Counter()
    for history in histories:
        for each in standing(history).values():
            seen.update(_mends(each))
    return [pair for pair, count in seen.most_common() if count >= ALIKE]


def _lines(transcript: Transcript) -> list[str]:
    return [
        f"{whole_clock(each.span.start_s)} {f'{each.speaker}: ' if each.speaker else ''}"
        f"{' '.join(each.text.split())}\n"
        for each in transcript.segments
    ]


def _mends(each: Correction) -> Iterator[tuple[str, str]]:
    for change in differences(each.before, each.after):
        heard = " ".join(each.before[change.start : change.end].split()).strip(_MARKS)
        written = " ".join(change.written.split()).strip(_MARKS)
        if heard and written and heard != written and len(heard.split()) <= _MOST_WORDS:
            yield heard, written
