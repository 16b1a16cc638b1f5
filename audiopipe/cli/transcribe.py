"""`audiopipe transcribe`: recordings in, transcripts out."""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from audiopipe.backends.registry import named
from audiopipe.cli import due, hook, options
from audiopipe.cli.codes import NOTHING_DONE, SOME_FAILED
from audiopipe.cli.hook import Hook
from audiopipe.cli.inputs import Item, find_inputs, open_input
from audiopipe.cli.interrupt import stop_on_signals
from audiopipe.cli.log import LOGGER, complain
from audiopipe.cli.progress import Report
from audiopipe.cli.streams import put_whole
from audiopipe.cli.tally import Tally
from audiopipe.errors import AudiopipeError, InputError, UsageError
from audiopipe.render import require_room
from audiopipe.session import Session
from audiopipe.settings import Settings, change, is_elsewhere, load
from audiopipe.workflows import batch as jobs
from audiopipe.workflows import results
from audiopipe.workflows.asked import Marks, marks_of
from audiopipe.workflows.batch import Manifest, Row
from audiopipe.workflows.places import Folder, Place, place_of

if TYPE_CHECKING:
    from audiopipe.backends.protocols import Transcriber
    from audiopipe.concurrency import Executor, Stop

_BYTES_A_SECOND = 300
"""Of a transcript in one format; json with its words, the largest, takes about this."""

_NO_STEM = "."
"""Of a folder without recordings, which is an error but no part of the batch."""


@options.command(
    "transcribe",
    "recordings/ -o transcripts",
    "talk.mp4 -l en -f srt,vtt --repair --max-cost 0.50",
)
@options.inputs_or_retry
@hook.option
@options.settings("transcribe")
@options.config
@options.log_format
@options.verbosity
def command(**given: Any) -> int:
    """Transcribe recordings: files, folders (recursive), globs, URLs, or - for stdin.

    Results are DIR/<path below the given folder>/<name>.<format>, each written whole or not at
    all. Inputs whose results exist and would be the same now are left alone. DIR/batch.json says
    what became of each; `audiopipe status DIR` shows it.
    """
    return run(**given)


def run(
    inputs: Sequence[str],
    config: Path | None,
    retry_failed: bool,
    log_format: str,
    hook: Hook | None = None,
    **flags: Any,
) -> int:
    """Transcribe all inputs and write what was asked; the exit code.

    Args:
        inputs: as the user wrote them.
        config: a file of settings.
        retry_failed: whether to do only what a batch has left undone.
        log_format: `text` or `ndjson`.
        hook: run on each result.
        flags: settings; None is not given.
    """
    settings, items = _asked(inputs, config, retry_failed, flags)
    settings = _among_nodes(settings)
    place = _place(settings)
    if hook and is_elsewhere(settings.output_dir):
        raise UsageError("--hook is run on files: name a folder of this machine with -o")
    if settings.batch and settings.on:
        raise UsageError("--batch hands over all recordings together: leave --on out")
    recorded = place is not None and _is_recorded(inputs, items, place)
    if recorded and place:
        items = due.beside_record(items, place)
    with ExitStack() as stack:
        settled = stack.enter_context(jobs.Rows())
        durations_s = due.durations(due.left(items, settings, place, settled))
        if durations_s and place:
            _require_room(place, settings, durations_s)
        settings = due.divided(durations_s, settings)
        report = _report(items, durations_s, settings, show_bars=log_format == "text")
        stop = stack.enter_context(stop_on_signals())
        session = stack.enter_context(Session(settings, listener=report.listen, stop=stop))
        backend = _chosen(session) if durations_s and not settings.on else None
        record = stack.enter_context(
            _record(items, settings, place, backend) if recorded and place else nullcontext()
        )
        stack.enter_context(report)
        rows = iter(settled)
        if backend:
            # what goes to stdout keeps its order
            is_stream = settings.output_dir == "-"
            todo = [*durations_s] if is_stream else due.in_order(durations_s, is_limited=True)
            rows = chain(rows, _results(todo, session, place))
        elif durations_s:
            engine = stack.enter_context(_engine(session))
            rows = chain(rows, _results_of(engine, durations_s, settings, report, stop))
        if hook:
            rows = _hooked(rows, hook, Path(settings.output_dir))
        code = _follow(rows, report, record)
        report.end(code)
        _settle(session, durations_s, code)
    return code


