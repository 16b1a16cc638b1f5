"""`audiopipe watch`: a folder whose recordings are transcribed as they come."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import due, hook, options
from audiopipe.cli.codes import SOME_FAILED
from audiopipe.cli.inputs import Item
from audiopipe.cli.interrupt import stop_on_signals
from audiopipe.cli.log import LOGGER, complain
from audiopipe.cli.progress import Report
from audiopipe.cli.tally import Tally
from audiopipe.errors import (
    AudiopipeError,
    InputError,
    RateLimited,
    ServerDown,
    Stopped,
    UsageError,
)
from audiopipe.render import require_room
from audiopipe.settings import load
from audiopipe.settings.kinds import Number
from audiopipe.workflows import results
from audiopipe.workflows.asked import marks_of, stamped
from audiopipe.workflows.batch import Manifest, Row, identity, read
from audiopipe.workflows.inputs import Selection, look
from audiopipe.workflows.inputs.names import distinct
from audiopipe.workflows.places import place_of

if TYPE_CHECKING:
    from audiopipe.cli.hook import Hook
    from audiopipe.session import Session
    from audiopipe.workflows.watch import Watched

_AT_ONCE = 4
"""Recordings under way: while one waits for a server, another is decoded."""

_FIRST_WAIT_S, _LONGEST_WAIT_S = 60.0, 3600.0
"""Before what a server or the network has failed is tried again."""


@options.command("watch", "incoming/ -o transcripts", "incoming/ -o out --hook 'cp -t /srv/www'")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--settle",
    type=options.Value(Number(low=0.1)),
    metavar="SECONDS",
    default=5.0,
    help="A file that has not changed for so long is whole.  [default: 5]",
)
@hook.option
@options.settings("watch")
@options.config
@options.log_format
@options.verbosity
def command(
    folder: Path,
    settle: float,
    hook: Hook | None,
    config: Path | None,
    log_format: str,
    **flags: Any,
) -> int:
    """Transcribe each recording that is in DIR or comes into it, once it is whole; till Ctrl-C.

    Results are those of `transcribe`, and batch.json beside them. After a stop or a crash the same
    command goes on: what has a result is left alone, unless the recording has changed. What is no
    recording is told of once; what a server or the network fails is tried again.
    """
    settings = load(flags, os.environ, config)
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder that could be watched")
    if settings.output_dir == "-":
        raise UsageError("what is watched has many results: name a folder, -o DIR")
    out = Path(settings.output_dir)
    require_room(out)
    from audiopipe.session import Session
    from audiopipe.workflows.watch import Watched

    report = Report(Tally([]), {}, str(out))
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        session = stack.enter_context(Session(settings, listener=report.listen, stop=stop))
        LOGGER.info("%s recognises what comes into %s", session.transcriber.name, folder)
        watched = Watched(folder, settle, stop, [out] if _is_below(out, folder) else [])
        desk = _Desk(folder, session, watched, report, hook)
        with desk.record, ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="audiopipe") as pool:
            for path in watched:
                if item := desk.named(path):
                    pool.submit(desk.work, item).add_done_callback(desk.ended)
        code = desk.exit_code
        report.end(code)
    return code


class _Desk:
    """Where the files that come are worked on; for many threads, but for `named`."""

    def __init__(
        self,
        folder: Path,
        session: Session,
        watched: Watched,
        report: Report,
        hook: Hook | None,
    ) -> None:
        self._folder, self._session, self._watched = folder, session, watched
        self._report, self._hook = report, hook
        self._out = Path(session.settings.output_dir)
        self._place = place_of(self._out)
        self._wanted = Selection.of(session.settings)
        self._names = due.Names(self._place)
        self._rows = _rows(self._out)
        self._failures: Counter[str] = Counter()
        self._lock = Lock()
        self._error: AudiopipeError | None = None
        self._defect: BaseException | None = None
        self.record = Manifest(self._out, session.settings, ())

    @property
    def exit_code(self) -> int:
        """What the shell is told; a defect of ours is raised."""
        if self._defect:
            raise self._defect
        if self._error:
            return self._error.exit_code
        try:
            self._session.stop.check()
        except Stopped as stopped:
            return stopped.exit_code
        return SOME_FAILED if self._failures else 0

    def named(self, path: Path) -> Item | None:
        """A file that has come, with the name of its results; None if it is no recording."""
        found = look(str(self._folder), str(path), self._wanted)
        if not isinstance(found, Item):
            LOGGER.debug("left out: %s: %s", path, found.why)
            return None
        (stem,) = distinct([found.stem])
        return self._names.keep(replace(found, stem=stem))

    def work(self, item: Item) -> None:
        """All that is done for a file, and one line on it."""
        settings, source = self._session.settings, identity(item.source)
        try:
            before = self._rows.pop(source, None)
            there = due.settled(item, settings, self._place) or self._kept(item, before)
            if there and self._hook and before and before.status == "pending":
                # a crash came between its results and its hook
                self._finish(replace(there, status="done"))
            elif there:
                self.record.put(there)
            else:
                # on the disk before its results: a crash before the hook is seen by the next run
                self.record.put(Row(source, item.stem), at_once=bool(self._hook))
                self._finish(self._transcribed(item))
        except AudiopipeError as error:
            self._stop(error)

    def _kept(self, item: Item, before: Row | None) -> Row | None:
        """The row of an earlier run, if its results, without json, are there and no older than
        their recording."""
        files = results.names(item, self._session.settings)
        if "json" in files or not before or before.status not in ("done", "skipped"):
            return None
        try:
            changed_ns = Path(item.source).stat().st_mtime_ns
            is_new = all(
                (self._out / each).stat().st_mtime_ns >= changed_ns for each in files.values()
            )
        except OSError:
            return None
        return replace(before, status="skipped") if is_new else None

    def ended(self, work: Future[None]) -> None:
        """A file is done with; what nobody has foreseen ends the run."""
        if defect := work.exception():
            self._defect = defect
            self._session.stop.set()

    def _transcribed(self, item: Item) -> Row:
        """The row of a file, once its results are written.

        Raises:
            AudiopipeError: what makes all others pointless.
        """
        settings, marks = self._session.settings, marks_of(item.source)
        try:
            (outcome,) = self._session.transcribe_many([item.source])
            transcript = stamped(outcome.result(), settings, marks)
            results.save(item, transcript, settings, self._place)
        except AudiopipeError as error:
            if error.stops_run and not isinstance(error, ServerDown | RateLimited):
                raise  # nothing that passes
            self._try_again(item, error)
            return results.missing(item, str(error))
        self._failures.pop(item.source, None)
        return results.row_of(item, settings, transcript, "done", outcome.spent)

    def _try_again(self, item: Item, error: AudiopipeError) -> None:
        self._failures[item.source] += 1
        if not isinstance(error, InputError):
            wait_s = _FIRST_WAIT_S * 2 ** (self._failures[item.source] - 1)
            self._watched.again(Path(item.source), min(wait_s, _LONGEST_WAIT_S))

    def _finish(self, row: Row) -> None:
        if self._hook:
            self._hook(row, self._out)
        # right after the results: whom a crash kept from it, no later run tells
        with self._lock:
            self._report.file(row)
        self.record.put(row)

    def _stop(self, error: AudiopipeError) -> None:
        with self._lock:
            if not isinstance(error, Stopped) and self._error is None:
                self._error = error
                complain(error)
                self.record.stop(str(error))
            self._session.stop.set(gently=True, exit_code=error.exit_code)


def _rows(out: Path) -> dict[str, Row]:
    """What earlier runs have recorded, by source."""
    try:
        return {row.source: row for row in read(out).rows}
    except InputError:
        return {}


def _is_below(out: Path, folder: Path) -> bool:
    return out.resolve().is_relative_to(folder.resolve())
