"""A private SQLite file that many threads and processes share, and that outlives damage to it.

What such a file holds can be had again, at a price: when it turns out to be damaged, it is renamed
and a new one begun in its place. The one door to sqlite3.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_LOGGER = logging.getLogger("audiopipe")
_BUSY_S = 60.0  # far above the longest transaction, so that only a stuck process fails another
_WAL_ATTEMPTS = 100
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Unavailable(Exception):
    """The file cannot be read or written: no permission, disk full, locked, a broken disk."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a file must hold to be used; one that holds anything else is set aside.

    Attributes:
        application_id: 32-bit mark of the kind of file.
        version: raised with every change of the tables.
        tables: statements that make them.
    """

    application_id: int
    version: int
    tables: tuple[str, ...]


class Database:
    """One connection to the file, safe to use from many threads.

    Args:
        path: the file, made with mode 0600 if it is missing, its folder with mode 0700; None
            keeps everything in memory.
        schema: what it holds.

    Raises:
        Unavailable: the file cannot be made, opened or written.
    """

    def __init__(self, path: Path | None, schema: Schema) -> None:
        self._path = path
        self._schema = schema
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._mended(lambda connection: None)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` gives; it waits for no writer, and may run twice.

        Raises:
            Unavailable: the file cannot be read.
        """
        return self._mended(work)

    def write(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = False) -> T:
        """What `work` gives, run as one transaction among all processes; it may run twice.

        Once this returns, the change survives the death of the process.

        Args:
            work: reads and changes the tables.
            durable: whether the change must survive a power cut too, at the price of a disk flush.

        Raises:
            Unavailable: nothing was changed.
        """

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                return work(connection)

        return self._mended(transaction)

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        with self._lock:
            self._disconnect()

    def _mended(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """What `action` gives, on a new file if this one is damaged."""
        with self._lock:
            try:
                try:
                    return action(self._connected())
                except sqlite3.DatabaseError as error:
                    if self._path is None or not _is_damage(error):
                        raise
                    self._set_aside(self._path, error)
                return action(self._connected())
            except (OSError, sqlite3.Error) as error:
                raise Unavailable(f"{self._path}: {error}") from error

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            if self._path is not None:
                self._inode = _make_private(self._path)
            self._connection = sqlite3.connect(
                self._path or ":memory:", _BUSY_S, isolation_level=None, check_same_thread=False
            )
            try:
                _prepare(self._connection, self._schema)
            except sqlite3.Error:
                self._disconnect()
                raise
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _set_aside(self, path: Path, reason: sqlite3.DatabaseError) -> None:
        self._disconnect()
        if path.stat().st_ino != self._inode:
            return  # another process has begun a new file already
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        for part in ("-wal", "-shm"):
            Path(f"{path}{part}").unlink(missing_ok=True)
        _LOGGER.warning("%s cannot be used (%s): kept as %s, begun anew", path, reason, aside.name)


class _Foreign(sqlite3.DatabaseError):
    """A sound database, but not with these tables."""


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    # extended result codes keep the primary one in their low byte
    code: int = getattr(error, "sqlite_errorcode", 0)
    return isinstance(error, _Foreign) or code & 0xFF in _DAMAGE


def _make_private(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # touch() opens only a file that is missing: closing one that SQLite has open drops its locks
    path.touch(mode=0o600)
    path.chmod(0o600)
    return path.stat().st_ino


def _prepare(connection: sqlite3.Connection, schema: Schema) -> None:
    marks = (schema.application_id, schema.version)
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    _write_ahead(connection)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        found = tuple(
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        )
        if found == marks:
            return
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise _Foreign(f"its version is {found}, this program's is {marks}")
        for table in schema.tables:
            connection.execute(table)
        connection.execute(f"PRAGMA application_id={marks[0]}")
        connection.execute(f"PRAGMA user_version={marks[1]}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    for attempts_left in reversed(range(_WAL_ATTEMPTS)):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # two processes that switch a new file at once would wait for each other for ever:
            # SQLite refuses one of them, which need only try again
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or not attempts_left:
                raise
