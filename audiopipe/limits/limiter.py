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

from audiopipe.limits import knowledge
from audiopipe.limits.ledger import SCHEMA, Books, Turn, told_limits
from audiopipe.store.database import Database, Unavailable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from audiopipe.limits.rules import Cost, Limits, Observed

T = TypeVar("T")

POLL_S = 10.0
"""The longest sleep between two questions for a turn."""
_LOGGER = logging.getLogger("audiopipe")
_BUSY_S = 1.0  # a wait that nothing can end
_PATIENCE_S = 60.0  # far above the longest transaction, so that only a stuck process is given up


class Limiter:
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
        """The name of a budget: a hash, salted by the ledger, of server, API key and model.

        Server and model are noted with it for people, the key is not.
        """
        (salt,) = self._read(lambda db: db.execute("SELECT salt FROM salt").fetchone())
        parts = "\0".join((address, key, model)).encode()
        account = hashlib.blake2b(parts, key=salt, digest_size=16).hexdigest()
        server = _public(address)
        self._note(lambda db: knowledge.name(db, account, server, model))
        return account

    def told(self, account: str) -> Limits:
        """The limits that the server told within a day; the caller may ask by higher ones."""
        return self._read(lambda db: told_limits(db, account, self._clock()))

    def learn(self, address: str, model: str, what: str, value: str) -> None:
        """Note what a server cannot do, for a week; see `facts`."""
        server = _public(address)
        self._write(lambda db: knowledge.learn(db, server, model, what, value, self._clock()))

    def facts(self, address: str, model: str) -> dict[str, str]:
        """What a server cannot do with a model, as far as it was learnt within a week."""
        server = _public(address)
        found = self._read(lambda db: knowledge.facts(db, server, model, self._clock()))
        return {what: value for what, (value, _) in found.items()}

    def known(self) -> list[knowledge.Known]:
        """All that is believed of all servers."""
        return self._write(lambda db: knowledge.listed(db, self._clock()))

    def forget(self, server: str = "") -> int:
        """Forget all of a server, named by its address or a part of it, or of all.

        Returns:
            Of how many accounts and facts.
        """
        return self._write(lambda db: knowledge.forget(db, server))

    def ask(self, account: str, limits: Limits, cost: Cost) -> Turn:
        """Ask for a turn: now, or a place at the end of the account's queue.

        Args:
            account: whose budget, see `account`.
            limits: the limits to hold; figures of the server that are lower hold too.
            cost: what the request takes.

        Raises:
            RequestTooLarge: no wait is long enough; it names the most that fits.
        """
        return self.again(Turn(0, account, limits, cost, 0.0, ""))

    def again(self, turn: Turn, check: Callable[[], object] = lambda: None) -> Turn:
        """Ask again for a turn that has to wait; at least every `POLL_S`, lest the place be lost.

        Args:
            turn: as it was given.
            check: called every second while the ledger is in use; what it raises ends the wait.

        Raises:
            RequestTooLarge: the server has told a limit under which no wait is long enough.
        """
        return self._write(lambda db: Books(db, turn, self._clock()).turn(), check)

    def acquire(
        self,
        account: str,
        limits: Limits,
        cost: Cost,
        wait: Callable[[Turn, float], object],
    ) -> Turn:
        """Wait for a turn; the place is given up if `wait` raises.

        Args:
            account: whose budget, see `account`.
            limits: the limits to hold.
            cost: what the request takes.
            wait: sleeps for the seconds it is called with, at most `POLL_S`; the turn knows the
                whole wait and its cause.

        Raises:
            RequestTooLarge: no wait is long enough; it names the most that fits.
        """
        unasked = Turn(0, account, limits, cost, 0.0, "")
        turn = self.again(unasked, lambda: wait(unasked, 0.0))
        try:
            while turn.wait_s > 0:
                wait(turn, min(turn.wait_s, POLL_S))
                turn = self.again(turn, lambda: wait(unasked, 0.0))
        finally:
            if turn.wait_s > 0:
                self._write(lambda db: db.execute("DELETE FROM requests WHERE id = ?", (turn.id,)))
        return turn

    def answered(
        self, turn: Turn, observed: tuple[Observed, ...] = (), tokens: float | None = None
    ) -> None:
        """Note that a request got its answer, good or bad.

        It never waits, as the answer is not kept yet: while the ledger is in use, the note is
        written with the next turn.

        Args:
            turn: the request.
            observed: what the answer's headers say.
            tokens: what it took in place of the estimate; None if nobody says.
        """
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
        """Note that the server refused a request for a limit; ask for a new turn to send it again.

        The request stays charged as a request, its audio and tokens are given back: servers count
        attempts, but not what they did not work on.

        Args:
            turn: the request.
            rule: name of the limit, such as `ash`, where the server told it.
            used: units that the server has counted.
            limit: units of the allowance.
            wait_s: seconds the server asked to wait; the whole account waits.
        """
        self._write(lambda db: Books(db, turn, self._clock()).refused(rule, used, limit, wait_s))

    def unsent(self, turn: Turn) -> None:
        """Give back the whole charge of a request that never reached the server."""
        self._write(lambda db: Books(db, turn, self._clock()).unsent())

    def close(self) -> None:
        """Close the ledger. Closing twice is harmless."""
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


def _public(address: str) -> str:
    """An address without user and password."""
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
