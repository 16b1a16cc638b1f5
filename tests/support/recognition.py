"""The two audio endpoints: what Groq checks, in its own words, and what it answers."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import multipart
import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from audiopipe.backends.catalog import find
from support.answers import (
    FAULTS,
    Answer,
    Refused,
    Seen,
    decommissioned,
    error,
    ok,
    plain,
    unknown_model,
)
from support.speechlike import Heard

if TYPE_CHECKING:
    from support.server import Server

SIZE_LIMIT_BYTES = 26_214_400
ENDINGS = "flac mp3 mp4 mpeg mpga m4a ogg opus wav webm".split()
FIELDS = {
    "transcriptions": {
        *("model", "file", "url", "language", "prompt", "response_format", "temperature"),
        "timestamp_granularities[]",
    },
    "translations": {"model", "file", "url", "prompt", "response_format", "temperature"},
}


def read_form(seen: Seen, body: bytes) -> None:
    """The parts of a multipart body, or the values of one of JSON."""
    kind, options = multipart.parse_options_header(seen.headers.get("content-type", ""))
    if kind == "application/json":
        seen.json = json.loads(body)
    if kind != "multipart/form-data":
        return
    for part in multipart.MultipartParser(
        io.BytesIO(body), options["boundary"], len(body), spool_limit=2**30, memory_limit=2**30
    ):
        if part.filename is None:
            seen.fields.setdefault(part.name, []).append(part.value)
        else:
            seen.file_name, seen.audio = part.filename, part.raw
            seen.fields.setdefault(part.name, []).append("")


def recognise(server: Server, seen: Seen) -> Answer:
    """Both audio endpoints."""
    task = seen.path.rsplit("/", 1)[1]
    _refuse(not seen.fields, "request Content-Type isn't multipart/form-data")
    one = {name: values[0] for name, values in seen.fields.items()}
    _check_fields(task, seen, one)
    samples, rate_hz = _decoded(server, seen, one)
    server.work(seen)
    words = server.hear(samples, rate_hz)
    shape = one.get("response_format", "json")
    text = "".join(f" {heard.text}" for heard in words)
    if shape == "text":
        return plain(text)
    reply: dict[str, Any] = {"text": text, "x_groq": {"id": "req_01test"}}
    if shape == "verbose_json":
        kinds = seen.fields.get("timestamp_granularities[]", ["segment"])
        reply |= _verbose(task, words, seen.audio_s, kinds, one.get("language"))
    return ok(reply)


def _refuse(condition: object, message: str, status: int = 400) -> None:
    if condition:
        raise Refused(error(status, message))


def _check_fields(task: str, seen: Seen, one: Mapping[str, str]) -> None:
    for name in one:
        _refuse(name not in FIELDS[task], f"unknown field `{name}`")
    model = one.get("model", "")
    _refuse(not model, "`model` is a required property")
    known = find(model)
    if known and known.retired_on:
        raise Refused(decommissioned(model))
    if known is None or "transcribe" not in known.tasks:
        raise Refused(unknown_model(model))
    turned_down = task == "translations" and "translate" not in known.tasks
    _refuse(turned_down, f"The model `{model}` does not support `translate`")
    prompt = one.get("prompt", "")
    _refuse(
        len(prompt) > 896,
        "prompt length must be 896 characters or fewer, but provided prompt contains "
        f"{len(prompt)} characters",
    )
    shape = one.get("response_format", "json")
    shapes = ["json", "text", "verbose_json"]
    _refuse(shape not in shapes, f"response_format must be one of [{' '.join(shapes)}]")
    temperature = float(one.get("temperature", "0"))
    _refuse(not 0 <= temperature <= 1, "temperature must be between 0 and 1")
    fine = shape == "verbose_json" or "timestamp_granularities[]" not in one
    _refuse(not fine, "response_format must be verbose_json to use timestamp_granularities[]")


def _decoded(server: Server, seen: Seen, one: Mapping[str, str]) -> tuple[NDArray[np.float32], int]:
    _refuse(("file" in one) == ("url" in one), "one of `file` or `url` is required")
    if "url" in one:
        fetched = server.file(urlsplit(one["url"]).path)
        message = f"failed to retrieve media: received status code: {fetched.status}"
        _refuse(fetched.status != 200, message)
        seen.audio = fetched.body
    else:
        ending = seen.file_name.rpartition(".")[2]
        message = f"file must be one of the following types: [{' '.join(ENDINGS)}]"
        _refuse(ending not in ENDINGS, message)
    _refuse(not seen.audio, "file is empty")
    size = len(seen.audio)
    if size > SIZE_LIMIT_BYTES and "file" in one:
        raise Refused(FAULTS["too-large"])
    message = f"media file too large - size limit: {SIZE_LIMIT_BYTES}, actual size: {size}"
    _refuse(size > SIZE_LIMIT_BYTES, message)
    try:
        samples, rate_hz = sf.read(io.BytesIO(seen.audio), dtype="float32", always_2d=True)
    except sf.LibsndfileError:
        raise Refused(error(400, "could not process file - is it a valid media file?")) from None
    message = "Audio file is too short. Minimum audio length is 0.01 seconds."
    _refuse(len(samples) < 0.01 * rate_hz, message)
    seen.audio_s = len(samples) / rate_hz
    return samples.mean(axis=1), rate_hz


def _verbose(
    task: str,
    words: list[Heard],
    duration_s: float,
    kinds: list[str],
    language: str | None,
) -> dict[str, Any]:
    """Segments of whole sentences; words without punctuation and spaces; times as Groq has them."""
    reply: dict[str, Any] = {
        "task": "transcribe" if task == "transcriptions" else "translate",
        "language": "English" if task == "transcriptions" else "english",
        "duration": round(duration_s, 2),
    }
    if language and task == "transcriptions":
        reply["language"] = language
    if "segment" in kinds:
        reply["segments"] = [_segment(n, row) for n, row in enumerate(_sentences(words))]
    if "word" in kinds and task == "transcriptions":
        reply["words"] = [
            {"word": each.text.strip(".,?!"), "start": each.start_s, "end": each.end_s}
            for each in words
        ]
    return reply


def _sentences(words: list[Heard]) -> list[list[Heard]]:
    rows: list[list[Heard]] = []
    for heard in words:
        if not rows or rows[-1][-1].text.endswith(".") or heard.start_s - rows[-1][-1].end_s > 1:
            rows.append([])
        rows[-1].append(heard)
    return rows


def _segment(number: int, words: list[Heard]) -> dict[str, Any]:
    return {
        "id": number,
        "seek": int(words[0].start_s // 30 * 3000),
        "start": words[0].start_s,
        "end": words[-1].end_s,
        "text": "".join(f" {heard.text}" for heard in words),
        "tokens": [50365, *range(len(words))],
        "temperature": 0,
        "avg_logprob": -0.1,
        "compression_ratio": 1.3,
        "no_speech_prob": 0.01,
    }
