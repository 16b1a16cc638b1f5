"""The tables of the answers: how one stands in its row, and what can be had of a damaged file."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from audiopipe.store.database import Schema
from audiopipe.store.salvage import rows

if TYPE_CHECKING:
    import sqlite3

Kind = Literal["transcript", "speech", "chat", "voice"]

INSERT = """INSERT INTO answers VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
    kind = excluded.kind, bytes = excluded.bytes, used_s = excluded.used_s, body = excluded.body"""
"""Puts a row of `answers`, over one with the same key."""

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
    ),
    rescue=_rescue,
)
