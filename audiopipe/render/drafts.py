"""Drafts of subtitles: what each speaker says, in pieces that fit the screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from audiopipe.render.breaks import cut, rows, text_of
from audiopipe.render.joins import breaks_of
from audiopipe.render.passages import gap_text, one_line, passages
from audiopipe.render.units import Ending, Unit, columns, units
from audiopipe.settings import SubtitleSettings
from audiopipe.text.words import shares, split_words
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Failure, Segment, Transcript, Word

PAUSE_S = 1.0
"""A silence after which a new subtitle begins, whatever is said."""

AT_ONCE_S = 0.3
"""Speakers who share less than this with each other take turns."""

SLOWEST_CPS = 5.0
"""Columns a second, 50 words a minute: a third of what is usual. A text that is slower stands over
silence, and nobody knows where in it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The text of a subtitle, and when it is spoken.

    Attributes:
        start_s, end_s: from its first to its last word.
        rows: the units of each line, none empty.
        columns: what there is to read.
        speaker: label of the speaker, where it is known.
        at_once: whether others speak at the same time; then it leaves them room.
    """

    start_s: float
    end_s: float
    rows: tuple[Sequence[Unit], ...]
    columns: int
    speaker: str | None
    at_once: bool

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(map(text_of, self.rows))


def drafts(transcript: Transcript, settings: SubtitleSettings, label_speakers: bool) -> list[Draft]:
    """What is said, and the marks of gaps, cut for the screen; of each speaker in order.

    Args:
        label_speakers: put the speaker's name before what he says when he begins to speak, and
            everywhere where others speak at the same time.
    """
    return [
        draft
        for turn in turns(transcript)
        for draft in _of_turn(turn, transcript.language, settings, label_speakers)
    ]


def said(transcript: Transcript, settings: SubtitleSettings) -> list[Unit]:
    """All that is said, as units whose times rise, whoever says it; gaps have no mark in it."""
    return _units(transcript.segments, transcript.language, settings)


@dataclass(frozen=True, slots=True)
class Turn:
    """Segments of one speaker that no other speaker's part, or the mark of one gap."""

    parts: tuple[Segment | Failure, ...]
    speaker: str | None
    at_once: bool
    begins: bool


def turns(transcript: Transcript) -> Iterator[Turn]:
    parts = [part for part, _ in passages(transcript)]
    crossed = _crossed(parts)

    def key(index: int) -> tuple[str | None, bool, int]:
        part = parts[index]
        return _speaker(part), index in crossed, index if isinstance(part, Failure) else -1

    before = None
    for (speaker, at_once, gap), run in groupby(range(len(parts)), key):
        begins = before is None or before != (speaker, gap < 0)
        yield Turn(tuple(parts[index] for index in run), speaker, at_once, begins)
        before = speaker, gap < 0


def _crossed(parts: Sequence[Segment | Failure]) -> set[int]:
    """Which parts are spoken while another speaker speaks too; all rise by their start."""
    crossed: set[int] = set()
    latest: dict[str | None, int] = {}
    for index, part in enumerate(parts):
        if isinstance(part, Failure):
            continue
        speaker = _speaker(part)
        for other, last in latest.items():
            if other != speaker and parts[last].span.overlap_s(part.span) > AT_ONCE_S:
                crossed |= {last, index}
        if speaker not in latest or part.span.end_s > parts[latest[speaker]].span.end_s:
            latest[speaker] = index
    return crossed


def _of_turn(
    turn: Turn, language: str | None, settings: SubtitleSettings, label_speakers: bool
) -> Iterator[Draft]:
    width, count = settings.max_line_width, settings.max_line_count
    said = _units(turn.parts, language, settings)
    label = units([Word(turn.parts[0].span, f"{turn.speaker}:")]) if turn.speaker else []
    if not label_speakers or not (turn.begins or turn.at_once):
        label = []
    if turn.at_once:
        count = max(1, count // 2)
        room = sum(unit.columns + 1 for unit in label)
        label, width = (label, width - room) if room <= width // 2 else ([], width)
    elif label:
        said, label = _labelled(label, said), []
    for run in _runs(said):
        for piece in cut(_bound(run, width), width, count, settings.max_cue_duration_s):
            yield _draft(_labelled(label, piece), turn, settings)


def _labelled(label: Sequence[Unit], said: Sequence[Unit]) -> list[Unit]:
    """What is said with the speaker's name before it, at the time of the first word."""
    if not label:
        return list(said)
    start_s = said[0].start_s
    named = (replace(unit, start_s=start_s, end_s=start_s) for unit in label)
    return [*named, replace(said[0], spaced=True), *said[1:]]


def _draft(shown: Sequence[Unit], turn: Turn, settings: SubtitleSettings) -> Draft:
    return Draft(
        shown[0].start_s,
        shown[-1].end_s,
        rows(shown, settings.max_line_width),
        sum(unit.columns for unit in shown) + len(shown) - 1,
        turn.speaker,
        turn.at_once,
    )


def _units(
    parts: Sequence[Segment | Failure], language: str | None, settings: SubtitleSettings
) -> list[Unit]:
    """The parts as one text, with rising times: recognisers' words may run backwards."""
    said: list[Word] = []
    joints: set[int] = set()
    at = 0
    for part in parts:
        text = gap_text(part) if isinstance(part, Failure) else part.text
        said += _timed(part, text, settings)
        joints.add(at)
        at += len(text)
    rising: list[Unit] = []
    for unit in units(said, language, joints, breaks_of(parts)):
        start_s = max(unit.start_s, rising[-1].start_s if rising else 0.0)
        rising.append(replace(unit, start_s=start_s, end_s=max(start_s, unit.end_s)))
    return rising


def _timed(part: Segment | Failure, text: str, settings: SubtitleSettings) -> Iterable[Word]:
    """The words with their times; without any, as if they were spoken from the start, and no
    slower than people speak."""
    if isinstance(part, Segment) and part.words:
        return part.words
    pieces = split_words(text)
    widths = [columns(piece) for piece in pieces]
    longest_s = settings.max_cue_duration_s
    if isinstance(part, Segment):
        longest_s = max(longest_s, sum(widths) / SLOWEST_CPS)
    start_s = part.span.start_s
    span = Span(start_s, start_s + min(part.span.duration_s, longest_s))
    return (Word(share, piece) for share, piece in zip(shares(widths, span), pieces, strict=True))


def _runs(said: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Stretches without a long silence in them."""
    run: list[Unit] = []
    for unit in said:
        if run and unit.start_s - run[-1].end_s >= PAUSE_S:
            yield run
            run = []
        run.append(unit)
    if run:
        yield run


def _bound(run: Iterable[Unit], width: int) -> list[Unit]:
    """The units, an abbreviation put together with what it points at where a line holds both."""
    bound: list[Unit] = []
    for unit in run:
        before = bound[-1] if bound else None
        points_on = before and before.ending is Ending.OPEN
        if before and points_on and before.columns + 1 + unit.columns <= width:
            text = f"{before.text} {unit.text}" if unit.spaced else before.text + unit.text
            times = before.start_s, unit.end_s
            bound[-1] = Unit(text, before.spaced, *times, columns(text), unit.ending)
        else:
            bound.append(unit)
    return bound


def _speaker(part: Segment | Failure) -> str | None:
    return one_line(part.speaker or "") or None if isinstance(part, Segment) else None