def _place(settings: Settings) -> Place | None:
    """Where results go; None is stdout."""
    return None if settings.output_dir == "-" else place_of(settings.output_dir)


def _require_room(
    place: Place, settings: Settings, durations_s: Mapping[Item, float | None]
) -> None:
    """Before anything is paid for: each folder that is there can be written, and has the space."""
    formats = len(settings.output_formats)
    size_bytes = _BYTES_A_SECOND * formats * sum(filter(None, durations_s.values()))
    place.require(round(size_bytes))
    if is_elsewhere(settings.output_dir):
        return
    folder = Path(settings.output_dir)
    for below in {(folder / item.stem).parent for item in durations_s} - {folder}:
        if below.exists():
            require_room(below)


def _asked(
    inputs: Sequence[str], config: Path | None, retry_failed: bool, flags: Mapping[str, Any]
) -> tuple[Settings, list[Item]]:
    """The settings, which are those of the batch where it is tried again, and the inputs."""
    settings = load(flags, os.environ, config)
    if settings.output_dir == "-" and len(settings.output_formats) != 1:
        raise UsageError("-o - writes one format to stdout; name it, as in: -o - -f txt")
    if not retry_failed:
        items = find_inputs(inputs, settings)
        return settings, due.in_share(items, settings.share) if settings.share else items
    batch = jobs.read(settings.output_dir)
    given = {name: value for name, value in flags.items() if value is not None}
    recorded = jobs.settings_of(Path(settings.output_dir), batch, given, allow=settings.allow)
    settings = load({**recorded, **given}, os.environ, config)
    items = due.undone(batch, inputs, settings)
    if not items:
        LOGGER.info("nothing is left undone in %s", settings.output_dir)
    return settings, items


def _is_recorded(inputs: Sequence[str], items: Sequence[Item], place: Place) -> bool:
    """Whether the run is a batch: one file alone is none, unless it goes where one has been."""
    several = len(items) > 1 or any(Path(each).is_dir() for each in inputs)
    return several or place.changed_s(jobs.NAME) is not None


def _report(
    items: Sequence[Item],
    durations_s: Mapping[Item, float | None],
    settings: Settings,
    *,
    show_bars: bool,
) -> Report:
    from audiopipe.audio.reading import shown

    odd = (item.source for item in items if shown(item.source) != item.source)
    names = {shown(source): jobs.identity(source) for source in odd}
    tally = Tally(list(durations_s.values()))
    at_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    mixed = settings.output_dir == "-" and sys.stdout.isatty()
    if not (show_bars and durations_s and at_terminal) or mixed or LOGGER.level > logging.INFO:
        return Report(tally, names, settings.output_dir, files=len(items))
    from audiopipe.cli.bars import Bars

    return Report(tally, names, settings.output_dir, Bars(tally), files=len(items))


def _chosen(session: Session) -> Transcriber:
    backend = session.transcriber
    LOGGER.info("%s recognises: %s", backend.name, named(session.settings, os.environ)[1])
    return backend


def _record(
    items: Iterable[Item], settings: Settings, place: Place, backend: Transcriber | None
) -> AbstractContextManager[Manifest | None]:
    named = change(settings, {"backend": backend.name}) if backend else settings
    rows = (Row(jobs.identity(i.source), i.stem) for i in items if i.stem != _NO_STEM)
    try:
        return Manifest(place, named, rows)
    except InputError as error:
        LOGGER.warning("%s; it is left alone, and this run has no record", error)
        return nullcontext()


