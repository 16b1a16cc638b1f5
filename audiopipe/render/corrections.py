"""Corrections in their file beside a transcript, which itself never changes; and the transcript as
corrected."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from audiopipe.errors import InputError, OutputError
from audiopipe.render.divided import divided, texts_of, together
from audiopipe.render.files import write
from audiopipe.render.pinned import pinned
from audiopipe.store.files import locked
from audiopipe.text.breaks import line_breaks
from audiopipe.text.rewording import reworded
from audiopipe.values.audio import Span
from audiopipe.values.corrections import Correction, Doubt, merged, standing
from audiopipe.values.transcript import Segment, Transcript

ENDING = ".corrections.json"
VERSION = 1
"""Grows by one when an older reader could no longer understand what is written."""

MOST_BYTES = 64 << 20
"""Of a file that is read: ten times what a person writes in a year."""

_log = logging.getLogger("audiopipe")


def beside(transcript: Path) -> Path:
    """Where the corrections of a transcript's file stand: `NAME.corrections.json`."""
    name = transcript.name
    stem = name[: -len(".json")] if name.lower().endswith(".json") else name
    return transcript.with_name(f"{stem}{ENDING}")


def is_corrections(path: Path) -> bool:
    """Whether a file, by its name, holds corrections and is no transcript."""
    return path.name.lower().endswith(ENDING)


def read_beside(transcript: Path) -> tuple[Correction, ...]:
    """The corrections of a transcript's file, in order of time; none where there is no file.

    Raises:
        InputError: the file cannot be read, or is not ours.
    """
    path = beside(transcript)
    return read(path) if path != transcript and path.is_file() else ()


