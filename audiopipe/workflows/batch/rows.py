"""Rows of 100,000 inputs, in a temporary file: as objects they take some 100 MB."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Self

from audiopipe.errors import OutputError
from audiopipe.workflows.batch.row import Row, line_of, row_of

_CACHED_KB = 4000


class Rows:
    """Rows by their sources, in the order in which these came first; a context that drops them.

    For any thread, one at a time. A few thousand never reach the disk.

    Raises:
        OutputError: of each method, if there is no space for them.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        with _kept():
            # "" is a file of SQLite's own, which it deletes
            self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._db.execute(f"PRAGMA cache_size = -{_CACHED_KB}")
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute(
                "CREATE TABLE rows (n INTEGER PRIMARY KEY, source BLOB UNIQUE, at BLOB, line BLOB)"
            )
        self.fill(rows)

    def put(self, row: Row) -> None:
        """In place of what was known of its source."""
        # names of files may be no UTF-8
        values = (_bytes(row.source), _bytes(row.at), _bytes(line_of(row)))
        with _kept():
            self._db.execute(
                "INSERT INTO rows (source, at, line) VALUES (?, ?, ?) ON CONFLICT (source)"
                " DO UPDATE SET at = excluded.at, line = excluded.line",
                values,
            )

    def fill(self, rows: Iterable[Row]) -> None:
        """Put all of them."""
        with _kept():
            self._db.execute("BEGIN")
        for row in rows:
            self.put(row)
        with _kept():
            self._db.execute("COMMIT")

    def clear(self) -> None:
        """Drop all."""
        with _kept():
            self._db.execute("DELETE FROM rows")

    def get(self, source: str) -> Row | None:
        """What is known of a source."""
        with _kept():
            query = "SELECT line FROM rows WHERE source = ?"
            found = self._db.execute(query, (_bytes(source),)).fetchone()
        return None if found is None else _row(found[0])

    def __len__(self) -> int:
        with _kept():
            return int(self._db.execute("SELECT count(*) FROM rows").fetchone()[0])

    def __iter__(self) -> Iterator[Row]:
        return (_row(line) for _, _, line in self._all())

    def newest(self, theirs: Rows) -> Iterator[str]:
        """The lines of all rows, these first; of one that others tell of too, the later news."""
        some = len(theirs) > 0
        for source, at, line in self._all():
            other = theirs._find(source) if some else None
            yield _text(other[1] if other and other[0] > at else line)
        for source, _, line in theirs._all():
            if self._find(source) is None:
                yield _text(line)

    def _find(self, source: bytes) -> tuple[bytes, bytes] | None:
        with _kept():
            query = "SELECT at, line FROM rows WHERE source = ?"
            found: tuple[bytes, bytes] | None = self._db.execute(query, (source,)).fetchone()
        return found

    def _all(self) -> Iterator[tuple[bytes, bytes, bytes]]:
        with _kept():
            yield from self._db.execute("SELECT source, at, line FROM rows ORDER BY n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._db.close()


@contextmanager
def _kept() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(
            f"the rows of this run cannot be kept in a temporary file: {error}; free space, or "
            "name another folder with TMPDIR"
        ) from error


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(line: bytes) -> str:
    return line.decode("utf-8", "surrogatepass")


def _row(line: bytes) -> Row:
    return row_of(json.loads(_text(line)))
