"""The description of the API: OpenAPI 3.1, made of the table of endpoints."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from audiopipe._version import __version__
from audiopipe.server.forms import SHAPES
from audiopipe.server.replies import TYPES

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of the table.

    Attributes:
        method, path: what is asked.
        answer: who answers; its docstring describes it.
        body: name in `_BODIES`; "" for none.
        query: name in `_QUERIES`; "" for none.
        reply: name in `_REPLIES`.
        status: where all is well.
    """

    method: str
    path: str
    answer: Callable[[Request], Awaitable[Response]]
    body: str = ""
    query: str = ""
    reply: str = "json"
    status: int = 200

    def under(self, prefix: str) -> Endpoint:
        """The same below a path."""
        return replace(self, path=prefix + self.path)


def document(table: Iterable[Endpoint]) -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, dict[str, Any]] = {}
    for each in table:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": "audiopipe", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"key": []}],
    }


def _operation(each: Endpoint) -> dict[str, Any]:
    said = (each.answer.__doc__ or "").strip()
    parts = re.findall(r"\w+", each.path)
    told: dict[str, Any] = {
        "operationId": "_".join([each.method.lower(), *parts]),
        "summary": said.partition("\n")[0],
        "parameters": [_parameter("id", "path")] if "{id}" in each.path else [],
        "responses": {
            str(each.status): {"description": "As asked.", "content": _REPLIES[each.reply]},
            **_errors(each),
        },
    }
    for name, schema in _QUERIES.get(each.query, {}).items():
        told["parameters"].append(_parameter(name, "query", schema))
    if each.body:
        content = {kind: {"schema": schema} for kind, schema in _BODIES[each.body].items()}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _errors(each: Endpoint) -> dict[str, Any]:
    """An error has OpenAI's shape; of `/asr` it has none."""
    shape = {"schema": {"$ref": "#/components/schemas/Error"}}
    content = {} if each.query == "asr" else {"content": {"application/json": shape}}
    told = {"description": "An error.", **content}
    events = {"202": _ACCEPTED} if each.body == "transcription" else {}
    return {**events, "4XX": told, "5XX": told}


def _parameter(name: str, where: str, schema: Schema | None = None) -> dict[str, Any]:
    kind = schema or {"type": "string"}
    return {"name": name, "in": where, "required": where == "path", "schema": kind}


def _object(required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": required.split(), "properties": properties}


_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_FLAG: Schema = {"type": "boolean"}
_FILE: Schema = {"type": "string", "format": "binary"}
_TASK: Schema = {"type": "string", "enum": ["transcribe", "translate"]}
_ANY: Schema = {"type": "object"}
_JSON = {"application/json": {"schema": _ANY}}
_ACCEPTED = {"description": "Accepted, as Prefer: respond-async asks.", "content": _JSON}

_ERROR = _object(
    "error",
    error=_object(
        "message type param code",
        message=_TEXT,
        type=_TEXT,
        param={"type": ["string", "null"]},
        code={"type": ["string", "null"]},
    ),
)

_FORM: dict[str, Schema] = {
    "model": _TEXT,
    "language": _TEXT,
    "prompt": {"type": "string", "maxLength": 10_000},
    "temperature": {"type": "number", "minimum": 0, "maximum": 1},
    "response_format": {"type": "string", "enum": list(SHAPES)},
    "timestamp_granularities[]": {
        "type": "array",
        "items": {"type": "string", "enum": ["word", "segment"]},
    },
    "stream": _FLAG,
}
_AUDIO = _object("data format", data=_TEXT, format=_TEXT)

_BODIES: Mapping[str, Mapping[str, Schema]] = MappingProxyType(
    {
        "transcription": {
            "multipart/form-data": _object("", file=_FILE, url=_TEXT, **_FORM),
            "application/json": _object("", input_audio=_AUDIO, url=_TEXT, **_FORM),
        },
        "job": {
            "multipart/form-data": _object(
                "", file=_FILE, url=_TEXT, task=_TASK, webhook_url=_TEXT, review=_FLAG, **_FORM
            ),
            "application/json": _object(
                "", input_audio=_AUDIO, url=_TEXT, task=_TASK, webhook_url=_TEXT, **_FORM
            ),
        },
        "asr": {"multipart/form-data": _object("audio_file", audio_file=_FILE)},
        "speech": {
            "application/json": _object(
                "input",
                input={"type": "string", "minLength": 1},
                model=_TEXT,
                voice=_TEXT,
                response_format={
                    "type": "string",
                    "enum": ["mp3", "opus", "flac", "wav", "m4a", "pcm"],
                },
                speed={"type": "number", "minimum": 0.25, "maximum": 4},
            )
        },
        "chat": {
            "application/json": _object(
                "messages",
                model=_TEXT,
                messages={
                    "type": "array",
                    "minItems": 1,
                    "items": _object(
                        "role content",
                        role={"type": "string", "enum": ["system", "user", "assistant"]},
                        content=_TEXT,
                    ),
                },
                stream=_FLAG,
                temperature={"type": "number", "minimum": 0, "maximum": 2},
                max_tokens={"type": "integer", "minimum": 1},
            )
        },
    }
)

_QUERIES: Mapping[str, Mapping[str, Schema]] = MappingProxyType(
    {
        "result": {"format": _FORM["response_format"]},
        "asr": {
            "task": _TASK,
            "language": _TEXT,
            "initial_prompt": _TEXT,
            "output": {"type": "string", "enum": ["txt", "json", "srt", "vtt", "tsv"]},
            "encode": _FLAG,
            "word_timestamps": _FLAG,
        },
    }
)

_REPLIES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "json": {**_JSON, "text/event-stream": {"schema": _TEXT}},
        "events": {"text/event-stream": {"schema": _TEXT}},
        "metrics": {"text/plain": {"schema": _TEXT}},
        "audio": {"audio/*": {"schema": _FILE}},
        "transcript": {kind.partition(";")[0]: {} for kind, _ in TYPES.values()},
    }
)
