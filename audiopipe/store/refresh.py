"""Answers that are asked for anew: what was replaced already is not asked for once more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_BELIEVED_S = 86_400
"""How long a refresh that was broken off may be gone on with."""


def was_replaced(db: sqlite3.Connection, key: bytes, now_s: float) -> bool:
    """Whether a refresh that was broken off has replaced an answer."""
    query = "SELECT 1 FROM refreshed WHERE key = ? AND at_s > ?"
    return db.execute(query, (key, int(now_s) - _BELIEVED_S)).fetchone() is not None


def note(db: sqlite3.Connection, keys: Iterable[bytes], now_s: float) -> None:
    """Answers were replaced by a refresh that has not come to its end."""
    rows = [(key, int(now_s)) for key in keys]
    db.executemany("INSERT OR REPLACE INTO refreshed VALUES (?, ?)", rows)


def settle(
    db: sqlite3.Connection, keys: Iterable[bytes], recordings: Iterable[str], now_s: float
) -> None:
    """The refresh of these answers, and of those of recordings, has come to its end."""
    db.executemany("DELETE FROM refreshed WHERE key = ?", [(key,) for key in keys])
    db.executemany(
        "DELETE FROM refreshed WHERE key IN (SELECT key FROM recordings WHERE recording = ?)",
        [(recording,) for recording in recordings],
    )
    db.execute("DELETE FROM refreshed WHERE at_s < ?", (int(now_s) - _BELIEVED_S,))
