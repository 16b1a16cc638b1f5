"""A server's list of models to values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audiopipe.backends.wire.decode import json_of
from audiopipe.errors import BadReply
from audiopipe.text.clean import one_line

_MOST_TOKENS = 100_000_000
_MOST_MODELS = 10_000


@dataclass(frozen=True, slots=True)
class LiveModel:
    """A model that a server offers; None or "" where it does not say.

    Attributes:
        id: full id, as a request carries it.
        owner: who made it.
        context: tokens of prompt and answer together.
        max_output: most tokens of an answer.
        active: whether it can be asked now.
    """

    id: str
    owner: str = ""
    context: int | None = None
    max_output: int | None = None
    active: bool = True


def models_of(answer: bytes) -> tuple[LiveModel, ...]:
    """The models of a reply, by id.

    Raises:
        BadReply: it is no list of models.
    """
    body = json_of(answer)
    rows = body.get("data", body.get("models")) if isinstance(body, Mapping) else body
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise BadReply("the reply is no list of models")
    models = [_model(row) for row in rows[:_MOST_MODELS] if row.get("id") or row.get("name")]
    return tuple(sorted(models, key=lambda model: model.id))


def _model(row: Mapping[str, Any]) -> LiveModel:
    meta = row["meta"] if isinstance(row.get("meta"), Mapping) else {}  # of llama.cpp's server
    return LiveModel(
        one_line(str(row.get("id") or row.get("name")), 100),
        one_line(str(row.get("owned_by") or ""), 60),
        _count(row, "context_window", "context_length", "max_model_len") or _count(meta, "n_ctx"),
        _count(row, "max_completion_tokens", "max_output_tokens"),
        row.get("active") is not False,
    )


def _count(row: Mapping[str, Any], *names: str) -> int | None:
    """The first of these fields that is a number of tokens."""
    for name in names:
        value = row.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_TOKENS:
            return value
    return None
