"""What recognisers answered, kept by the content they were asked about: nothing is paid twice.

An answer is the body of the reply as it came, in chunk time. It knows nothing of files: the same
samples are found again in a renamed file, a moved folder or at another place of the recording, and
a better parser makes more of answers that were paid for long ago.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

from audiopipe.store.claims import Claims, Wait
from audiopipe.store.database import Database, Unavailable
from audiopipe.store.keeping import Answers
from audiopipe.store.refresh import note, settle, was_replaced
from audiopipe.store.reserve import LEAST_BYTES, SPEECH_BYTES, Reserve
from audiopipe.store.tables import (
    BATCH,
    INSERT,
    SCHEMA,
    Holding,
    Kind,
    delete,
    give_back,
    pack,
    unpack,
)
from audiopipe.values.audio import Origin

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

_LOGGER = logging.getLogger("audiopipe")
_KEY_VERSION = 1
_TOUCH_S = 86_400  # how stale the time of last use may be, so that reading seldom writes
_BUSY_S = 10.0
_AGAIN_S = 2.0  # the rest after a fault, so that a run with a broken store is no slower
_MOST_WAITING_BYTES = 1 << 28


def key(kind: Kind, backend: str, address: str, request: Any, content_sha256: str = "") -> bytes:
    """The 32-byte name of an answer: a hash of all that shapes it, and of nothing else.

    Args:
        kind: what is asked for.
        backend: the backend's name.
        address: the server's base URL; credentials, query and fragment in it are left out. Empty
            for an engine in this process.
        request: a frozen dataclass with everything that is asked, such as `data.Request` as it is
            sent; each of its fields counts.
        content_sha256: hash of the chunk's samples; empty where the request says it all.
    """
    url = urlsplit(address)
    server = [url.scheme, url.hostname, url.port, url.path.rstrip("/")]
    shape = [_KEY_VERSION, kind, backend, server, asdict(request), content_sha256]
    # 0 and 0.0 ask for the same
    numbers_alike = json.loads(json.dumps(shape), parse_int=float)
    return hashlib.sha256(json.dumps(numbers_alike, sort_keys=True).encode()).digest()


class Store(Answers):
    """Answers by key, in one file for all threads and processes of a machine.

    Nothing that happens to the file is fatal. If it is damaged, what can be read of it goes on in
    a new one; while it cannot be written, answers are held in memory and written later; while it
    cannot be read, none is found. Each of these is logged once, as a warning. Some room is kept
    free for what arrives when the disk is full.

    Args:
        path: the file; made private to the user if missing, its folder too.
        clock: seconds since the epoch.
        refresh: whether answers of earlier runs are asked for anew, and replaced; but those that
            a refresh has replaced which did not come to its end (see `settle`) stand.
    """

    def __init__(
        self, path: Path, clock: Callable[[], float] = time.time, *, refresh: bool = False
    ) -> None:
        super().__init__(refresh=refresh)
        self._path = path
        self._clock = clock
        self._claims = Claims(path.with_name(f"{path.name}.claims"))
        self._reserve = Reserve(path.with_name(f"{path.name}.reserve"))
        self._database: Database | None = None
        self._again_s = {"read": 0.0, "write": 0.0}
        self._warned = False
        self._lock = Lock()
        self._waiting: dict[bytes, tuple[bytes, Kind, int, int, bytes]] = {}
        self._try("read", lambda database: None, None)

    def get(self, key: bytes) -> bytes | None:
        if self.is_stale(key):
            return None
        if waiting := self._waiting.get(key):
            return unpack(key, waiting[-1])
        now_s = int(self._clock())
        query = "SELECT CAST(body AS BLOB), used_s < ? FROM answers WHERE key = ?"
        row = self._read(lambda db: db.execute(query, (now_s - _TOUCH_S, key)).fetchone(), None)
        if row is None:
            return None
        if row[1]:
            touch = "UPDATE answers SET used_s = ? WHERE key = ?"
            self._write(lambda db: db.execute(touch, (now_s, key)), None)
        return unpack(key, row[0])

    def put(self, key: bytes, kind: Kind, answer: bytes, origin: Origin | None = None) -> None:
        body = pack(key, answer)
        row = (key, kind, len(body), int(self._clock()), body)
        with self._lock:
            self._waiting[key] = row
            self.refreshed(key)
        self._write_waiting()
        if origin:
            self.note(key, origin)

    @contextmanager
    def claim(
        self, key: bytes, wait: Wait = time.sleep, kind: Kind = "transcript"
    ) -> Iterator[None]:
        self._reserve.keep(SPEECH_BYTES if kind == "speech" else LEAST_BYTES)
        with self._claims.on(key, wait):
            yield

    def info(self) -> tuple[Holding, ...]:
        """What the store holds, by kind."""
        query = """SELECT CAST(kind AS TEXT), count(*), CAST(total(bytes) AS INTEGER),
            max(CAST(used_s AS REAL)) FROM answers GROUP BY 1 ORDER BY 1"""
        return self._holdings(query)

    def recordings(self) -> tuple[Holding, ...]:
        """What it holds of each recording, by its name, and of each kind besides; those used last
        first. An answer that belongs to two recordings is counted for both.
        """
        query = """SELECT coalesce(max(CAST(name AS TEXT)), 'other: ' || max(kind)), count(*),
            CAST(total(bytes) AS INTEGER), max(CAST(used_s AS REAL)) AS used
            FROM answers LEFT JOIN recordings USING (key)
            GROUP BY coalesce(recording, kind) ORDER BY used DESC, 1"""
        return self._holdings(query)

    def drop(self, origin: Origin) -> int:
        """Drop the answers of a recording; returns how many there were."""
        query = """SELECT answers.rowid FROM recordings JOIN answers USING (key)
            WHERE recording = ?"""
        return self._drop(query, (origin.id,))

    def prune(self, *, unused_s: float | None = None, max_bytes: int | None = None) -> int:
        """Drop answers, those not used for longest first, and give the space back.

        Args:
            unused_s: drop what nobody asked for in so many seconds, give or take a day.
            max_bytes: drop until the rest takes at most so many bytes.

        Returns:
            How many answers were dropped.
        """
        dropped = 0
        if unused_s is not None:
            unused_since = (int(self._clock() - unused_s),)
            dropped += self._drop("SELECT rowid FROM answers WHERE used_s < ?", unused_since)
        if max_bytes is not None:
            dropped += self._drop(
                """SELECT rowid FROM (SELECT rowid, sum(bytes) OVER newest_first AS total
                FROM answers WINDOW newest_first AS (ORDER BY used_s DESC, rowid DESC))
                WHERE total > ?""",
                (max_bytes,),
            )
        return dropped

    def clear(self) -> int:
        """Drop every answer and give the space back; returns how many there were."""
        return self.prune(max_bytes=0)

    def is_stale(self, key: bytes) -> bool:
        if not super().is_stale(key):
            return False
        if self._read(lambda db: was_replaced(db, key, self._clock()), False):
            self.refreshed(key)
        return super().is_stale(key)

    def settle(self, origins: Iterable[Origin] = ()) -> None:
        if self._refresh:
            self._write_waiting()
            ids = [each.id for each in origins]
            self._write(lambda db: settle(db, self._fresh, ids, self._clock()), None)

    def close(self) -> None:
        if self._waiting:
            self._again_s["write"] = 0.0
            self._write_waiting()
        if lost := len(self._waiting):
            _LOGGER.warning(
                "%d answers could not be kept in %s: a later run asks for them again",
                lost,
                self._path,
            )
            self._waiting.clear()
        if self._database is not None:
            self._database.close()

    def note(self, key: bytes, origin: Origin) -> None:
        # a lookup, where that is known
        query = "SELECT count(*) FROM recordings WHERE recording = ? AND key = ?"
        place = (origin.id, key)
        if self._read(lambda db: db.execute(query, place).fetchone(), None) == (0,):
            insert = "INSERT OR IGNORE INTO recordings VALUES (?, ?, ?)"
            self._write(lambda db: db.execute(insert, (*place, origin.name)), None)

    def _holdings(self, query: str) -> tuple[Holding, ...]:
        found: list[Any] = self._read(lambda db: db.execute(query).fetchall(), [])
        return tuple(Holding(*row) for row in found)

    def _read(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        if self._waiting:
            self._write_waiting()
        return self._try("read", lambda database: database.read(work), otherwise)

    def _write(
        self, work: Callable[[sqlite3.Connection], T], otherwise: T, *, durable: bool = False
    ) -> T:
        return self._try("write", lambda database: database.write(work, durable=durable), otherwise)

    def _write_waiting(self) -> None:
        """Write the answers that are held; those that cannot be written stay."""
        with self._lock:
            held = list(self._waiting.values())

        def insert(db: sqlite3.Connection) -> bool:
            db.executemany(INSERT, held)
            if self._refresh:
                note(db, [row[0] for row in held], self._clock())
            return True

        if self._write(insert, False, durable=True):
            with self._lock:
                for row in held:
                    if self._waiting.get(row[0]) is row:
                        del self._waiting[row[0]]
        with self._lock:
            while sum(row[2] for row in self._waiting.values()) > _MOST_WAITING_BYTES:
                del self._waiting[next(iter(self._waiting))]

    def _try(
        self, does: Literal["read", "write"], action: Callable[[Database], T], otherwise: T
    ) -> T:
        """What the action gives; after a fault nobody tries for a while."""
        if time.monotonic() < self._again_s[does]:
            return otherwise
        try:
            if self._database is None:
                self._database = Database(self._path, SCHEMA, _BUSY_S)
            return action(self._database)
        except Unavailable as fault:
            if does == "write" and not fault.is_busy and self._reserve.give_up():
                return self._try(does, action, otherwise)
            self._again_s[does] = time.monotonic() + _AGAIN_S
            if not self._warned:
                self._warned = True
                _LOGGER.warning("answers cannot be kept for another run as yet: %s", fault)
            return otherwise

    def _drop(self, choice: str, values: tuple[int | str, ...]) -> int:
        chosen: list[Any] = self._read(lambda db: db.execute(choice, values).fetchall(), [])
        dropped = 0
        for start in range(0, len(chosen), BATCH):
            dropped += self._write(partial(delete, rows=chosen[start : start + BATCH]), 0)
        while self._write(give_back, 0):
            pass
        self._read(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall(), [])
        return dropped
