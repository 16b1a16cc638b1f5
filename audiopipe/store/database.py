"""A private SQLite file that many threads and processes share, and that outlives damage to it.

When it turns out to be damaged, what can be read of it goes into a new file in its place, and the
damaged one is kept under another name. The one door to sqlite3.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from audiopipe.store.claims import Claims
from audiopipe.store.forks import FORKS

T = TypeVar("T")

_LOGGER = logging.getLogger("audiopipe")
_BUSY_S = 60.0  # far above the longest transaction, so that only a stuck process fails another
_WAL_ATTEMPTS = 100
_CACHE_KIB = 512  # rows are looked up one by one: more would only grow with the file
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_MEND = b"mend"


class Unavailable(Exception):
    """The file cannot be read or written: no permission, disk full, locked, a broken disk.

    Args:
        message: one line.
        is_busy: whether somebody else uses it, and it may go better later.
    """

    def __init__(self, message: str, *, is_busy: bool = False) -> None:
        super().__init__(message)
        self.is_busy = is_busy


@dataclass(frozen=True, slots=True)
class Schema:
    """What a file must hold to be used; one of another kind is set aside.

    Attributes:
        application_id: 32-bit mark of the kind of file.
        version: raised only with a change that an older program could not live with. A file of a
            later version is left alone.
        tables: statements that make a new file.
        additions: statements that bring a file of the same version up to date; each does nothing
            where that is done (`IF NOT EXISTS`), and an older program does not mind.
        rescue: copies what can be read of a damaged file into a new one, and says how many rows.
    """

    application_id: int
    version: int
    tables: tuple[str, ...]
    additions: tuple[str, ...] = ()
    rescue: Callable[[Path, sqlite3.Connection], int] | None = None


class Database:
    """One connection to the file, safe to use from many threads.

    Args:
        path: the file, made with mode 0600 if it is missing, its folder with mode 0700; None
            keeps everything in memory.
        schema: what it holds.
        busy_s: seconds to wait for other processes that write.

    A fork is safe: before it the file is closed, and either process opens it again when it is
    needed. Closing it in the child would not do: SQLite remembers which files a process has locked,
    and the child, which has locked none, would lose what it wrote.

    Raises:
        Unavailable: the file cannot be made, opened or written.
    """

    def __init__(self, path: Path | None, schema: Schema, busy_s: float = _BUSY_S) -> None:
        self._path = path
        self._schema = schema
        self._busy_s = busy_s
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._fault, self._failed_s = Unavailable(""), 0.0
        self._mended(lambda connection: None)
        FORKS.databases.add(self)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` gives; it waits for no writer, and may run twice.

        Raises:
            Unavailable: the file cannot be read.
        """
        return self._mended(work)

    def write(
        self,
        work: Callable[[sqlite3.Connection], T],
        *,
        durable: bool = False,
        waits: bool = True,
    ) -> T:
        """What `work` gives, run as one transaction among all processes; it may run twice.

        Once this returns, the change survives the death of the process.

        Args:
            work: reads and changes the tables.
            durable: whether the change must survive a power cut too, at the price of a disk flush.
            waits: whether to wait while somebody else uses the file.

        Raises:
            Unavailable: nothing was changed.
        """

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            connection.execute(f"PRAGMA busy_timeout={int(1000 * self._busy_s) if waits else 0}")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                return work(connection)

        return self._mended(transaction, writes=True, waits=waits)

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        with self._lock:
            self._disconnect()

    def rest(self) -> None:
        """Close the file and keep others from opening it, until `wake` is called."""
        self._lock.acquire()
        if self._path is not None:
            self._disconnect()

    def wake(self) -> None:
        """Let the file be opened again."""
        self._lock.release()

    def _mended(
        self,
        action: Callable[[sqlite3.Connection], T],
        *,
        writes: bool = False,
        waits: bool = True,
    ) -> T:
        """What `action` gives, on a mended file if this one is damaged."""
        asked_s = time.monotonic()
        if not self._lock.acquire(blocking=waits):
            raise Unavailable(f"{self._path}: in use", is_busy=True)
        try:
            if self._failed_s > asked_s:  # while this one waited: nor would it fare better
                raise Unavailable(str(self._fault), is_busy=self._fault.is_busy)
            if writes and self._is_replaced():
                self._disconnect()
            return self._done(action)
        except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
            fault = Unavailable(f"{self._path}: {error}", is_busy=_is_busy(error))
            if waits:
                self._fault, self._failed_s = fault, time.monotonic()
            raise fault from error
        finally:
            self._lock.release()

    def _done(self, action: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return action(self._connected())
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if self._path is None or not _is_damage(error):
                raise
            self._mend(self._path, error)
        return action(self._connected())

    def _is_replaced(self) -> bool:
        """Whether another file stands in the place of the one that is open, or none."""
        if self._path is None or self._connection is None:
            return False
        with suppress(OSError):
            return self._path.stat().st_ino != self._inode
        return True

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        if self._path is None:
            return _connect(":memory:", self._schema, self._busy_s)
        try:
            self._inode = _make_private(self._path)
            return _connect(self._path, self._schema, self._busy_s)
        except (OSError, sqlite3.OperationalError):
            if not _is_read_only(self._path):
                raise
            self._inode = self._path.stat().st_ino
            place = f"file:{quote(str(self._path))}?immutable=1"
            return sqlite3.connect(place, uri=True, check_same_thread=False)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _mend(self, path: Path, reason: Exception) -> None:
        self._disconnect()
        with Claims(path.with_name(f"{path.name}.claims")).on(_MEND):
            if path.stat().st_ino != self._inode:
                return  # another process has mended it
            new = path.with_name(f"{path.name}.new")
            new.unlink(missing_ok=True)
            rows = self._rescued(path, new)
            aside = _set_aside(path, new)
        kept = f"{rows} rows could be read and are kept; " if self._schema.rescue else ""
        _LOGGER.warning("%s cannot be used (%s): %sit is now %s", path, reason, kept, aside.name)

    def _rescued(self, path: Path, new: Path) -> int:
        """Make the file that takes the place of a damaged one; how many rows it has of it."""
        _make_private(new)
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            with connection:
                connection.execute("BEGIN")
                _make(connection, self._schema)
                return self._schema.rescue(path, connection) if self._schema.rescue else 0


class _Foreign(sqlite3.DatabaseError):
    """A sound database, but not with these tables."""


def _is_damage(error: Exception) -> bool:
    # extended result codes keep the primary one in their low byte
    code: int = getattr(error, "sqlite_errorcode", 0)
    # a message about a damaged table names it, in whatever bytes stand there
    return isinstance(error, _Foreign | UnicodeDecodeError) or code & 0xFF in _DAMAGE


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _make_private(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # touch() opens only a file that is missing: closing one that SQLite has open drops its locks
    path.touch(mode=0o600)
    path.chmod(0o600)
    return path.stat().st_ino


def _is_read_only(path: Path) -> bool:
    """Whether the file is there and can be read alone."""
    return path.is_file() and not all(os.access(each, os.W_OK) for each in (path, path.parent))


def _set_aside(path: Path, new: Path) -> Path:
    """Put a new file in the place of a damaged one; what that is called now, as no file was."""
    names = (path.with_name(f"{path.name}.damaged{n or ''}") for n in count())
    aside = next(name for name in names if not name.exists())
    log = Path(f"{path}-wal")
    if log.exists():
        log.replace(f"{aside}-wal")
    Path(f"{path}-shm").unlink(missing_ok=True)
    try:
        aside.hardlink_to(path)  # there is a file at `path` all the time
    except OSError:
        path.replace(aside)
    new.replace(path)
    return aside


def _connect(path: Path | str, schema: Schema, busy_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, busy_s, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA secure_delete=ON")  # what is dropped is gone
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        if not (is_made := _is_made(connection, schema)):
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        _write_ahead(connection)
        if not is_made:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                if not _is_made(connection, schema):  # another process may have been first
                    _make(connection, schema)
        with suppress(sqlite3.OperationalError):  # it can be read without them
            for statement in schema.additions:
                connection.execute(statement)
    except (sqlite3.Error, UnicodeDecodeError):
        connection.close()
        raise
    return connection


def _is_made(connection: sqlite3.Connection, schema: Schema) -> bool:
    """Whether the file holds the tables; False for an empty one."""
    connection.execute("SAVEPOINT look")  # another process may make them between two looks
    tables, marks, version = (
        connection.execute(query).fetchone()[0]
        for query in (
            "SELECT count(*) FROM sqlite_schema",
            "PRAGMA application_id",
            "PRAGMA user_version",
        )
    )
    connection.execute("RELEASE look")
    if (marks, version) == (schema.application_id, schema.version):
        return True
    if marks == schema.application_id and version > schema.version:
        raise sqlite3.OperationalError(
            f"a later audiopipe has made it (version {version}): update this one"
        )
    if tables:
        raise _Foreign(f"it is of kind {marks:x}, version {version}")
    return False


def _make(connection: sqlite3.Connection, schema: Schema) -> None:
    for statement in (*schema.tables, *schema.additions):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={schema.application_id}")
    connection.execute(f"PRAGMA user_version={schema.version}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    for attempts_left in reversed(range(_WAL_ATTEMPTS)):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # two processes that switch a new file at once would wait for each other for ever:
            # SQLite refuses one of them, which need only try again
            if not _is_busy(error) or not attempts_left:
                raise
