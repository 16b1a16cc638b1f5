"""What is known of servers: whose budget is whose, what each cannot do, and how to forget it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audiopipe.limits.rules import RULES

if TYPE_CHECKING:
    import sqlite3

FACT_S = 7 * 86_400.0
"""How long a fact is believed: servers are renewed, and may know more then."""

CLOCK_S = 300.0
"""A moment that lies further ahead was noted by a clock that was wrong."""

TOLD_S = 86_400.0
"""How long a limit that the server told is believed: an account's tier may rise meanwhile."""

LONGEST_PAUSE_S = 90_000.0
"""25 hours: allowances come back within a day at most, and an hour is left for clocks."""

MOST_UNITS = 1e12

TABLES = (
    """CREATE TABLE IF NOT EXISTS names (
        account TEXT PRIMARY KEY, server TEXT NOT NULL, model TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS facts (
        server TEXT, model TEXT, what TEXT, value TEXT NOT NULL, at_s REAL NOT NULL,
        PRIMARY KEY (server, model, what)) WITHOUT ROWID""",
)

_RULES = frozenset(rule.name for rule in RULES)
_OF_SERVER = "instr(server, ?) > 0"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a server and one of its models, or of one account with it.

    Attributes:
        server: its address, without secrets.
        model: the model's id; "" for all that it has.
        account: name of the budget; "" for facts.
        told: units of each limit that the server told, and until when that is believed.
        used: units that were used of each limit, and when that was so.
        pause_until_s: before it nothing is sent, by the server's wish; 0 for none.
        facts: what it cannot do, by name, with its value and until when that is believed.
    """

    server: str
    model: str
    account: str = ""
    told: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    used: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    pause_until_s: float = 0.0
    facts: Mapping[str, tuple[str, float]] = field(default_factory=dict)


def real(column: str) -> str:
    """A column as a number from 0 to 10^15, whatever stands in it."""
    return f"min(max(CAST({column} AS REAL), 0.0), 1e15)"


def name(db: sqlite3.Connection, account: str, server: str, model: str) -> None:
    """Note whose budget an account is."""
    db.execute("INSERT OR REPLACE INTO names VALUES (?, ?, ?)", (account, server, model))


def learn(
    db: sqlite3.Connection, server: str, model: str, what: str, value: str, now_s: float
) -> None:
    """Note a fact."""
    row = (server, model, what, value, now_s)
    db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?)", row)


def facts(
    db: sqlite3.Connection, server: str, model: str, now_s: float
) -> dict[str, tuple[str, float]]:
    """The facts that are still believed: name, value, until when."""
    rows = db.execute(
        f"SELECT what, CAST(value AS TEXT), {real('at_s')} FROM facts"
        " WHERE server = ? AND model = ?",
        (server, model),
    )
    return {
        str(what): (value or "", at_s + FACT_S)
        for what, value, at_s in rows
        if now_s - FACT_S < at_s <= now_s + CLOCK_S
    }


def told(db: sqlite3.Connection, account: str, now_s: float) -> dict[str, tuple[float, float]]:
    """The limits that the server itself has told of late: units, and until when."""
    rows = db.execute(
        f"SELECT rule, {real('units')}, {real('at_s')} FROM told WHERE account = ?", (account,)
    )
    return believed({rule: (units, at_s) for rule, units, at_s in rows}, now_s)


def believed(
    told: Mapping[str, tuple[float, float]], now_s: float
) -> dict[str, tuple[float, float]]:
    """Those of the limits that are still believed, by rule: units, and until when.

    Args:
        told: units, and when they were told.
        now_s: seconds since the epoch.
    """
    return {
        rule: (units, at_s + TOLD_S)
        for rule, (units, at_s) in told.items()
        if rule in _RULES and 0 < units <= MOST_UNITS and now_s - TOLD_S < at_s <= now_s + CLOCK_S
    }


def pause_until_s(db: sqlite3.Connection, account: str, now_s: float) -> float:
    """Until when the server wishes to be left alone; 0 where it does not, or cannot be meant."""
    row = db.execute(
        f"SELECT {real('until_s')} FROM pauses WHERE account = ?", (account,)
    ).fetchone()
    return pause_within(float(row[0]) if row else 0.0, now_s)


def pause_within(until_s: float, now_s: float) -> float:
    """The end of a pause, if it lies ahead and can be meant; else 0."""
    return until_s if now_s < until_s <= now_s + LONGEST_PAUSE_S else 0.0


def listed(db: sqlite3.Connection, now_s: float) -> list[Known]:
    """All that is known: accounts, then facts."""
    found = []
    for account, server, model in db.execute(
        "SELECT account, server, model FROM names ORDER BY server, model, account"
    ).fetchall():
        used = db.execute(
            f"SELECT rule, {real('used')}, {real('at_s')} FROM buckets WHERE account = ?",
            (account,),
        )
        found.append(
            Known(
                server,
                model,
                account,
                told(db, account, now_s),
                {rule: (units, at_s) for rule, units, at_s in used if rule in _RULES},
                pause_until_s(db, account, now_s),
            )
        )
    pairs = db.execute("SELECT DISTINCT server, model FROM facts ORDER BY server, model").fetchall()
    for server, model in pairs:
        if believed := facts(db, server, model, now_s):
            found.append(Known(server, model, facts=believed))
    return found


def forget(db: sqlite3.Connection, server: str) -> int:
    """Forget all of a server, or of all with ""; returns of how many models or accounts.

    Args:
        db: inside a transaction.
        server: its address, or a part of it.
    """
    if not server:
        count = len({row[0] for t in ("buckets", "told", "pauses") for row in _accounts(db, t)})
        for table in ("buckets", "told", "pauses", "requests", "names"):
            db.execute(f"DELETE FROM {table}")
        return count + db.execute("DELETE FROM facts").rowcount
    accounts = db.execute(f"SELECT account FROM names WHERE {_OF_SERVER}", (server,)).fetchall()
    for table in ("buckets", "told", "pauses", "requests", "names"):
        db.executemany(f"DELETE FROM {table} WHERE account = ?", accounts)
    return len(accounts) + db.execute(f"DELETE FROM facts WHERE {_OF_SERVER}", (server,)).rowcount


def _accounts(db: sqlite3.Connection, table: str) -> list[tuple[str]]:
    return db.execute(f"SELECT DISTINCT account FROM {table}").fetchall()
