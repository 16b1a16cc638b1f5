"""The record of a running batch, written as it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, Timer
from typing import Self

from audiopipe.errors import InputError, OutputError
from audiopipe.settings import Settings
from audiopipe.workflows.batch.record import NAME, Head, kept, lines_of, parse
from audiopipe.workflows.batch.row import Row
from audiopipe.workflows.batch.rows import Rows
from audiopipe.workflows.places import Place, place_of

_REST_S = 1.0
_SHARE = 20  # the rest between two writes is at least so many times what a write takes


class Manifest:
    """The record of a running batch: a context that writes it at its beginning and its end, and
    soon after each change.

    Rows of earlier runs, and of other processes that work in the same folder, are kept; where two
    tell of the same input, the later news stands. Writing takes at most a twentieth of the time, so
    that its cost for 10,000 files is linear.

    Args:
        where: results go; a folder or an address.
        settings: of this run; see `record.kept`.
        rows: the inputs of this run, in order; of those that an earlier run left undone, what it
            knew is kept until there is news.
        clock: seconds since the epoch.

    Raises:
        InputError: the name of the file is taken by something else, which is left alone.
        OutputError: the record cannot be written.
    """

    def __init__(
        self,
        where: Path | str | Place,
        settings: Settings,
        rows: Iterable[Row],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._place, self._clock = where if isinstance(where, Place) else place_of(where), clock
        there = self._place.read(NAME)
        self._begun, self._stopped = self._now("seconds"), ""
        self._settings = kept(settings)
        self._ours = ""
        self._rest_s = _REST_S
        self._timer: Timer | None = None
        self._lock, self._is_over = Lock(), False
        with ExitStack() as stack:
            self._rows, self._theirs = (stack.enter_context(Rows()) for _ in range(2))
            if there is not None:
                head, earlier = parse(there, self._place)
                self._begun = head.begun
                self._theirs.fill(row for row in earlier if row.is_due)
            now = self._now()
            known = self._theirs.get
            self._rows.fill(known(row.source) or replace(row, at=now) for row in rows)
            self._theirs.clear()
            self._stack = stack.pop_all()

    def put(self, row: Row, *, at_once: bool = False) -> None:
        """There is news of an input, which may have to be on the disk before anything else is."""
        with self._lock:
            self._rows.put(replace(row, at=self._now()))
            if at_once:
                self._rest()
            elif self._timer is None:
                self._timer = Timer(self._rest_s, self._save_in_time)
                self._timer.daemon = True
                self._timer.start()
        if at_once:
            self._save()

    def stop(self, reason: str) -> None:
        """The run ends before its end."""
        self._stopped = reason

    def __enter__(self) -> Self:
        self._save()
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock, self._stack:
            self._rest()
            self._is_over = True
            self._write()

    def _rest(self) -> None:
        """What was to be written soon is written by who calls this."""
        if self._timer is not None:
            self._timer.cancel()

    def _save_in_time(self) -> None:
        with suppress(OutputError):  # the write at the end tells, where somebody can hear it
            self._save()

    def _save(self) -> None:
        with self._lock:
            if not self._is_over:
                self._write()

    def _write(self) -> None:
        self._timer = None
        began_s = time.monotonic()
        self._ours = self._place.replace(NAME, self._lines, self._ours)
        self._rest_s = max(_REST_S, _SHARE * (time.monotonic() - began_s))

    def _lines(self, theirs: bytes | None) -> Iterator[str]:
        """The record, after what others have written if they have."""
        if theirs is not None:
            try:
                _, rows = parse(theirs, self._place)
                self._theirs.clear()
                self._theirs.fill(rows)
            except InputError as error:
                raise OutputError(f"the record of this run cannot be kept: {error}") from error
        head = Head(self._begun, self._now("seconds"), self._stopped, self._settings)
        return lines_of(head, self._rows.newest(self._theirs))

    def _now(self, exact_to: str = "milliseconds") -> str:
        return datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec=exact_to)
