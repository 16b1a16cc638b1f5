"""The tables of the answers: how one stands in its row, and what can be had of a damaged file."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from audiopipe.store.database import Schema
from audiopipe.store.salvage import rows

if TYPE_CHECKING:
    import sqlite3

Kind = Literal["transcript", "speech", "chat", "voice"]


@dataclass(frozen=True, slots=True)
class Holding:
    """How many answers of a kind, or of a recording, the store holds.

    Attributes:
        kind: what they are, or the recording's name.
        answers: how many.
        size_bytes: on disk.
        used_s: when one of them was last used, give or take a day; seconds since the epoch.
    """

    kind: str
    answers: int
    size_bytes: int
    used_s: float = 0.0


INSERT = """INSERT INTO answers VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
    kind = excluded.kind, bytes = excluded.bytes, used_s = excluded.used_s, body = excluded.body"""
"""Puts a row of `answers`, over one with the same key."""

BATCH = 1_000
"""Rows or pages that one transaction drops, so that other processes wait for milliseconds."""

_MOST_ANSWER_BYTES = 1 << 26
"""Ten times the longest that anybody gives; what unpacks to more was not packed here."""


def pack(key: bytes, answer: bytes) -> bytes:
    """The answer, compressed; it begins with its key, so that none is taken for another."""
    return zlib.compress(key + answer)


def unpack(key: bytes, packed: bytes) -> bytes | None:
    """The answer; None if its bytes have changed since it was packed."""
    unpacking = zlib.decompressobj()
    try:
        plain = unpacking.decompress(packed, _MOST_ANSWER_BYTES)
    except zlib.error:
        return None
    is_whole = unpacking.eof and plain.startswith(key)
    return plain.removeprefix(key) if is_whole else None


def delete(db: sqlite3.Connection, rows: list[tuple[int]]) -> int:
    """Drop rows of answers by their ids; how many there were."""
    return db.executemany("DELETE FROM answers WHERE rowid = ?", rows).rowcount


def give_back(db: sqlite3.Connection) -> int:
    """Shrink the file by a batch of pages; how many more could go."""
    db.execute(f"PRAGMA incremental_vacuum({BATCH})").fetchall()
    (left,) = db.execute("PRAGMA freelist_count").fetchone()
    return int(left)


def _rescue(path: Path, db: sqlite3.Connection) -> int:
    """Copy the sound answers of a damaged file; how many."""
    rescued = 0
    for key, kind, size, used_s, body in rows(path, columns=5):
        if not (isinstance(key, bytes) and isinstance(body, bytes) and isinstance(kind, bytes)):
            continue
        if unpack(key, body) is not None and kind.decode(errors="replace") in get_args(Kind):
            db.execute(INSERT, (key, kind.decode(), size, used_s, body))
            rescued += 1
    return rescued


SCHEMA = Schema(
    application_id=0x41505354,
    version=1,
    tables=(
        # With row ids: bodies would fill the inner pages of a clustered index and make it deep.
        """CREATE TABLE answers (
            key BLOB PRIMARY KEY, kind TEXT NOT NULL, bytes INTEGER NOT NULL,
            used_s INTEGER NOT NULL, body BLOB NOT NULL)""",
        "CREATE INDEX by_use ON answers (used_s, kind, bytes)",
    ),
    additions=(
        """CREATE TABLE IF NOT EXISTS recordings (
            recording TEXT, key BLOB, name TEXT NOT NULL, PRIMARY KEY (recording, key))
            WITHOUT ROWID""",
        "CREATE INDEX IF NOT EXISTS by_answer ON recordings (key)",
        """CREATE TRIGGER IF NOT EXISTS dropped AFTER DELETE ON answers
            BEGIN DELETE FROM recordings WHERE key = OLD.key; END""",
        """CREATE TABLE IF NOT EXISTS refreshed (key BLOB PRIMARY KEY, at_s INTEGER NOT NULL)
            WITHOUT ROWID""",
    ),
    rescue=_rescue,
)