def _results(todo: Sequence[Item], session: Session, place: Place | None) -> Iterator[Row]:
    """The row of each input, once its results are written."""
    settings = session.settings
    marks: dict[Item, Marks | None] = {}

    def opened(item: Item) -> str | BinaryIO:
        marks[item] = item.marks or marks_of(item.source)
        return open_input(item)

    outcomes = session.transcribe_many(opened(item) for item in todo)
    for item, outcome in zip(todo, outcomes, strict=True):
        yield results.saved(item, outcome, settings, place or _Stdout(), marks.pop(item))


def _among_nodes(settings: Settings) -> Settings:
    """Settings of a node that does its share by itself: all shares have one name, by their place.

    Raises:
        UsageError: what cannot hold over several machines.
    """
    if not settings.share:
        return settings
    from audiopipe.workflows.cluster.driver import check_shared

    check_shared(settings, is_elsewhere=True)
    return change(settings, {"run": settings.run or f"shares of {settings.output_dir}"})


def _engine(session: Session) -> Executor:
    """Where the work is done, which is told."""
    from audiopipe.engines import open_engine
    from audiopipe.workflows.cluster.driver import check_shared

    settings = session.settings
    check_shared(settings, is_elsewhere=is_elsewhere(settings.on))
    if settings.refresh:
        _ = session.store  # the refresh begins for all nodes
    engine = open_engine(settings.on, settings)
    LOGGER.info("%s works: %d recordings at once", settings.on, engine.slots)
    limited = named(settings, os.environ)[0] != "local"
    if is_elsewhere(settings.on) and limited and not settings.ledger:
        LOGGER.warning("each node counts its own requests: --ledger redis://... counts for all")
    return engine


def _settle(session: Session, items: Iterable[Item], code: int) -> None:
    """What was refreshed, by nodes too, is: but for a run that is gone on with."""
    settings = session.settings
    if code:
        session.stop.set(gently=True)
    elif settings.refresh and settings.on and session.store:
        from audiopipe.pipeline.intake import origin_of

        session.store.settle(filter(None, (origin_of(item.source) for item in items)))


def _results_of(
    engine: Executor,
    durations_s: Mapping[Item, float | None],
    settings: Settings,
    report: Report,
    stop: Stop,
) -> Iterator[Row]:
    """The row of each input, once a node has written its results."""
    from audiopipe.workflows.cluster.driver import transcribe_on

    backend = named(settings, os.environ)[0]
    limited = backend == "groq" or bool(settings.limits)
    todo = due.in_order(durations_s, is_limited=limited)
    return transcribe_on(engine, todo, settings, hear=report.listen, stop=stop)


class _Stdout(Folder):
    """One result after another, to whoever reads."""

    def __init__(self) -> None:
        super().__init__(Path())

    def write(self, name: str, content: str | bytes) -> None:
        put_whole(content)


def _hooked(rows: Iterable[Row], hook: Hook, folder: Path) -> Iterator[Row]:
    """The rows, each once the hook has been run on it."""
    for row in rows:
        hook(row, folder)
        yield row


def _follow(rows: Iterable[Row], report: Report, record: Manifest | None) -> int:
    """Tell and record each row; the exit code."""
    statuses: Counter[str] = Counter()
    code = 0
    try:
        for row in rows:
            statuses[row.status] += 1
            if record and row.stem != _NO_STEM:
                record.put(row)
            report.file(row)
    except AudiopipeError as error:
        complain(error)
        if record:
            record.stop(str(error))
        code = error.exit_code
    if code not in (0, NOTHING_DONE):
        return code
    some_bad = code or statuses["failed"] or statuses["partial"]
    some_good = statuses["done"] or statuses["partial"] or statuses["skipped"]
    return 0 if not some_bad else SOME_FAILED if some_good else NOTHING_DONE
