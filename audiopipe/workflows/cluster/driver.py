"""The driver: hands out recordings to an engine, and hears of rows and events of all nodes."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

from audiopipe.concurrency import Died, Executor, Signal, Stop
from audiopipe.engines.spread import spread
from audiopipe.errors import UsageError
from audiopipe.settings import Settings, change
from audiopipe.values.events import Event
from audiopipe.workflows.batch import Row
from audiopipe.workflows.cluster.node import Job, Run, everywhere, read_told, transcribe
from audiopipe.workflows.inputs import Item
from audiopipe.workflows.results import missing

_LOGGER = logging.getLogger("audiopipe")

Hear = Callable[[Event, str], None]
"""Told of an event, and of who works on what it is about."""

_LOOK_SLOTS = 500
"""Looks of all nodes in a second, at whether the run has ended."""


def transcribe_on(
    executor: Executor,
    items: Iterable[Item],
    settings: Settings,
    *,
    hear: Hear,
    stop: Stop,
) -> Iterator[Row]:
    """A row for each recording, as it is done; its results are written by then.

    Args:
        executor: where.
        items: the recordings, in the order of work.
        settings: of the run.
        hear: called with events, from any thread, one at a time for each node.
        stop: once it is set, nothing new is begun.

    Raises:
        AudiopipeError: what makes every other recording pointless too.
    """

    def told(message: Any) -> None:
        for origin, event in read_told(message):
            hear(event, origin)

    name = uuid.uuid4().hex
    settings = everywhere(change(settings, {"run": settings.run or name}))
    ended = executor.signal()
    look_s = max(1.0, executor.slots / _LOOK_SLOTS)
    run = Run(name, settings, executor.channel(told), ended, look_s)
    jobs = (Job(run, replace(item, source=_everywhere(item.source))) for item in items)
    try:
        for job, future in spread(executor, transcribe, jobs, stop):
            if isinstance(error := future.exception(), Died):
                why = f"{job.item.source}: {error}, three times, and it was alone there at last"
                yield missing(job.item, why)
            else:
                yield future.result()
    finally:
        Thread(target=_end, args=(ended,), daemon=True).start()


def check_shared(settings: Settings, *, is_elsewhere: bool) -> None:
    """Refuse what cannot hold over several machines.

    Args:
        is_elsewhere: whether nodes are on other machines, whose disks are not this one's.

    Raises:
        UsageError: it cannot.
    """
    if settings.output_dir == "-":
        raise UsageError("nodes write results, and not to stdout: name a folder with -o")
    bounds = settings.max_cost_usd or settings.max_requests
    if is_elsewhere and bounds and not settings.ledger:
        raise UsageError(
            "--max-cost and --max-requests cannot hold over several machines: share a ledger with "
            "--ledger redis://..."
        )


def _end(ended: Signal) -> None:
    """Tell the nodes, in a thread of its own: whoever is to take the flag may be dead."""
    try:
        ended.set()
    except Exception as error:  # noqa: BLE001 - of any engine; nodes end by themselves
        _LOGGER.debug("the nodes could not be told of the end: %r", error)


def _everywhere(source: str) -> str:
    return source if "://" in source else str(Path(source).absolute())
