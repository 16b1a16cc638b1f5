"""JSON as recognisers write it: openai-whisper, faster-whisper, whisperX, whisper.cpp, Hugging
Face's pipelines, and the replies of OpenAI's API and of those that speak like it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from audiopipe.backends.wire.decode import number_of
from audiopipe.backends.wire.words import Timed
from audiopipe.render.read.rows import Measures, Row, Told
from audiopipe.text.clean import one_line
from audiopipe.text.languages import code_of
from audiopipe.values.audio import Task

LATEST_S = 1e6
"""Eleven days: what lies later, or before the start, is no time."""

_MARK = re.compile(r"\s*(\[_.*_?\]|<\|.*\|>)\s*")
"""Tokens of whisper.cpp that are no text."""


def told_by(document: object) -> Told:
    """What the document says, whoever wrote it; what is missing or of a wrong type is unknown.

    Raises:
        ValueError: it holds no text.
    """
    if not isinstance(document, dict) and not _mappings(document):
        raise ValueError("it is a list without segments")
    body = document if isinstance(document, dict) else {"segments": document}
    info = _mapping(body.get("info")) or _mapping(body.get("result")) or {}
    params = _mapping(body.get("params")) or {}
    is_translated = body.get("task") == "translate" or params.get("translate") is True
    task: Task = "translate" if is_translated else "transcribe"
    language = code_of(body.get("language")) or code_of(info.get("language"))
    rows = tuple(_rows(body))
    return Told(
        rows,
        () if any(row.words for row in rows) else tuple(_words(body.get("words"))),
        _seconds(body.get("duration")) or _seconds(info.get("duration")),
        "en" if is_translated else language,
        task,
        _label(body.get("model")) or _label(params.get("model")).rsplit("/", 1)[-1],
    )


def _rows(body: Mapping[str, Any]) -> Iterator[Row]:
    """The segments; the whole text as one where there are none."""
    for name, row in (("transcription", _of_cpp), ("chunks", _of_pipeline), ("segments", _row)):
        found = [row(each) for each in _mappings(body.get(name))]
        if any(each for each in found):
            yield from filter(None, found)
            return
    text = body.get("text")
    if isinstance(text, str) and text.strip():
        yield Row(Timed(text))
    elif not isinstance(text, str) and not isinstance(body.get("segments"), list):
        listed = ", ".join(map(one_line, [*body][:8])) or "nothing"
        raise ValueError(f"it has no segments and no text, but {listed}")
    elif not all(isinstance(each.get("text"), str) for each in _mappings(body.get("segments"))):
        raise ValueError("none of its segments has a text")


def _row(raw: Mapping[str, Any]) -> Row | None:
    """Of OpenAI's shape, which most others took over."""
    text = raw.get("text")
    if not isinstance(text, str) or not text.strip():
        return None
    words = tuple(_words(raw.get("words")))
    return Row(
        Timed(text, _seconds(raw.get("start")), _seconds(raw.get("end"))),
        words,
        _label(raw.get("speaker")) or _most_frequent_speaker(raw),
        code_of(raw.get("language")),
        Measures(
            number_of(raw.get("temperature")),
            number_of(raw.get("avg_logprob")),
            number_of(raw.get("compression_ratio")),
            _share(raw.get("no_speech_prob")),
        ),
    )


def _of_cpp(raw: Mapping[str, Any]) -> Row | None:
    """whisper.cpp: milliseconds, and with `-ojf` tokens, which may be parts of words."""
    words = []
    for token in _mappings(raw.get("tokens")):
        text = token.get("text")
        if isinstance(text, str) and not _MARK.fullmatch(text):
            words.append(Timed(text, *_offsets(token), number_of(token.get("p"))))
    text, speaker = raw.get("text"), _label(raw.get("speaker"))
    if not isinstance(text, str) or not text.strip():
        return None
    return Row(Timed(text, *_offsets(raw)), tuple(words), speaker if speaker != "?" else None)


def _of_pipeline(raw: Mapping[str, Any]) -> Row | None:
    """Hugging Face's pipeline: a pair of times."""
    text, times = raw.get("text"), raw.get("timestamp")
    if not isinstance(text, str) or not text.strip():
        return None
    pair = times if isinstance(times, list) and len(times) == 2 else [None, None]
    return Row(Timed(text, *map(_seconds, pair)), (), _label(raw.get("speaker")) or None)


def _words(raw: object) -> Iterator[Timed]:
    for each in _mappings(raw):
        text = each.get("word") or each.get("text")
        if isinstance(text, str) and text.strip():
            sure = each.get("probability", each.get("score"))
            yield Timed(text, _seconds(each.get("start")), _seconds(each.get("end")), _share(sure))


def _most_frequent_speaker(raw: Mapping[str, Any]) -> str | None:
    named = (_label(word.get("speaker")) for word in _mappings(raw.get("words")))
    return next((name for name, _ in Counter(filter(None, named)).most_common(1)), None)


def _offsets(raw: Mapping[str, Any]) -> tuple[float | None, float | None]:
    offsets = _mapping(raw.get("offsets")) or {}
    pair = [number_of(offsets.get(name)) for name in ("from", "to")]
    start_s, end_s = (None if ms is None else _seconds(ms / 1000) for ms in pair)
    return start_s, end_s


def _mapping(raw: object) -> Mapping[str, Any] | None:
    return raw if isinstance(raw, dict) else None


def _mappings(raw: object) -> list[Mapping[str, Any]]:
    return [each for each in raw if isinstance(each, dict)] if isinstance(raw, list) else []


def _label(raw: object) -> str:
    """A name in one line; numbers are names too."""
    named = isinstance(raw, str | int) and not isinstance(raw, bool)
    return one_line(str(raw)) if named else ""


def _share(raw: object) -> float | None:
    number = number_of(raw)
    return number if number is not None and 0 <= number <= 1 else None


def _seconds(raw: object) -> float | None:
    number = number_of(raw)
    return number if number is not None and 0 <= number <= LATEST_S else None
