"""One budget for all processes of a machine: who may send now, who waits, and for how long.

The ledger is a SQLite file. A caller asks for its turn; if the request does not fit yet, the
caller has a place in the queue of its account, and asks again when the wait is over. Each place is
kept by asking: one that was not asked for in `STALE_S` is given up, so that a killed process holds
nobody up. A charge is made when a turn is given, in the same transaction that looked at the levels.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from audiopipe.limits import knowledge, purses
from audiopipe.limits.budget import Budget
from audiopipe.limits.ledger import SCHEMA, Books, Turn, told_limits
from audiopipe.store.database import Database, Unavailable
from audiopipe.store.redis_door import public

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from audiopipe.limits.rules import Limits, Observed

T = TypeVar("T")

_LOGGER = logging.getLogger("audiopipe")
_BUSY_S = 1.0  # a wait that nothing can end
_PATIENCE_S = 60.0  # far above the longest transaction, so that only a stuck process is given up


class Limiter(Budget):
    """The ledger, for many threads and processes.

    If its file is damaged, a new one is begun; if it cannot be used, this process goes on with a
    budget of its own. Either is logged as a warning.

    Args:
        path: the file; made private to the user if missing. None keeps the budget in memory.
        clock: seconds since the epoch, the same for all processes.
    """

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._notes: deque[Callable[[sqlite3.Connection], object]] = deque()
        try:
            self._database = Database(path, SCHEMA, _BUSY_S)
        except Unavailable as fault:
            self._database = self._alone(fault)

    def account(self, address: str, key: str, model: str) -> str:
        (salt,) = self._read(lambda db: db.execute("SELECT salt FROM salt").fetchone())
        parts = "\0".join((address, key, model)).encode()
        account = hashlib.blake2b(parts, key=salt, digest_size=16).hexdigest()
        server = public(address)
        self._note(lambda db: knowledge.name(db, account, server, model))
        return account

    def told(self, account: str) -> Limits:
        return self._read(lambda db: told_limits(db, account, self._clock()))

    def learn(self, address: str, model: str, what: str, value: str) -> None:
        server = public(address)
        self._write(lambda db: knowledge.learn(db, server, model, what, value, self._clock()))

    def facts(self, address: str, model: str) -> dict[str, str]:
        server = public(address)
        found = self._read(lambda db: knowledge.facts(db, server, model, self._clock()))
        return {what: value for what, (value, _) in found.items()}

    def known(self) -> list[knowledge.Known]:
        return self._write(lambda db: knowledge.listed(db, self._clock()))

    def forget(self, server: str = "") -> int:
        return self._write(lambda db: knowledge.forget(db, server))

    def again(self, turn: Turn, check: Callable[[], object] = lambda: None) -> Turn:
        return self._write(lambda db: Books(db, turn, self._clock()).turn(), check)

    def leave(self, turn: Turn) -> None:
        self._write(lambda db: db.execute("DELETE FROM requests WHERE id = ?", (turn.id,)))

    def answered(
        self, turn: Turn, observed: tuple[Observed, ...] = (), tokens: float | None = None
    ) -> None:
        self._note(lambda db: Books(db, turn, self._clock()).answered(observed, tokens))

    def refused(
        self,
        turn: Turn,
        *,
        rule: str | None = None,
        used: float | None = None,
        limit: float | None = None,
        wait_s: float = 0.0,
    ) -> None:
        self._write(lambda db: Books(db, turn, self._clock()).refused(rule, used, limit, wait_s))

    def unsent(self, turn: Turn) -> None:
        self._write(lambda db: Books(db, turn, self._clock()).unsent())

    def spend(
        self, run: str, cost_usd: float, requests: int, most_usd: float, most_requests: float
    ) -> tuple[float, bool]:
        amounts, bounds = (cost_usd, float(requests)), (most_usd, most_requests)
        return self._write(lambda db: purses.add(db, run, amounts, bounds, self._clock()))

    def close(self) -> None:
        if self._notes:
            with suppress(Unavailable):
                self._noted(lambda db: None, waits=False)
        self._database.close()

    def _write(
        self, work: Callable[[sqlite3.Connection], T], check: Callable[[], object] = lambda: None
    ) -> T:
        patient_until_s = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return self._noted(work)
            except Unavailable as fault:
                if not fault.is_busy or time.monotonic() > patient_until_s:
                    self._database.close()
                    self._database = self._alone(fault)
                    return self._noted(work)
            check()

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return self._database.read(work)
        except Unavailable as fault:
            self._database.close()
            self._database = self._alone(fault)
            return self._database.read(work)

    def _note(self, note: Callable[[sqlite3.Connection], object]) -> None:
        """Write it, now or with the next turn."""
        self._notes.append(note)
        with suppress(Unavailable):
            self._noted(lambda db: None, waits=False)

    def _noted(self, work: Callable[[sqlite3.Connection], T], *, waits: bool = True) -> T:
        """What the work gives, after the notes that are not written yet."""
        taken: list[Callable[[sqlite3.Connection], object]] = []

        def both(db: sqlite3.Connection) -> T:
            while self._notes:
                taken.append(self._notes.popleft())
            for note in taken:
                note(db)
            return work(db)

        try:
            return self._database.write(both, waits=waits)
        except BaseException:
            self._notes.extendleft(reversed(taken))
            raise

    def _alone(self, fault: Unavailable) -> Database:
        _LOGGER.warning("limits are not shared with other processes: %s", fault)
        return Database(None, SCHEMA)
