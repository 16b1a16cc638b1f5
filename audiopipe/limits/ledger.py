"""The budget's books: queue, charges and levels of an account, in tables of SQLite.

All of it happens inside one transaction that the caller holds, at one moment that it names.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from audiopipe.limits.knowledge import (
    LONGEST_PAUSE_S,
    MOST_UNITS,
    TABLES,
    pause_until_s,
    real,
    told,
)
from audiopipe.limits.purses import TABLES as PURSES
from audiopipe.limits.rules import Cost, Limits, Slot, drained, schedule
from audiopipe.store.database import Schema

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from audiopipe.limits.rules import Observed

STALE_S = 45.0
"""A place in the queue that nobody asked for in this time is given up."""
IN_FLIGHT_S = 300.0
"""A request without an answer is taken for lost after this time; its charge stands."""
TOLERANCE_S = 1e-3
"""A sleep that ends on time by the clock may miss it by a rounding."""
MOST_WALKED = 100
"""How many ahead in the queue are gone through one by one. Of a turn behind more it is told when it
fits at the soonest, as if no allowance were full before; whether that is now is the same."""
SERVERS_WISH = "the wait that the server asked for"

SCHEMA = Schema(
    application_id=0x41504C47,
    version=1,
    tables=(
        "CREATE TABLE salt (salt BLOB NOT NULL)",
        "INSERT INTO salt VALUES (randomblob(16))",
        """CREATE TABLE buckets (
            account TEXT, rule TEXT, used REAL NOT NULL, at_s REAL NOT NULL,
            PRIMARY KEY (account, rule)) WITHOUT ROWID""",
        """CREATE TABLE told (
            account TEXT, rule TEXT, units REAL NOT NULL, at_s REAL NOT NULL,
            PRIMARY KEY (account, rule)) WITHOUT ROWID""",
        "CREATE TABLE pauses (account TEXT PRIMARY KEY, until_s REAL NOT NULL) WITHOUT ROWID",
        # a request waits while sent_s is null, and is in flight while answered_s is
        """CREATE TABLE requests (
            id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL,
            requests REAL NOT NULL, tokens REAL NOT NULL, audio_s REAL NOT NULL,
            asked_s REAL NOT NULL, sent_s REAL, answered_s REAL)""",
        "CREATE INDEX by_answer ON requests (account, answered_s)",
        "CREATE INDEX by_time ON requests (sent_s)",
    ),
    additions=(*TABLES, *PURSES),
)

_COST = ", ".join(map(real, ("requests", "tokens", "audio_s")))
"""What a request takes, whatever stands in its row."""
_NOTHING = Cost(0.0)


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer to the question who may send.

    Attributes:
        id: the place in the ledger.
        account: whose budget it is, as `Limiter.account` named it.
        limits: the limits that were asked for.
        cost: what the request takes.
        wait_s: seconds until it fits; 0 means that it is charged and must be sent now.
        cause: what it waits for, such as "7200 audio seconds an hour"; empty if it need not wait.
        sent_s: when it was charged, on the budget's clock; 0 before.
        next_s: seconds until the first request of the whole queue fits.
    """

    id: int
    account: str
    limits: Limits
    cost: Cost
    wait_s: float
    cause: str
    sent_s: float = 0.0
    next_s: float = 0.0


