"""What became of one input, and how that is written."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import PurePath
from typing import Any, Literal, get_args

from audiopipe.backends.http.address import public_name

Status = Literal["pending", "done", "partial", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one input.

    Attributes:
        source: what `identity` gives for it.
        stem: path of its results below the folder, without an ending.
        status: `partial` lacks a passage; `skipped` was done already.
        reason: why it is partial or failed.
        outputs: paths of its results below the folder.
        duration_s: seconds of the recording; None where nobody knows.
        flags: passages not to trust.
        requests: requests that its transcript took, in all runs.
        billed_s: seconds that were billed for them.
        cost_usd: their price; None where it is not known.
        spent_usd: the part of it that the last run paid which worked on it.
        at: when this became of it; ISO 8601, UTC. "" for a row of version 1.
    """

    source: str
    stem: str
    status: Status = "pending"
    reason: str = ""
    outputs: tuple[str, ...] = ()
    duration_s: float | None = None
    flags: int = 0
    requests: int = 0
    billed_s: float = 0.0
    cost_usd: float | None = 0.0
    spent_usd: float | None = 0.0
    at: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        stem = PurePath(self.stem)
        if stem.is_absolute() or ".." in stem.parts:
            raise ValueError(f"{self.stem!r} leads out of the folder")
        if self.status not in get_args(Status):
            raise ValueError(f"{self.status!r} is no status")

    @property
    def is_due(self) -> bool:
        """Whether something is left to do."""
        return self.status in ("pending", "partial", "failed")

    @property
    def is_whole(self) -> bool:
        """Whether the source tells all that it takes to read it again."""
        return self.source != "-" and not ("://" in self.source and "#" in self.source)

    def facts(self) -> dict[str, Any]:
        """All attributes by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def identity(source: str) -> str:
    """What tells an input from every other, wherever a later run is started.

    The absolute path of a file, its links unresolved; an address without user, password and query,
    which may carry a signature: a hash stands for them, behind `#`. Stdin is `-`.
    """
    if source == "-":
        return source
    if "://" not in source:
        path = os.path.abspath(source)  # noqa: PTH100 - a path may be no file
        return source if path == source else path  # of 100,000 each name is held once
    return public_name(source)


def line_of(row: Row) -> str:
    """A row as JSON, in one line."""
    return json.dumps(row.facts(), ensure_ascii=False)


def row_of(facts: Mapping[str, Any]) -> Row:
    """A row that anybody may have written.

    Raises:
        TypeError, ValueError: it is none.
    """
    return Row(**_checked(facts))


_ROW = Row("", "").facts() | {"duration_s": 0.0}
_OPTIONAL = ("duration_s", "cost_usd", "spent_usd")


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of a row, lists as tuples; each is of its kind, or there is a TypeError."""
    known = {name: value for name, value in values.items() if name in _ROW}
    made = {name: tuple(v) if isinstance(v, list) else v for name, v in known.items()}
    for name, value in made.items():
        like = _ROW[name]
        kinds = (int, float) if isinstance(like, float) else type(like)
        if not (isinstance(value, kinds) or (value is None and name in _OPTIONAL)):
            raise TypeError(f"{name} cannot be {value!r}")
    return made
