"""What runs have spent on all their processes, in a table of SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audiopipe.limits.knowledge import real

if TYPE_CHECKING:
    import sqlite3

KEPT_S = 7 * 86_400.0
"""A run that spent nothing for so long has ended."""

TABLES = (
    """CREATE TABLE IF NOT EXISTS purses (
        run TEXT PRIMARY KEY, cost_usd REAL NOT NULL, requests REAL NOT NULL, at_s REAL NOT NULL)
        WITHOUT ROWID""",
)


def add(
    db: sqlite3.Connection,
    run: str,
    amounts: tuple[float, float],
    bounds: tuple[float, float],
    now_s: float,
) -> tuple[float, bool]:
    """See `Budget.spend`; amounts and bounds are US dollars and requests."""
    db.execute("DELETE FROM purses WHERE at_s < ?", (now_s - KEPT_S,))
    row = db.execute(
        f"SELECT {real('cost_usd')}, {real('requests')} FROM purses WHERE run = ?", (run,)
    ).fetchone()
    before = row or (0.0, 0.0)
    after = tuple(max(0.0, has + more) for has, more in zip(before, amounts, strict=True))
    if any(
        more > 0 and total > most for more, total, most in zip(amounts, after, bounds, strict=True)
    ):
        return float(before[0]), False
    db.execute("INSERT OR REPLACE INTO purses VALUES (?, ?, ?, ?)", (run, *after, now_s))
    return after[0], True