def read(path: Path) -> tuple[Correction, ...]:
    """The corrections in a file.

    Raises:
        InputError: it cannot be read, or is not ours.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > MOST_BYTES:
        raise InputError(f"{path} is too large for corrections: over {MOST_BYTES >> 20} MB")
    try:
        return parsed(json.loads(data.decode("utf-8-sig")))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} holds no corrections that can be read: {error}") from error


def parsed(document: Any) -> tuple[Correction, ...]:
    """The corrections in a document.

    Raises:
        ValueError: it is not ours; the message says in what.
    """
    version = document.get("version") if isinstance(document, dict) else None
    if version != VERSION:
        raise ValueError(f"its version is {version!r}, not {VERSION}")
    try:
        return tuple(correction(row) for row in document["corrections"])
    except KeyError as error:
        raise ValueError(f"it has no field {error}") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"a field has the wrong type ({error})") from error


def correction(row: Mapping[str, Any]) -> Correction:
    """The correction in a row.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none.
    """
    number = row["segment"]
    if number is not None and (not isinstance(number, int) or isinstance(number, bool)):
        raise TypeError(f"{number!r} is no number of a segment")
    speaker = row.get("speaker")
    return Correction(
        number,
        _text(row["before"]),
        _text(row["after"]),
        None if speaker is None else _text(speaker),
        _text(row.get("who", "")),
        _text(row.get("when", "")),
        tuple(
            Doubt(_text(each["kind"]), Span(each["start"], each["end"]))
            for each in row.get("settles", ())
        ),
        None if row.get("breaks") is None else tuple(map(int, row["breaks"])),
        row.get("joined") is True,
    )


def text_of(corrections: Sequence[Correction], transcript: str = "") -> str:
    """The text of a file, a line for each correction.

    Args:
        corrections: in order.
        transcript: name of the file that they are of.
    """
    rows = ",\n    ".join(json.dumps(row_of(each), ensure_ascii=False) for each in corrections)
    listed = f"[\n    {rows}\n  ]" if rows else "[]"
    name = json.dumps(transcript, ensure_ascii=False)
    fields = (f'"transcript": {name}', f'"corrections": {listed}', f'"version": {VERSION}')
    return "{\n  " + ",\n  ".join(fields) + "\n}\n"


def row_of(each: Correction) -> dict[str, Any]:
    """A correction as a row."""
    row: dict[str, Any] = {"segment": each.segment, "before": each.before, "after": each.after}
    row |= {"speaker": each.speaker, "who": each.who, "when": each.when}
    row["settles"] = [
        {"kind": doubt.kind, "start": doubt.span.start_s, "end": doubt.span.end_s}
        for doubt in each.settles
    ]
    if each.joined:
        row["joined"] = True
    breaks = breaks_of(each)
    return row if breaks is None else row | {"breaks": list(breaks)}


def breaks_of(each: Correction) -> tuple[int, ...] | None:
    """Where lines of what somebody wrote may end; None where that is after spaces, or nothing was
    written."""
    if each.after == each.before or each.after.isascii():
        return None
    if each.breaks is not None:
        return each.breaks
    return tuple(line_breaks("".join(texts_of(each.after, each.before))))


def add(transcript: Path, added: Iterable[Correction]) -> tuple[Correction, ...]:
    """Put corrections into the file beside a transcript, with those that stand there; all of them.

    Nobody's are lost, whoever else writes at the same time.

    Raises:
        InputError: what stands there cannot be read.
        OutputError: the file cannot be written, or would be too large to be read.
    """
    path = beside(transcript)
    with locked(path):
        kept = read_beside(transcript)
        whole = merged(kept, added)
        if whole != kept:
            text = text_of(whole, transcript.name)
            if len(text.encode("utf-8", "backslashreplace")) > MOST_BYTES:
                raise OutputError(f"{path} would be larger than {MOST_BYTES >> 20} MB")
            write(text, path)
    return whole


def apply(transcript: Transcript, corrections: Iterable[Correction]) -> Transcript:
    """The transcript as corrected; flags, failures and repairs stay, and what is struck is gone.

    A correction whose `before` is not the text of its segment belongs to another transcript, such
    as one that was made again since: it finds the nearest segment that says the same, or is left
    out, which is told.
    """
    made: dict[int, Correction] = {}
    strays = 0
    for each in standing(corrections).values():
        if each.segment is None:
            continue
        place = _place(each, transcript.segments)
        if place is None:
            strays += 1
        elif _is_change(transcript.segments[place], each):
            made[place] = each
    if strays:
        name = transcript.source.name
        _log.warning("%s: %d corrections are of another transcript, and left out", name, strays)
    if not made:
        return transcript
    whole: list[Segment] = []
    for place, segment in enumerate(pinned(transcript)):
        by = made.get(place)
        parts = corrected(segment, by) if by else (segment,)
        if by and by.joined and whole and parts:
            parts = (together(whole.pop(), parts[0]), *parts[1:])
        whole += parts
    return replace(transcript, segments=tuple(whole))


def corrected(segment: Segment, by: Correction) -> tuple[Segment, ...]:
    """A segment as somebody has it: none where he struck it, more where he cut it."""
    if by.after != by.before and not by.after.strip():
        return ()
    if by.after == segment.text:
        return (replace(segment, speaker=by.speaker),)
    texts, places = texts_of(by.after, segment.text), breaks_of(by)
    mended = replace(
        reworded(segment, "".join(texts)),
        speaker=by.speaker,
        breaks=None if places is None else (0, *places),
    )
    return divided(mended, texts)


def _is_change(segment: Segment, by: Correction) -> bool:
    return (by.after, by.speaker) != (segment.text, segment.speaker) or by.joined


def _place(each: Correction, segments: Sequence[Segment]) -> int | None:
    assert each.segment is not None
    if each.segment < len(segments) and segments[each.segment].text == each.before:
        return each.segment
    same = (n for n, segment in enumerate(segments) if segment.text == each.before)
    return min(same, key=lambda n: abs(n - (each.segment or 0)), default=None)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def transcripts_in(folder: Path) -> Iterator[Path]:
    """The files below a folder that may be transcripts; our `verbose_json` only where there is
    nothing better."""
    for file in sorted(folder.rglob("*.json")):
        better = file.with_name(file.name.replace(".verbose.json", ".json"))
        if not is_corrections(file) and (better == file or not better.exists()):
            yield file
