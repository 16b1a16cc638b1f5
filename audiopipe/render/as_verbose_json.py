"""OpenAI's `verbose_json`: for programs that were written for its API."""

from __future__ import annotations

import json

from audiopipe.text.languages import NAMES
from audiopipe.values.transcript import Segment, Transcript, Word


def render(transcript: Transcript) -> str:
    """The reply of the API, field for field; `words` only where there are any."""
    language = transcript.language
    reply: dict[str, object] = {
        "task": transcript.task,
        "language": NAMES.get(language, language) if language else None,
        "duration": transcript.duration_s,
        "text": transcript.text,
        "segments": [segment_fields(i, s) for i, s in enumerate(transcript.segments)],
    }
    if transcript.words:
        reply["words"] = [word_fields(word) for word in transcript.words]
    return json_lines(reply)


def segment_fields(index: int, segment: Segment) -> dict[str, object]:
    return {
        "id": index,
        "seek": segment.seek,
        "start": segment.span.start_s,
        "end": segment.span.end_s,
        "text": segment.text,
        "tokens": segment.tokens,
        "temperature": segment.temperature,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": segment.compression_ratio,
        "no_speech_prob": segment.no_speech_prob,
    }


def word_fields(word: Word) -> dict[str, object]:
    return {"word": word.text.strip(), "start": word.span.start_s, "end": word.span.end_s}


def json_lines(fields: dict[str, object]) -> str:
    """A JSON object with a line for each field, and one for each item of a list of objects."""
    body = ",\n".join(f'  "{name}": {_value(value)}' for name, value in fields.items())
    return f"{{\n{body}\n}}\n"


def _value(value: object) -> str:
    if isinstance(value, list) and value:
        items = ",\n    ".join(json.dumps(item, ensure_ascii=False) for item in value)
        return f"[\n    {items}\n  ]"
    return json.dumps(value, ensure_ascii=False)
