"""What jobs give, as text: for people, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from audiopipe import plugins
from audiopipe.conversation.jobs import ActionItem, Scribe
from audiopipe.conversation.jobs.dialogue import HOSTS, Turn
from audiopipe.errors import AudiopipeError, InputError, UsageError
from audiopipe.render import as_edl, as_fcpxml, as_otio, content
from audiopipe.render.markers import Timeline, chaptered
from audiopipe.render.passages import escaped
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import short_clock
from audiopipe.values.audio import Chapter
from audiopipe.values.transcript import Transcript

SHAPES = ("txt", "json")
"""Formats of what is no transcript."""

_MARKED: Mapping[str, Callable[[Timeline], str]] = MappingProxyType(
    {"edl": as_edl.written, "fcpxml": as_fcpxml.written, "otio": as_otio.written}
)

CHAPTER_SHAPES = (*SHAPES, *_MARKED)
"""Formats of chapters: markers of cutting rooms too."""


def written(
    scribe: Scribe,
    job: str,
    transcript: Transcript,
    asked: str,
    shape: str,
    subtitles: SubtitleSettings,
    hosts: Sequence[str] = HOSTS,
) -> str | bytes:
    """What a job gives, as it stands in a file.

    Args:
        scribe: does it.
        job: `summary`, `chapters`, `actions`, `clean`, `rewrite`,
            `translate`, `dialogue`, or a plug-in's.
        transcript: what it is done on.
        asked: the language, or of `rewrite` the instruction.
        shape: a format of transcripts for the last three, else one of `SHAPES`, of chapters one of
            `CHAPTER_SHAPES`.
        subtitles: how they are broken and timed.
        hosts: who talks in a dialogue.
    """
    if job == "summary":
        return summary_text(scribe.summary(transcript, asked), shape)
    if job == "chapters":
        return chapters_text(scribe.chapters(transcript, asked), shape, transcript, subtitles)
    if job == "actions":
        return actions_text(scribe.action_items(transcript, asked), shape)
    if job == "dialogue":
        return dialogue_text(scribe.dialogue(transcript, hosts, asked), shape)
    if job not in ("clean", "rewrite", "translate"):
        return _plugged(job, scribe, transcript, asked)
    return content(rewritten(scribe, job, transcript, asked), shape, subtitles)


def _plugged(job: str, scribe: Scribe, transcript: Transcript, asked: str) -> str:
    """What the job of another package gives; its crash costs one transcript."""
    work = plugins.find("jobs", job)
    if work is None:
        raise UsageError(f"there is no job {job!r}")
    try:
        return str(work(scribe, transcript, asked))
    except AudiopipeError:
        raise
    except Exception as error:
        kind, source = type(error).__name__, transcript.source.name
        raise InputError(f"{source}: the job {job} failed: {kind}: {error}") from error


def rewritten(scribe: Scribe, job: str, transcript: Transcript, asked: str) -> Transcript:
    """What a job gives that makes another transcript; arguments as in `written`."""
    if job == "clean":
        return scribe.clean(transcript)
    return (scribe.rewrite if job == "rewrite" else scribe.translate)(transcript, asked)


def summary_text(summary: str, shape: str) -> str:
    """A summary as one of `SHAPES`."""
    return summary if shape == "txt" else _json({"summary": summary})


def chapters_text(
    chapters: Iterable[Chapter], shape: str, transcript: Transcript, subtitles: SubtitleSettings
) -> str:
    """Chapters of a transcript as one of `CHAPTER_SHAPES`; as text one a line, as video sites read
    them."""
    chapters = list(chapters)
    if mark := _MARKED.get(shape):
        return mark(chaptered(transcript, chapters, subtitles))
    if shape == "txt":
        starts = [
            0.0,
            *(each.span.start_s for each in chapters[1:]),
        ]  # sites want the first at 0:00
        named = zip(starts, chapters, strict=False)
        return "".join(f"{short_clock(start_s)} {each.title}\n" for start_s, each in named)
    rows = [
        {"start": each.span.start_s, "end": each.span.end_s, "title": each.title}
        for each in chapters
    ]
    return _json({"chapters": rows})


def actions_text(items: Iterable[ActionItem], shape: str) -> str:
    """Action items as one of `SHAPES`; as text a list."""
    if shape == "json":
        rows = [asdict(item) for item in items]
        return _json({"items": [{"start": row.pop("start_s"), **row} for row in rows]})
    lines = []
    for item in items:
        more = ", ".join(filter(None, (item.owner, item.due)))
        more = f" ({more})" if more else ""
        lines.append(f"- [{short_clock(item.start_s)}] {item.task}{more}")
    return "\n".join(lines) if lines else "No action items."


def dialogue_text(turns: Iterable[Turn], shape: str) -> str:
    """A dialogue as one of `SHAPES`; as text Markdown that `speak` takes, a paragraph a turn."""
    if shape == "json":
        rows = [
            {"speaker": each.speaker, "text": each.text, "start": each.start_s} for each in turns
        ]
        return _json({"turns": rows})
    return "\n\n".join(f"**{each.speaker}:** {escaped(each.text)}" for each in turns)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
