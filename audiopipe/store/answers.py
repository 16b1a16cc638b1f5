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
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from audiopipe.concurrency import OneAtATime
from audiopipe.errors import BadReply
from audiopipe.store.database import Database, Schema, Unavailable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
Kind = Literal["transcript", "speech", "chat", "voice"]

_LOGGER = logging.getLogger("audiopipe")
_KEY_VERSION = 1
_SCHEMA = Schema(
    application_id=0x41505354,
    version=1,
    tables=(
        # With row ids: bodies would fill the inner pages of a clustered index and make it deep.
        """CREATE TABLE answers (
            key BLOB PRIMARY KEY, kind TEXT NOT NULL, bytes INTEGER NOT NULL,
            used_s INTEGER NOT NULL, body BLOB NOT NULL)""",
        "CREATE INDEX by_use ON answers (used_s, kind, bytes)",
    ),
)
_TOUCH_S = 86_400  # how stale the time of last use may be, so that reading seldom writes
_BATCH = 1_000  # rows that one transaction drops, so that other processes wait for milliseconds


@dataclass(frozen=True, slots=True)
class Holding:
    """How many answers of a kind the store holds, and their size on disk in bytes."""

    kind: str
    answers: int
    size_bytes: int


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


class Store:
    """Answers by key, in one file for all threads and processes of a machine.

    Nothing that happens to the file is fatal: if it is damaged, it is set aside and a new one
    begun; if it cannot be written, answers are no longer kept; if it cannot be read, none is
    found. Each of these is logged once, as a warning.

    Args:
        path: the file; made private to the user if missing, its folder too.
        clock: seconds since the epoch.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._database: Database | None = None
        self._keeps = True
        self._asking = OneAtATime()
        try:
            self._database = Database(path, _SCHEMA)
        except Unavailable as fault:
            _LOGGER.warning("answers are not kept for another run: %s", fault)

    def get(self, key: bytes) -> bytes | None:
        """The answer kept under `key`; None if there is none, or it cannot be read."""
        now_s = int(self._clock())
        row = self._read(
            lambda db: db.execute(
                "SELECT CAST(body AS BLOB), used_s < ? FROM answers WHERE key = ?",
                (now_s - _TOUCH_S, key),
            ).fetchone(),
            None,
        )
        if row is None:
            return None
        if row[1]:
            touch = "UPDATE answers SET used_s = ? WHERE key = ?"
            self._write(lambda db: db.execute(touch, (now_s, key)), None)
        return _unpack(key, row[0])

    def put(self, key: bytes, kind: Kind, answer: bytes) -> None:
        """Keep an answer; once this returns, neither kill -9 nor a power cut loses it.

        Args:
            key: see `key`.
            kind: what it is an answer to.
            answer: the reply as the backend gave it: JSON text, or audio.
        """
        body = _pack(key, answer)
        row = (key, kind, len(body), int(self._clock()), body)
        insert = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)"
        self._write(lambda db: db.execute(insert, row), None, durable=True)

    def answer(
        self, key: bytes, kind: Kind, ask: Callable[[], bytes], read: Callable[[bytes], T]
    ) -> tuple[T, bool]:
        """What the kept answer says, or else the one that is asked for now and kept.

        Threads that want the same wait for the one that asks for it. A kept answer that cannot be
        read, as it is of an older version, is asked for again.

        Args:
            key, kind: see `put`.
            ask: gives the answer.
            read: what an answer says; raises `BadReply` if it is not one.

        Returns:
            What it says, and whether it was kept before.
        """
        with self._asking.on(key):
            if known := self.get(key):
                with suppress(BadReply):
                    return read(known), True
            answer = ask()
            self.put(key, kind, answer)
        return read(answer), False

    def info(self) -> tuple[Holding, ...]:
        """What the store holds, by kind."""
        query = "SELECT kind, count(*), sum(bytes) FROM answers GROUP BY kind ORDER BY kind"
        rows: list[Any] = self._read(lambda db: db.execute(query).fetchall(), [])
        return tuple(Holding(*row) for row in rows)

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

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        if self._database is not None:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _read(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        if self._database is None:
            return otherwise
        try:
            return self._database.read(work)
        except Unavailable as fault:
            _LOGGER.warning("answers of earlier runs cannot be read: %s", fault)
            self._database.close()
            self._database = None
            return otherwise

    def _write(
        self, work: Callable[[sqlite3.Connection], T], otherwise: T, *, durable: bool = False
    ) -> T:
        if self._database is None or not self._keeps:
            return otherwise
        try:
            return self._database.write(work, durable=durable)
        except Unavailable as fault:
            # what is there can still be read: a full disk must not make anyone pay twice
            _LOGGER.warning("from now on answers are not kept for another run: %s", fault)
            self._keeps = False
            return otherwise

    def _drop(self, choice: str, values: tuple[int, ...]) -> int:
        rows: list[Any] = self._read(lambda db: db.execute(choice, values).fetchall(), [])
        dropped = 0
        for start in range(0, len(rows), _BATCH):
            dropped += self._write(partial(_delete, rows=rows[start : start + _BATCH]), 0)
        while self._write(_give_back, 0):
            pass
        self._read(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall(), [])
        return dropped


def _delete(db: sqlite3.Connection, rows: list[tuple[int]]) -> int:
    return db.executemany("DELETE FROM answers WHERE rowid = ?", rows).rowcount


def _give_back(db: sqlite3.Connection) -> int:
    """Shrink the file by a batch of pages; how many more could go."""
    db.execute(f"PRAGMA incremental_vacuum({_BATCH})").fetchall()
    (left,) = db.execute("PRAGMA freelist_count").fetchone()
    return int(left)


def _pack(key: bytes, answer: bytes) -> bytes:
    """The answer, compressed; it begins with its key, so that none is taken for another."""
    return zlib.compress(key + answer)


def _unpack(key: bytes, packed: bytes) -> bytes | None:
    """The answer; None if its bytes have changed since it was packed."""
    try:
        plain = zlib.decompress(packed)
    except zlib.error:
        return None
    return plain.removeprefix(key) if plain.startswith(key) else None
