"""The project's own format: OpenAI's `verbose_json` and all that we know besides, both ways.

Words stand in it as the API gives them, without the space before them. Reading takes the spaces
back from the segment's text; where that would not give the very same words, they are written as
they are.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from audiopipe.render.as_verbose_json import json_lines, segment_fields, word_fields
from audiopipe.render.passages import flags_by_segment, kinds
from audiopipe.values.audio import Span
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Failure, Flag, Repair, Segment, Source, Transcript, Word

VERSION = 1
"""Grows by one when an older reader could no longer understand what is written."""


def render(transcript: Transcript) -> str:
    """Everything that a transcript holds; `parse` gives it back exactly."""
    return json_lines(_fields(transcript))


def parse(text: str) -> Transcript:
    """The transcript that `render` wrote.

    Raises:
        ValueError: the text is not ours; the message says in what.
    """
    return parsed(json.loads(text))


def parsed(document: Any) -> Transcript:
    """The transcript in a document that was written by `render`.

    Raises:
        ValueError: it is not ours; the message says in what.
    """
    version = document.get("version") if isinstance(document, dict) else None
    if version != VERSION:
        raise ValueError(f"its version is {version!r}, not {VERSION}")
    try:
        return _transcript(document)
    except KeyError as error:
        raise ValueError(f"it has no field {error}") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"a field has the wrong type ({error})") from error


def _fields(transcript: Transcript) -> dict[str, object]:
    flags = flags_by_segment(transcript)
    return {
        "task": transcript.task,
        "language": transcript.language,
        "duration": transcript.duration_s,
        "text": transcript.text,
        "segments": [_segment_row(i, s, flags[i]) for i, s in enumerate(transcript.segments)],
        "words": [row for i, s in enumerate(transcript.segments) for row in _word_rows(i, s)],
        "flags": [_flag_row(flag) for flag in transcript.flags],
        "failures": [{**_times(f.span), "reason": f.reason} for f in transcript.failures],
        "repairs": [_repair_row(repair) for repair in transcript.repairs],
        "model": transcript.model,
        "backend": transcript.backend,
        "source": _source_row(transcript.source),
        "usage": _usage_row(transcript.usage),
        **({"source_language": transcript.source_language} if transcript.source_language else {}),
        **({"settings": dict(transcript.asked)} if transcript.asked else {}),
        **({"second": _fields(transcript.second)} if transcript.second else {}),
        "version": VERSION,
    }


def _segment_row(index: int, segment: Segment, flags: Sequence[Flag]) -> dict[str, object]:
    row = segment_fields(index, segment)
    if not segment.tokens:
        del row["tokens"]
    known = {"language": segment.language, "speaker": segment.speaker}
    row |= {name: value for name, value in known.items() if value is not None}
    row["flags"] = kinds(flags)
    return row if segment.breaks is None else row | {"breaks": list(segment.breaks)}


def _word_rows(index: int, segment: Segment) -> list[dict[str, object]]:
    texts = [word.text for word in segment.words]
    stripped = [text.strip() for text in texts]
    recoverable = _with_spaces(stripped, segment.text) == texts
    rows = []
    for word in segment.words:
        row = word_fields(word)
        if not recoverable:
            row["word"] = word.text
        if word.probability is not None:
            row["probability"] = word.probability
        rows.append(row | {"segment": index})
    return rows


def _with_spaces(words: Sequence[str], text: str) -> list[str]:
    """The words as they stand in the text, each with what is between it and the one before."""
    if "".join(words) == text:
        return list(words)
    spaced, position = [], 0
    for word in words:
        end = text.index(word, position) + len(word)
        spaced.append(text[position:end])
        position = end
    return spaced


def _times(span: Span) -> dict[str, float]:
    return {"start": span.start_s, "end": span.end_s}


def _flag_row(flag: Flag) -> dict[str, object]:
    measured = {"value": flag.value, "limit": flag.limit, "detail": flag.detail}
    return {"kind": flag.kind, **_times(flag.span), **measured}


def _repair_row(repair: Repair) -> dict[str, object]:
    facts = {name: getattr(repair, name) for name in _REPAIR}
    return {**_times(repair.span), **facts, "kinds": list(repair.kinds)}


def _source_row(source: Source) -> dict[str, object]:
    row = {"name": source.name, "sha256": source.sha256, "duration": source.duration_s}
    file = {"size": source.size_bytes, "modified_ns": source.modified_ns}
    return {**row, **file} if source.size_bytes else row


def _usage_row(usage: Usage) -> dict[str, object]:
    return {
        "requests": usage.requests,
        "audio_seconds": usage.audio_s,
        "billed_seconds": usage.billed_s,
        "cost_usd": usage.cost_usd,
    }


_REPAIR = ("kinds", "first", "second", "how", "replaced", "reason")

Row = Mapping[str, Any]


def _transcript(document: Row) -> Transcript:
    words = defaultdict(list)
    for row in document["words"]:
        words[row["segment"]].append(row)
    source, usage = document["source"], document["usage"]
    return Transcript(
        source=_source(source),
        task=document["task"],
        language=document["language"],
        segments=tuple(_segment(row, words[i]) for i, row in enumerate(document["segments"])),
        flags=tuple(_flag(row) for row in document["flags"]),
        failures=tuple(Failure(_span(row), _string(row["reason"])) for row in document["failures"]),
        repairs=tuple(_repair(row) for row in document.get("repairs", ())),
        model=document["model"],
        backend=document["backend"],
        usage=Usage(
            requests=usage["requests"],
            audio_s=usage["audio_seconds"],
            billed_s=usage["billed_seconds"],
            cost_usd=usage["cost_usd"],
        ),
        source_language=document.get("source_language"),
        asked=tuple((name, _value(value)) for name, value in document.get("settings", {}).items()),
        second=_transcript(document["second"]) if "second" in document else None,
    )


def _source(row: Row) -> Source:
    known = (_string(row["name"]), row["sha256"], row["duration"])
    return Source(*known, row.get("size", 0), row.get("modified_ns", 0))


def _value(value: Any) -> Any:
    """A setting as it was: JSON has no tuples."""
    return tuple(value) if isinstance(value, list) else value


def _segment(row: Row, word_rows: Iterable[Row]) -> Segment:
    words = [Word(_span(word), word["word"], word.get("probability")) for word in word_rows]
    texts = _with_spaces([word.text for word in words], row["text"])
    return Segment(
        span=_span(row),
        text=_string(row["text"]),
        words=tuple(replace(w, text=text) for w, text in zip(words, texts, strict=True)),
        seek=row["seek"],
        tokens=tuple(row.get("tokens", ())),
        temperature=row["temperature"],
        avg_logprob=row["avg_logprob"],
        compression_ratio=row["compression_ratio"],
        no_speech_prob=row["no_speech_prob"],
        language=row.get("language"),
        speaker=row.get("speaker"),
        breaks=tuple(map(int, row["breaks"])) if "breaks" in row else None,
    )


def _flag(row: Row) -> Flag:
    return Flag(
        _string(row["kind"]), _span(row), row["value"], row["limit"], _string(row["detail"])
    )


def _repair(row: Row) -> Repair:
    facts = {name: row[name] for name in _REPAIR} | {"kinds": tuple(row["kinds"])}
    return Repair(_span(row), **facts)


def _span(row: Row) -> Span:
    return Span(row["start"], row["end"])


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
