"""What a run tells while it works: as events, as lines, and with bars on a terminal."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from audiopipe.cli.log import tell
from audiopipe.cli.tally import Tally
from audiopipe.text.clocks import in_words
from audiopipe.values.events import Event, Heard, Lost, Mended, Settled, Spoke, Waiting
from audiopipe.workflows.batch import Row, identity

if TYPE_CHECKING:
    from audiopipe.cli.bars import Bars

_LEAST_WAIT_S = 1.0
_LONG_WAIT_S = 5.0
"""Shorter waits are not worth a line."""

_LEVELS = {"failed": logging.ERROR, "partial": logging.WARNING}


class Report:
    """Tells of a run through the log, and shows bars if it is given some. A context.

    Args:
        tally: counts what is told.
        names: the rows' sources by the names that events give them, of those that events do not
            tell of by their path or address.
        folder: where results go.
        bars: shown while the context lasts.
        files: how many there are.
    """

    def __init__(
        self,
        tally: Tally,
        names: Mapping[str, str],
        folder: str,
        bars: Bars | None = None,
        *,
        files: int = 0,
    ) -> None:
        self._tally, self._names, self._folder, self._bars = tally, names, folder, bars
        self._files = files
        self._told_until_s = tally.clock()
        self._statuses: Counter[str] = Counter()

    def __enter__(self) -> Self:
        tell(
            logging.INFO,
            "start",
            files=self._files,
            due=self._tally.files,
            seconds=self._tally.audio_s,
        )
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bars:
            self._bars.stop()

    def listen(self, event: Event, worker: Hashable = None) -> None:
        """What the pipeline tells, here or on a node; see `Tally.count`."""
        self._tally.count(event, worker)
        if isinstance(event, Waiting):
            self._tell_wait()
        elif not isinstance(event, Spoke | Settled):
            self._tell_part(event)

    def _tell_part(self, event: Heard | Mended | Lost) -> None:
        source = self._names.get(event.source) or identity(event.source)
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
        pending = max(0, self._files - self._statuses.total())
        counts = dict(self._statuses) | ({"pending": pending} if pending else {})
        listed = ", ".join(f"{count} {status}" for status, count in counts.items())
        cost = f", ${spent.cost_usd:.4f} spent" if spent.cost_usd else ""
        text = f"{listed}; {in_words(audio_s)} of audio{cost}" if self._files > 1 else ""
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


def shown(row: Row) -> str:
    """The source of a row in one line, from the working directory if it is below."""
    return _in_one_line(row.source.removeprefix(f"{Path.cwd()}{os.sep}"))


def _in_one_line(path: str | Path) -> str:
    from audiopipe.audio.reading import shown

    return shown(path)


def _line(row: Row, folder: str) -> str:
    if row.status == "failed":
        return row.reason
    source = shown(row)
    if row.status == "skipped":
        return f"{source}: done already; --overwrite does it again"
    told = f"{source}: {row.duration_s:.0f} s, flags: {row.flags}"
    if row.outputs:
        # as a shell would take them
        endings = ",".join(output.removeprefix(row.stem) for output in row.outputs)
        is_address = "://" in folder
        stem = f"{folder.rstrip('/')}/{row.stem}" if is_address else str(Path(folder, row.stem))
        stem = _in_one_line(stem)
        told += f" -> {stem}{f'{{{endings}}}' if ',' in endings else endings}"
    return f"{told}; {row.reason}" if row.reason else told
