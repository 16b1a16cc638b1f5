"""Jobs of a provider's batch API, and the lines of their files (JSON, one a line)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audiopipe.backends.wire.decode import json_of
from audiopipe.errors import BadReply
from audiopipe.text.clean import one_line

ENDED = ("completed", "failed", "expired", "cancelled")
"""States in which nothing comes any more."""


@dataclass(frozen=True, slots=True)
class Job:
    """A batch, as the provider tells of it.

    Attributes:
        id: what it is asked for by.
        status: `validating`, `in_progress`, `finalizing`, `cancelling`, or one of `ENDED`.
        output, errors: ids of the files with what was answered, and with what was refused.
        done, total: lines.
        complaint: why all of it failed; "" if it did not.
        mark: what we have written on it.
    """

    id: str
    status: str
    output: str = ""
    errors: str = ""
    done: int = 0
    total: int = 0
    complaint: str = ""
    mark: str = ""

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED


def line_of(name: str, path: str, fields: tuple[tuple[str, str], ...]) -> bytes:
    """A request of a batch, as a line.

    Args:
        name: what the answer will be called, as lines come in any order.
        path: of the endpoint, such as `/v1/audio/transcriptions`.
        fields: of a form; those whose names end in `[]` become lists.
    """
    body: dict[str, Any] = {}
    for field, value in fields:
        if field.endswith("[]"):
            body.setdefault(field.removesuffix("[]"), []).append(value)
        else:
            body[field] = float(value) if field == "temperature" else value
    row = {"custom_id": name, "method": "POST", "url": path, "body": body}
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def file_id_of(answer: bytes) -> str:
    """The id of a file that was uploaded.

    Raises:
        BadReply: there is none.
    """
    body = json_of(answer)
    if not isinstance(body, Mapping) or not (name := _text(body, "id")):
        raise BadReply("the reply names no file")
    return name


def job_of(answer: bytes) -> Job:
    """The job of a reply.

    Raises:
        BadReply: it is none.
    """
    return _job(json_of(answer))


def jobs_of(answer: bytes) -> tuple[Job, ...]:
    """The jobs of a list.

    Raises:
        BadReply: it is none.
    """
    body = json_of(answer)
    rows = body.get("data") if isinstance(body, Mapping) else None
    if not isinstance(rows, list):
        raise BadReply("the reply is no list of batches")
    return tuple(_job(row) for row in rows)


def answers_of(content: bytes) -> Iterator[tuple[str, bytes, str]]:
    """Of each line of a file of results its name, its answer, and why it has none; lines that are
    none of ours are left out."""
    for line in content.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(row, Mapping) or not isinstance(row.get("custom_id"), str):
            continue
        response = row.get("response")
        response = response if isinstance(response, Mapping) else {}
        body = response.get("body")
        if response.get("status_code") == 200 and isinstance(body, Mapping | str):
            answer = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
            yield row["custom_id"], answer.encode("utf-8", "replace"), ""
        else:
            yield row["custom_id"], b"", _why(row.get("error"), response)


def _why(error: Any, response: Mapping[str, Any]) -> str:
    body = response.get("body")
    told = error or (body.get("error") if isinstance(body, Mapping) else body)
    message = told.get("message") if isinstance(told, Mapping) else told
    status = response.get("status_code")
    shown = one_line(str(message or "no reason given"), 300)
    return f"{status}: {shown}" if isinstance(status, int) else shown


def _job(row: Any) -> Job:
    if not isinstance(row, Mapping) or not (name := _text(row, "id")):
        raise BadReply("the reply is no batch")
    counts, metadata = row.get("request_counts"), row.get("metadata")
    counts = counts if isinstance(counts, Mapping) else {}
    errors = row.get("errors")
    told = errors.get("data") if isinstance(errors, Mapping) else errors
    first = told[0] if isinstance(told, list) and told else None
    complaint = first.get("message") if isinstance(first, Mapping) else first
    return Job(
        name,
        _text(row, "status"),
        _text(row, "output_file_id"),
        _text(row, "error_file_id"),
        _count(counts, "completed") + _count(counts, "failed"),
        _count(counts, "total"),
        one_line(str(complaint or ""), 300),
        _text(metadata, "audiopipe") if isinstance(metadata, Mapping) else "",
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value[:200] if isinstance(value, str) else ""


def _count(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) and 0 <= value < 1 << 31 else 0
