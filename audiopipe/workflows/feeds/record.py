"""What has been fetched of a feed: a file in the folder of its episodes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from audiopipe.errors import InputError
from audiopipe.render import write

NAME = "feed.json"
VERSION = 1

Status = Literal["done", "failed", "begun", "passed"]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of an episode.

    Attributes:
        id: as in the feed.
        title: as in the feed.
        status: `begun` is half there; `passed` was too old when the feed was fetched first.
        file: its name in the folder; "" before it has one.
        version: of what is half there, as the server calls it.
        reason: why it failed.
        published_s: seconds since the epoch; None where the feed does not say.
    """

    id: str
    title: str
    status: Status
    file: str = ""
    version: str = ""
    reason: str = ""
    published_s: int | None = None

    def __post_init__(self) -> None:
        if self.status not in get_args(Status):
            raise ValueError(f"{self.status!r} is no status")
        if self.file and (Path(self.file).name != self.file or self.file.startswith(".")):
            raise ValueError(f"{self.file!r} is no name of a file")


class Record:
    """The file, read once and written at each change.

    Args:
        folder: of the episodes.
        url: of the feed, without what it holds of secrets.
        title: of the feed.

    Raises:
        InputError: there is a file of that name that is not ours.
    """

    def __init__(self, folder: Path, url: str, title: str) -> None:
        self._path, self._url, self._title = folder / NAME, url, title
        self.rows: dict[str, Row] = {row.id: row for row in _rows(self._path)}

    def put(self, row: Row) -> None:
        """There is news of an episode.

        Raises:
            OutputError: it cannot be kept.
        """
        self.rows[row.id] = row
        head = {"version": VERSION, "feed": self._url, "title": self._title}
        lines = ",\n  ".join(json.dumps(asdict(r), ensure_ascii=False) for r in self.rows.values())
        text = json.dumps(head, ensure_ascii=False)[:-1] + f', "episodes": [\n  {lines}\n]}}\n'
        write(text, self._path)


def folder_of(root: Path, url: str) -> Path | None:
    """The folder below `root` that an earlier run has made for a feed; None if there is none."""
    for path in sorted(root.glob(f"*/{NAME}")):
        if _document(path).get("feed") == url:
            return path.parent
    return None


def _rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    known = {each.name for each in fields(Row)}
    try:
        return [
            Row(**{name: value for name, value in row.items() if name in known})
            for row in _document(path)["episodes"]
        ]
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise InputError(f"{path} is not the record of a feed: {error}") from error


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
