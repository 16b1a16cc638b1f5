"""Where what we hear differs from the truth, and from what ffmpeg hears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from audiopipe.stages.prepare import LEAST_S
from media.case import Case
from media.listen import Ours, Sound, Theirs
from media.tonecode import RATE_HZ, Spoken

EXACT_S = 0.001
"""More than this is a shift."""

_COVER_S = 0.15
"""How much a told loss may differ from the words that it costs: codecs know frames, not words, and
the first frames behind a hole have borrowed bits from it."""

_LONGER_S = 0.3
"""Silence that may follow what is heard: codecs pad."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference.

    Attributes:
        kind: `missing`, `untold`, `beyond` (what is told of), `doubled`, `shifted`, `phantom`,
            `longer`, `unlike`, `refused`, `raised`, `hung`, `crashed`, `foreign`, `accepted`,
            `left out`.
        as_ffmpeg: whether ffmpeg has the same.
        by_s: how far the farthest word is from its place; of what is untold, how far it reaches
            beyond the end of what is heard.
    """

    kind: str
    detail: str
    as_ffmpeg: bool = False
    by_s: float = 0.0


def judge(case: Case | None, ours: Ours, theirs: Theirs | None) -> list[Finding]:
    """All differences of one file, each kind once."""
    if ours.outcome not in ("read", "refused"):
        return [Finding(ours.outcome.split()[0], f"{ours.outcome}: {ours.said[-200:]}")]
    found = [] if ours.outcome == "refused" else _foreign(ours)
    coded = case is not None and (case.words or case.perhaps or case.refused)
    if case is not None and coded:
        return [*found, *_by_words(case, ours, theirs)]
    if theirs is None:
        return found
    return [*found, *_by_waves(ours, theirs)]


def _foreign(ours: Ours) -> list[Finding]:
    return [Finding("foreign", f"on stderr: {ours.said[:200]!r}")] if ours.said else []


def _by_words(case: Case, ours: Ours, theirs: Theirs | None) -> Iterator[Finding]:
    plain = theirs.plain_words if theirs else ()
    if ours.outcome == "refused":
        if case.refused not in ours.said or not (case.refused or not (plain or case.whole)):
            yield Finding("refused", f"{ours.said}; ffmpeg hears {len(plain)}", not plain)
        return
    if case.refused:
        yield Finding("accepted", f"{len(ours.words)} words, {len(ours.sound) / RATE_HZ:.1f} s")
        return
    yield from _missing(case, ours, theirs)
    yield from _misplaced(case, ours, theirs)
    yield from _phantoms(case, ours)
    yield from _longer(case, ours, theirs)


def _missing(case: Case, ours: Ours, theirs: Theirs | None) -> Iterator[Finding]:
    have = {word.number for word in ours.words}
    known = {word.number for word in theirs.plain_words} if theirs else set()
    clocked = {word.number for word in theirs.clocked_words} if theirs else set()
    # What ffmpeg makes of both ends of a hole only as long as none is left between them.
    edges = {word.number for word in case.words if _covered(word, ours.losses)} - clocked
    heard = [number for number in known - have - edges if _is_ours(case, number)]
    if heard:
        told = "told as lost" if ours.losses else "not told"
        yield Finding("missing", f"words {_numbers(heard)} that ffmpeg hears, {told}")
    untold = [
        word
        for word in case.words
        if word.number not in have | known and not _covered(word, ours.losses)
    ]
    if untold:
        told = ", ".join(f"{start:.2f}-{end:.2f}" for start, end in ours.losses) or "nothing"
        where = f"{untold[0].start_s:.2f} to {untold[-1].end_s:.2f} s"
        numbers = _numbers(word.number for word in untold)
        beyond_s = untold[-1].end_s - len(ours.sound) / RATE_HZ
        detail = f"words {numbers} of {where}; told of: {told}"
        yield Finding("beyond" if ours.losses else "untold", detail, theirs is not None, beyond_s)


def _misplaced(case: Case, ours: Ours, theirs: Theirs | None) -> Iterator[Finding]:
    spoken = _places(case.words)
    clocked = _places(theirs.clocked_words if theirs else ())
    plain = _places(theirs.plain_words if theirs else ())
    off, doubled, as_ffmpeg = [], [], True
    for number, starts in _places(ours.words).items():
        right = spoken.get(number, [])
        if not right or not case.exact:
            right = right + clocked.get(number, []) + plain.get(number, [])
        for start_s in starts if right else ():
            if not _near(start_s, right):
                off.append((number, start_s, _nearest(start_s, right)))
                as_ffmpeg = as_ffmpeg and _near(start_s, clocked.get(number, []))
        if len(starts) > max(1, len(clocked.get(number, []))):
            doubled.append(number)
    if doubled:
        yield Finding("doubled", f"words {_numbers(doubled)}")
    if off:
        number, start_s, right_s = off[0]
        detail = f"{len(off)} words, first {number}: of {right_s:.4f} s heard at {start_s:.4f} s"
        detail += f" ({1000 * (start_s - right_s):+.1f} ms)"
        by_s = max(abs(at - right) for _, at, right in off)
        yield Finding("shifted", detail, as_ffmpeg, by_s)


def _phantoms(case: Case, ours: Ours) -> Iterator[Finding]:
    spans = ", ".join(f"{start:.2f}-{end:.2f}" for start, end in ours.losses)
    if case.whole and ours.losses:
        yield Finding("phantom", f"told as lost: {spans}; nothing is")
        return
    within = [
        word.number
        for word in ours.words
        for start, end in ours.losses
        if start + EXACT_S < word.start_s and word.end_s < end - EXACT_S
    ]
    if within:
        yield Finding("phantom", f"words {_numbers(within)} are heard within {spans}, told as lost")


def _longer(case: Case, ours: Ours, theirs: Theirs | None) -> Iterator[Finding]:
    length_s = len(ours.sound) / RATE_HZ
    ends = [word.end_s for word in case.words] + [end for _, end in ours.losses]
    ends += [len(theirs.clocked) / RATE_HZ, len(theirs.plain) / RATE_HZ] if theirs else []
    if ends and length_s > max(ends) + _LONGER_S:
        yield Finding("longer", f"{length_s:.2f} s, not {max(ends):.2f} s")


def _by_waves(ours: Ours, theirs: Theirs) -> Iterator[Finding]:
    """Files of others: stretches of 0.2 s at their time, or elsewhere, or nowhere."""
    lengths_s = [len(sound) / RATE_HZ for sound in (theirs.clocked, theirs.plain)]
    if ours.outcome == "refused":
        if max(lengths_s) > LEAST_S:
            yield Finding("refused", f"{ours.said}; ffmpeg reads {max(lengths_s):.2f} s")
        return
    least = min((_unlike(ours.sound, sound) for sound in (theirs.clocked, theirs.plain)), key=len)
    untold = [at for at in least if not any(a - 0.3 < at < b + 0.3 for a, b in ours.losses)]
    if untold:
        yield Finding("unlike", f"{0.2 * len(untold):.1f} s, first at {untold[0]:.1f} s")
    length_s = len(ours.sound) / RATE_HZ
    if not ours.losses and min(abs(length_s - other_s) for other_s in lengths_s) > _LONGER_S:
        yield Finding("longer", f"{length_s:.2f} s; ffmpeg reads {max(lengths_s):.2f} s")
    # What the header promises behind the last sound, ffmpeg doesn't complain of.
    inside = [(start, end) for start, end in ours.losses if start < length_s - _LONGER_S]
    if inside and not theirs.said and not least:
        spans = ", ".join(f"{start:.2f}-{end:.2f}" for start, end in inside)
        yield Finding("phantom", f"told as lost: {spans}; ffmpeg has no complaint")


def _unlike(one: Sound, other: Sound) -> list[float]:
    """Seconds at which stretches of two sounds differ, or are shifted by more than 1 ms."""
    size, reach = RATE_HZ // 5, round(EXACT_S * RATE_HZ)
    unlike = []
    for at in range(reach, max(len(one), len(other)) - size - reach, size):
        mine, right = one[at : at + size], other[at - reach : at + size + reach]
        loud = max(np.abs(mine).max(initial=0), np.abs(right).max(initial=0))
        if loud > 0.01 and not _alike(mine, right):
            unlike.append(at / RATE_HZ)
    return unlike


def _alike(mine: Sound, right: Sound) -> bool:
    if len(right) < len(mine) or not len(mine):
        return False
    match = np.correlate(right, mine, "valid")
    size = np.sqrt(max(1e-9, float(mine @ mine)) * max(1e-9, float(right @ right)))
    return bool(np.abs(match).max() / size > 0.7)


def _is_ours(case: Case, number: int) -> bool:
    return number in case.perhaps or any(word.number == number for word in case.words)


def _covered(word: Spoken, losses: Sequence[tuple[float, float]]) -> bool:
    return any(
        start - _COVER_S < word.end_s and word.start_s < end + _COVER_S for start, end in losses
    )


def _places(words: Iterable[Spoken]) -> dict[int, list[float]]:
    places: dict[int, list[float]] = {}
    for word in words:
        places.setdefault(word.number, []).append(word.start_s)
    return places


def _near(start_s: float, allowed: Iterable[float]) -> bool:
    return any(abs(start_s - at_s) <= EXACT_S for at_s in allowed)


def _nearest(start_s: float, places: Iterable[float]) -> float:
    return min(places, key=lambda at_s: abs(at_s - start_s))


def _numbers(numbers: Iterable[int]) -> str:
    rows = sorted(numbers)
    return f"{rows[0]}" if len(rows) == 1 else f"{rows[0]}-{rows[-1]} ({len(rows)})"
