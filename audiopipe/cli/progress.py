"""What a run tells while it works: as events, as lines, and with bars on a terminal."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any, Self

from audiopipe.cli.log import tell
from audiopipe.data import Usage
from audiopipe.events import Event, Heard, Mended, Waiting
from audiopipe.jobs import Row

if TYPE_CHECKING:
    from audiopipe.cli.bars import Bars

_LEAST_WAIT_S = 1.0
_LONG_WAIT_S = 5.0
"""Shorter waits are not worth a line."""

_LEVELS = {"failed": logging.ERROR, "partial": logging.WARNING}


class Tally:
    """What a run has done and what it has before it; for many threads.

    Args:
        durations_s: seconds of each recording, None where the header does not tell.
        clock: seconds; only differences matter.
    """

    def __init__(
        self, durations_s: Sequence[float | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        known = [seconds for seconds in durations_s if seconds is not None]
        self.files, self.files_done = len(durations_s), 0
        self.audio_s = sum(known) if len(known) == len(durations_s) else None
        self.heard_s = 0.0
        self.spent = Usage()
        self.clock = clock
        self._began_s = clock()
        self._fresh_s = 0.0
        self._waits: dict[int, tuple[float, str]] = {}
        self._lock = Lock()

    def count(self, event: Event) -> None:
        """Note an event, in the thread that works on what it is about."""
        with self._lock:
            if isinstance(event, Waiting):
                self._waits[get_ident()] = (self.clock() + event.wait_s, event.reason)
                return
            self._waits.pop(get_ident(), None)
            if isinstance(event, Mended):
                self.spent += event.spent
                return
            self.heard_s += event.span.duration_s
            if isinstance(event, Heard) and not event.cached:
                self._fresh_s += event.span.duration_s
                self.spent += event.usage

    def finish(self) -> None:
        """Note that a file is finished, well or badly."""
        self.files_done += 1

    @property
    def speed(self) -> float:
        """Seconds of audio recognised in a second; answers of earlier runs do not count."""
        return self._fresh_s / max(self.clock() - self._began_s, 1e-9)

    @property
    def left_s(self) -> float | None:
        """Seconds to the end at this speed or by the longest wait; None where nobody can tell."""
        if self.audio_s is None or not self.speed:
            return None
        at_speed_s = max(0.0, self.audio_s - self.heard_s) / self.speed
        return max([at_speed_s, *(wait_s for wait_s, _ in self._ahead())])

    @property
    def wait(self) -> tuple[float, str] | None:
        """Seconds until the first of all that wait may go on, and what it waits for."""
        return min(self._ahead(), default=None)

    def _ahead(self) -> list[tuple[float, str]]:
        now_s = self.clock()
        with self._lock:
            return [(end_s - now_s, why) for end_s, why in self._waits.values() if end_s > now_s]


class Report:
    """Tells of a run through the log, and shows bars if it is given some. A context.

    Args:
        tally: counts what is told.
        names: the rows' sources by the names that events give them.
        folder: where results go.
        bars: shown while the context lasts.
    """

    def __init__(
        self, tally: Tally, names: Mapping[str, str], folder: Path, bars: Bars | None = None
    ) -> None:
        self._tally, self._names, self._folder, self._bars = tally, names, folder, bars
        self._told_until_s = tally.clock()
        self._statuses: Counter[str] = Counter()

    def __enter__(self) -> Self:
        tell(
            logging.INFO,
            "start",
            files=len(self._names),
            due=self._tally.files,
            seconds=self._tally.audio_s,
        )
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bars:
            self._bars.stop()

    def listen(self, event: Event) -> None:
        """What the pipeline tells."""
        self._tally.count(event)
        if isinstance(event, Waiting):
            self._tell_wait()
            return
        source = self._names.get(event.source, event.source)
        part: dict[str, Any] = {
            "source": source,
            "start": event.span.start_s,
            "end": event.span.end_s,
        }
        if isinstance(event, Heard):
            part |= {"cached": event.cached, "billed_s": event.usage.billed_s}
            tell(logging.INFO, "chunk", "", **part, cost_usd=event.usage.cost_usd)
        elif isinstance(event, Mended):
            part |= {"replaced": event.replaced, "billed_s": event.spent.billed_s}
            tell(logging.INFO, "repair", "", **part, cost_usd=event.spent.cost_usd)
        else:
            tell(logging.INFO, "lost", "", **part, reason=event.reason)

    def file(self, row: Row) -> None:
        """An input is finished, or needed nothing."""
        if row.status != "skipped":
            self._tally.finish()
        self._statuses[row.status] += 1
        text = _line(row, self._folder)
        tell(_LEVELS.get(row.status, logging.INFO), "file", text, **row.facts())

    def end(self, exit_code: int) -> None:
        """The run is over."""
        spent, audio_s = self._tally.spent, self._tally.heard_s
        pending = len(self._names) - self._statuses.total()
        counts = dict(self._statuses) | ({"pending": pending} if pending else {})
        listed = ", ".join(f"{count} {status}" for status, count in counts.items())
        cost = f", ${spent.cost_usd:.4f} spent" if spent.cost_usd else ""
        text = f"{listed}; {in_words(audio_s)} of audio{cost}" if len(self._names) > 1 else ""
        tell(
            logging.INFO,
            "end",
            text,
            exit_code=exit_code,
            files=counts,
            seconds=audio_s,
            requests=spent.requests,
            billed_s=spent.billed_s,
            cost_usd=spent.cost_usd,
        )

    def _tell_wait(self) -> None:
        """One word for each wait, however often it is asked whether it is over."""
        wait, now_s = self._tally.wait, self._tally.clock()
        if wait is None or wait[0] < _LEAST_WAIT_S or now_s < self._told_until_s:
            return
        seconds, reason = wait
        self._told_until_s = now_s + seconds
        shown = seconds >= _LONG_WAIT_S and not self._bars
        text = f"next chunk in {in_words(seconds)}: {reason}" if shown else ""
        tell(logging.INFO, "wait", text, seconds=round(seconds, 3), reason=reason)


def in_words(seconds: float) -> str:
    """A duration to be read: `2 h 5 m`, `3 m 10 s`, `8 s`."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes} m"
    return f"{minutes} m {rest} s" if minutes else f"{rest} s"


def shown(row: Row) -> str:
    """The source of a row in one line, from the working directory if it is below."""
    return _in_one_line(row.source.removeprefix(f"{Path.cwd()}{os.sep}"))


def _in_one_line(path: str | Path) -> str:
    from audiopipe.codec import shown

    return shown(path)


def _line(row: Row, folder: Path) -> str:
    if row.status == "failed":
        return row.reason
    source = shown(row)
    if row.status == "skipped":
        return f"{source}: done already; --overwrite does it again"
    told = f"{source}: {row.duration_s:.0f} s, flags: {row.flags}"
    if row.outputs:
        # as a shell would take them
        endings = ",".join(output.removeprefix(row.stem) for output in row.outputs)
        stem = _in_one_line(folder / row.stem)
        told += f" -> {stem}{f'{{{endings}}}' if ',' in endings else endings}"
    return f"{told}; {row.reason}" if row.reason else told
