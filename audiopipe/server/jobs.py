"""What was accepted: rows that outlive the server, however it ends."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Literal, TypeVar

from audiopipe.server.forms import Ask
from audiopipe.server.spool import Upload
from audiopipe.store.database import Database, Schema

Status = Literal["queued", "in_progress", "completed", "failed", "cancelled"]
T = TypeVar("T")

_SCHEMA = Schema(
    application_id=0x61706A62,  # "apjb"
    version=1,
    tables=(
        """CREATE TABLE jobs (
            id TEXT PRIMARY KEY, client TEXT NOT NULL, key TEXT NOT NULL, ask TEXT NOT NULL,
            file TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
            created_s REAL NOT NULL, is_kept INTEGER NOT NULL, webhook TEXT NOT NULL,
            status TEXT NOT NULL, ended_s REAL NOT NULL, transcript TEXT NOT NULL,
            error TEXT NOT NULL, calls INTEGER NOT NULL, begun INTEGER NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE used (
            client TEXT NOT NULL, day TEXT NOT NULL, audio_s REAL NOT NULL, cost_usd REAL NOT NULL,
            PRIMARY KEY (client, day)
        ) WITHOUT ROWID""",
    ),
)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Job:
    """A recording to be worked on, or what became of it.

    Attributes:
        id: secret enough that nobody guesses it.
        client: whose it is.
        key: see `Ask.key`.
        ask: what is asked, as JSON.
        file, name, sha256, size: the upload; the file's name in the spool.
        created_s, ended_s: seconds since the epoch; 0 while it has not ended.
        is_kept: whether it is a job, whose result is kept, or a request that is waited for.
        webhook: address to be told of its end; "" for none, or once it was told.
        status: as OpenAI's batches name it.
        transcript: the result, as our own json.
        error: body of the refusal, as JSON.
        calls: of the webhook, that failed.
        begun: how often a server began it and ended before it did.
    """

    id: str
    client: str
    key: str
    ask: str
    file: str
    name: str
    sha256: str
    size: int
    created_s: float
    is_kept: bool
    webhook: str = ""
    status: Status = "queued"
    ended_s: float = 0.0
    transcript: str = ""
    error: str = ""
    calls: int = 0
    begun: int = 0

    @property
    def asked(self) -> Ask:
        return Ask.from_json(self.ask)

    def upload(self, folder: Path) -> Upload:
        """Its recording in the folder of the spool."""
        return Upload(folder / self.file, self.name, self.sha256, self.size)

    @property
    def has_ended(self) -> bool:
        return self.status in ("completed", "failed", "cancelled")


_COLUMNS = ", ".join(field.name for field in fields(Job))
_LIGHT = _COLUMNS.replace("transcript", "'' AS transcript")
"""Without what is long."""

_PLACES = ", ".join("?" * len(fields(Job)))


class Jobs:
    """The table of jobs, and what each client used a day; for many threads.

    Args:
        path: the file; made if missing.
        clock: seconds since the epoch.

    Methods raise `store.database.Unavailable` where the file cannot be used.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._database = Database(path, _SCHEMA)
        self._clock = clock

    def put(self, job: Job) -> None:
        """Keep a job, in place of what it was; once this returns, a power cut loses nothing."""
        statement = f"REPLACE INTO jobs ({_COLUMNS}) VALUES ({_PLACES})"
        self._database.write(lambda db: db.execute(statement, astuple(job)), durable=job.is_kept)

    def get(self, id_: str) -> Job | None:
        """A job; None if there is none."""
        found = self._select("WHERE id = ?", id_)
        return found[0] if found else None

    def delete(self, ids: Iterable[str]) -> None:
        """Forget jobs. Forgetting one twice is harmless."""
        rows = [(id_,) for id_ in ids]
        self._database.write(lambda db: db.executemany("DELETE FROM jobs WHERE id = ?", rows))

    def unended(self) -> list[Job]:
        """Those that are still to be done, the oldest first."""
        return self._select("WHERE status IN ('queued', 'in_progress') ORDER BY created_s")

    def untold(self) -> list[Job]:
        """Those that have ended, with a webhook that was not told."""
        return self._select("WHERE webhook != '' AND ended_s > 0 ORDER BY ended_s")

    def of(self, client: str, most: int) -> list[Job]:
        """The jobs of a client, the newest first, without their transcripts."""
        where = "WHERE client = ? AND is_kept ORDER BY created_s DESC LIMIT ?"
        return self._select(where, client, most, columns=_LIGHT)

    def done(self) -> list[Job]:
        """Those that have a transcript, the oldest first; without it."""
        where = "WHERE status = 'completed' AND is_kept ORDER BY ended_s"
        return self._select(where, columns=_LIGHT)

    def expire(self, keep_s: float) -> list[Job]:
        """Forget those that ended longer ago; they, without their transcripts."""
        before_s = self._clock() - keep_s
        old = self._select("WHERE ended_s > 0 AND ended_s < ?", before_s, columns=_LIGHT)
        statement = "DELETE FROM jobs WHERE ended_s > 0 AND ended_s < ?"
        if old:
            self._database.write(lambda db: db.execute(statement, (before_s,)))
        return old

    def count(self) -> int:
        """How many there are."""
        count = "SELECT count(*) FROM jobs"
        return int(self._database.read(lambda db: db.execute(count).fetchone()[0]))

    def use(
        self,
        client: str,
        audio_s: float,
        cost_usd: float,
        most_audio_s: float = math.inf,
        most_usd: float = math.inf,
    ) -> bool:
        """Note what a client takes, unless that is more than it may take in a day.

        Returns:
            Whether it may.
        """
        statement = (
            "INSERT INTO used VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "audio_s = audio_s + excluded.audio_s, cost_usd = cost_usd + excluded.cost_usd"
        )
        row = (client, self._day(), audio_s, cost_usd)

        def taken(db: sqlite3.Connection) -> bool:
            before_s, before_usd = _used(db, client, self._day())
            if before_s + audio_s > most_audio_s or before_usd + cost_usd > most_usd:
                return False
            db.execute(statement, row)
            return True

        return self._database.write(taken)

    def used(self, client: str) -> tuple[float, float]:
        """Seconds of audio and USD that a client took today, which is a day of UTC."""
        return self._database.read(lambda db: _used(db, client, self._day()))

    def close(self) -> None:
        """Close the file. Closing twice is harmless."""
        self._database.close()

    def _select(self, where: str, *values: object, columns: str = _COLUMNS) -> list[Job]:
        def rows(db: sqlite3.Connection) -> list[Job]:
            return [Job(*row) for row in db.execute(f"SELECT {columns} FROM jobs {where}", values)]

        return self._database.read(rows)

    def _day(self) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(self._clock()))


def _used(db: sqlite3.Connection, client: str, day: str) -> tuple[float, float]:
    statement = "SELECT audio_s, cost_usd FROM used WHERE client = ? AND day = ?"
    found = db.execute(statement, (client, day)).fetchone()
    return (found[0], found[1]) if found else (0.0, 0.0)
