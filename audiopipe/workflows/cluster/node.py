"""What a node does with a recording: heard, its results written, a row given back.

A process of a node keeps what a run needs (connections, models, the store) from one recording to
the next, and drops it when the run has ended or asks for nothing any more.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
from collections.abc import Callable
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, replace
from threading import Condition, Thread, get_ident
from typing import TYPE_CHECKING, Any

from audiopipe._version import __version__
from audiopipe.concurrency import PerProcess, Signal
from audiopipe.context import Context
from audiopipe.errors import UsageError
from audiopipe.pipeline import transcribe_many
from audiopipe.settings import Settings
from audiopipe.values.events import Event, Settled, Spoke
from audiopipe.workflows.asked import marks_of
from audiopipe.workflows.batch import Row
from audiopipe.workflows.inputs import Item
from audiopipe.workflows.places import Place, place_of
from audiopipe.workflows.results import missing, saved

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOGGER = logging.getLogger("audiopipe")
_TELL_S = 0.25
_IDLE_S = 60.0

Told = tuple[str, Event]
"""An event, and which thread of which process it is about."""


@dataclass(frozen=True, slots=True)
class Run:
    """What all nodes are told of a run.

    Attributes:
        name: no other run has it.
        settings: of all recordings; paths are the same on all nodes.
        tell: takes a list of `Told`, pickled.
        ended: set when the run has ended, or shall.
        look_s: seconds between two looks at it.
        version: of the driver.
    """

    name: str
    settings: Settings
    tell: Callable[[bytes], object]
    ended: Signal
    look_s: float = 1.0
    version: str = __version__


@dataclass(frozen=True, slots=True)
class Job:
    """A recording of a run."""

    run: Run
    item: Item


def transcribe(job: Job) -> Row:
    """The row of a recording, once its results are written.

    Raises:
        AudiopipeError: what makes every other recording pointless too.
    """
    if job.run.version != __version__:
        raise UsageError(
            f"the node {socket.gethostname()} has audiopipe {__version__}, the driver "
            f"{job.run.version}: install the same on both"
        )
    with _RUNS.get().of(job.run) as node:
        return node.transcribe(job.item)


class _Node:
    """A run, as one process works for it."""

    def __init__(self, run: Run) -> None:
        self.run, self.busy = run, 0
        self._told: list[Told] = []
        self._context = Context(run.settings, listener=self._listen)
        self._place: Place = place_of(run.settings.output_dir)
        self._changed = Condition()

    def transcribe(self, item: Item) -> Row:
        marks = item.marks or marks_of(item.source)
        context = self._context.derive(stop=self._context.stop.part())
        outcome = next(transcribe_many([item.source], context), None)
        if outcome is None:
            return missing(item, "nothing came of it")
        return saved(item, outcome, self.run.settings, self._place, marks)

    def follow(self, forget: Callable[[_Node], bool]) -> None:
        """Tell of events, and look whether the run has ended, until it has or nobody asks."""
        idle_s = unlooked_s = 0.0
        while idle_s < _IDLE_S or not forget(self):
            with self._changed:
                self._changed.wait(_TELL_S)
            self.flush()
            idle_s = 0.0 if self.busy else idle_s + _TELL_S
            unlooked_s += _TELL_S
            if unlooked_s >= self.run.look_s and not self._context.stop.is_set():
                unlooked_s = 0.0
                if self._has_ended():
                    self._context.stop.set()
                    idle_s = _IDLE_S
        self._context.close()

    def flush(self) -> None:
        """Tell what was not told yet."""
        with self._changed:
            told, self._told = self._told, []
        if told:
            try:
                self.run.tell(pickle.dumps(told))
            except Exception as error:  # noqa: BLE001 - of any engine; progress is no result
                _LOGGER.debug("nobody could be told of progress: %s", error)

    def _has_ended(self) -> bool:
        try:
            return self.run.ended.is_set()
        except Exception as error:  # noqa: BLE001 - of any engine, while it is away
            _LOGGER.debug("nobody could be asked whether the run has ended: %s", error)
            return False

    def _listen(self, event: Event) -> None:
        if not isinstance(event, Settled | Spoke):
            with self._changed:
                origin = f"{socket.gethostname()} {os.getpid()} {get_ident()}"
                self._told.append((origin, event))


class _Runs:
    """The runs that this process works for."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._nodes: dict[str, _Node] = {}

    @contextmanager
    def of(self, run: Run) -> Iterator[_Node]:
        with self._changed:
            node = self._nodes.get(run.name)
            if node is None:
                node = self._nodes[run.name] = _Node(run)
                # engines know by the context for whom a thread works
                follow = copy_context().run
                Thread(target=follow, args=(node.follow, self._forget), daemon=True).start()
            node.busy += 1
        try:
            yield node
        finally:
            node.flush()
            with self._changed:
                node.busy -= 1

    def _forget(self, node: _Node) -> bool:
        with self._changed:
            if not node.busy:
                self._nodes.pop(node.run.name, None)
            return not node.busy


_RUNS = PerProcess(_Runs)


def read_told(message: bytes) -> list[Told]:
    """What a node told."""
    told: Any = pickle.loads(message)
    return [(str(origin), event) for origin, event in told]


def everywhere(settings: Settings) -> Settings:
    """The settings with paths that mean the same in every working directory."""
    changes = {
        name: os.path.abspath(value)  # noqa: PTH100 - as the item's own
        for name in ("output_dir", "cache_dir", "glossary")
        if (value := getattr(settings, name)) and "://" not in value
    }
    return replace(settings, **changes)