class Books:
    """What the ledger knows of one account, brought up to the present.

    Args:
        db: inside a transaction.
        turn: the request that it is about.
        now_s: seconds since the epoch.
    """

    def __init__(self, db: sqlite3.Connection, turn: Turn, now_s: float) -> None:
        self._db = db
        self._turn = turn
        self._now_s = now_s
        self._drop_the_dead()
        self._limits = turn.limits.within(told_limits(db, turn.account, now_s))
        self._levels = self._present_levels()

    def turn(self) -> Turn:
        """The turn, charged if it is now; else its place in the queue is kept.

        Raises:
            RequestTooLarge: no wait is long enough.
        """
        self._limits.check(self._turn.cost)
        place = self._place()
        first, slot = self._slots(place)
        if slot.wait_s > TOLERANCE_S:
            self._save()
            cause = str(slot.cause or SERVERS_WISH)
            return replace(
                self._turn, id=place, wait_s=slot.wait_s, cause=cause, next_s=first.wait_s
            )
        self._db.execute("UPDATE requests SET sent_s = ? WHERE id = ?", (self._now_s, place))
        self._charge(self._turn.cost, 1)
        self._save()
        return replace(self._turn, id=place, wait_s=0.0, cause="", sent_s=self._now_s)

    def answered(self, observed: tuple[Observed, ...], tokens: float | None) -> None:
        """Note the answer and the tokens that it took in truth, if it tells.

        Then move each level into the bounds that its headers give.

        The server's level now is at least what it told, less what came back since the request was
        sent, and at most that plus all requests that it may not have counted by then.
        """
        if tokens is None:
            tokens = self._turn.cost.tokens
        self._db.execute(
            "UPDATE requests SET answered_s = ?, tokens = ? WHERE id = ?",
            (self._now_s, tokens, self._turn.id),
        )
        self._charge(Cost(0.0, tokens - self._turn.cost.tokens), 1)
        others = self._sum(
            "sent_s IS NOT NULL AND id <> ? AND (answered_s IS NULL OR answered_s >= ?)",
            (self._turn.id, self._turn.sent_s),
        )
        for each in observed:
            rule = each.rule()
            if rule is None:
                continue
            used = each.limit - each.remaining
            back = each.limit / rule.window_s * max(0.0, self._now_s - self._turn.sent_s)
            level = max(self._levels.get(rule.name, 0.0), used - back)
            self._levels[rule.name] = min(level, used + others.of(each.quantity))
            self._learn(rule.name, each.limit)
        self._save()

    def refused(
        self, rule: str | None, used: float | None, limit: float | None, wait_s: float
    ) -> None:
        """Note a refusal, the server's own figures of it, and the wait that it asked for."""
        self._forget(replace(self._turn.cost, requests=0.0))
        if rule and used is not None and limit:
            self._levels[rule] = max(self._levels.get(rule, 0.0), used)
            self._learn(rule, limit)
        wait_s = max(self._pause_s(), min(wait_s, LONGEST_PAUSE_S))
        self._db.execute(
            "INSERT OR REPLACE INTO pauses VALUES (?, ?)",
            (self._turn.account, self._now_s + wait_s),
        )
        self._save()

    def unsent(self) -> None:
        """Take the whole charge back."""
        self._forget(self._turn.cost)
        self._save()

    def _drop_the_dead(self) -> None:
        # times in the future are those of a clock that has been set back since
        self._db.execute(
            "DELETE FROM requests WHERE sent_s IS NULL AND abs(asked_s - ?) > ?",
            (self._now_s, STALE_S),
        )
        self._db.execute(
            "DELETE FROM requests WHERE sent_s < ? OR sent_s > ?",
            (self._now_s - IN_FLIGHT_S, self._now_s + IN_FLIGHT_S),
        )

    def _present_levels(self) -> dict[str, float]:
        rows = self._db.execute(
            f"SELECT rule, {real('used')}, {real('at_s')} FROM buckets WHERE account = ?",
            (self._turn.account,),
        )
        before = {rule: (used, at_s) for rule, used, at_s in rows}
        in_flight = self._sum("sent_s IS NOT NULL AND answered_s IS NULL")
        levels = {}
        for each in self._limits.allowances():
            used, at_s = before.get(each.rule.name, (0.0, self._now_s))
            # twice a limit is what is left of a higher one; what is more than any is nonsense
            used = min(used, 2 * each.units) if used < MOST_UNITS else 0.0
            floor = in_flight.of(each.rule.quantity)
            levels[each.rule.name] = drained(used, each, self._now_s - at_s, floor)
        return levels

    def _place(self) -> int:
        kept = self._db.execute(
            "UPDATE requests SET asked_s = ? WHERE id = ? AND account = ? AND sent_s IS NULL",
            (self._now_s, self._turn.id, self._turn.account),
        )
        if kept.rowcount:
            return self._turn.id
        cost = self._turn.cost
        made = self._db.execute(
            "INSERT INTO requests (account, requests, tokens, audio_s, asked_s)"
            " VALUES (?, ?, ?, ?, ?)",
            (self._turn.account, cost.requests, cost.tokens, cost.audio_s, self._now_s),
        )
        return int(made.lastrowid or 0)

    def _slots(self, place: int) -> tuple[Slot, Slot]:
        """When the first of the queue fits, and when the turn does; see `MOST_WALKED`."""
        ahead, turn = self._ahead_of(place), self._turn.cost
        if len(ahead) > MOST_WALKED:
            before = self._sum("sent_s IS NULL AND id < ?", (place,))
            return next(self._scheduled(ahead[:1])), next(self._scheduled([turn], before))
        first, *later = self._scheduled([*ahead, turn])
        return first, later[-1] if later else first

    def _scheduled(self, queue: list[Cost], before: Cost = _NOTHING) -> Iterator[Slot]:
        levels = {
            each.rule.name: self._levels[each.rule.name] + before.of(each.rule.quantity)
            for each in self._limits.allowances()
        }
        return schedule(levels, self._limits, queue, self._pause_s())

    def _ahead_of(self, place: int) -> list[Cost]:
        """Those ahead in the queue; one more than are walked, where there are more."""
        rows = self._db.execute(
            f"SELECT {_COST} FROM requests"
            " WHERE account = ? AND sent_s IS NULL AND id < ? ORDER BY id LIMIT ?",
            (self._turn.account, place, MOST_WALKED + 1),
        )
        return [Cost(*row) for row in rows]

    def _sum(self, condition: str, values: tuple[float, ...] = ()) -> Cost:
        row = self._db.execute(
            f"SELECT {_COST} FROM (SELECT total(requests) AS requests, total(tokens) AS tokens,"
            f" total(audio_s) AS audio_s FROM requests WHERE account = ? AND {condition})",
            (self._turn.account, *values),
        )
        return Cost(*row.fetchone())

    def _pause_s(self) -> float:
        return max(0.0, pause_until_s(self._db, self._turn.account, self._now_s) - self._now_s)

    def _forget(self, charge: Cost) -> None:
        """The request was never sent; one that was taken for lost has its charge no more."""
        found = self._db.execute("DELETE FROM requests WHERE id = ?", (self._turn.id,))
        if found.rowcount:
            self._charge(charge, -1)

    def _charge(self, cost: Cost, sign: Literal[1, -1]) -> None:
        for each in self._limits.allowances():
            level = self._levels[each.rule.name] + sign * cost.of(each.rule.quantity)
            self._levels[each.rule.name] = max(0.0, level)

    def _learn(self, rule: str, units: float) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)",
            (self._turn.account, rule, units, self._now_s),
        )

    def _save(self) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?)",
            [(self._turn.account, rule, used, self._now_s) for rule, used in self._levels.items()],
        )


def told_limits(db: sqlite3.Connection, account: str, now_s: float) -> Limits:
    """The limits that the server itself has told of late."""
    return Limits(**{rule: units for rule, (units, _) in told(db, account, now_s).items()})
