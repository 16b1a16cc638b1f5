"""A folder that is watched: each file in it, once it is whole."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from audiopipe.concurrency import Stop
from audiopipe.context import Context
from audiopipe.errors import InputError, Stopped
from audiopipe.pipeline import Outcome, transcribe_many
from audiopipe.workflows.inputs import Item, Selection, look

SETTLE_S = 5.0
"""A file that nobody has changed for so long is whole, where nobody has it open for writing."""

_WAKES_S = 1.0
_WHOLE_SCAN_S = 60.0
"""Network drives tell of nothing: all of the folder is looked at so often in any case."""

_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp", ".filepart", "~")
"""Endings that browsers and copying programs give to what is not whole yet."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """What changes whenever a file does."""

    size: int
    modified_ns: int
    inode: int


class Watched:
    """The files below a folder, each when it is whole, and again each time it has changed; hidden
    ones and those of 0 bytes never. An iterator that ends with `stop`.

    A file is whole when neither its size nor its time has changed for a while and, on Linux, no
    program of ours has it open for writing: a copy that stalls is still a copy. What the system
    tells of changes only wakes; what is on the disk decides, so that nothing is missed.

    Args:
        folder: watched with all below it.
        settle_s: how long a file must lie still.
        stop: ends it.
        left_out: folders below it that are not looked into, such as that of the results.
    """

    def __init__(
        self, folder: Path, settle_s: float, stop: Stop, left_out: Collection[Path] = ()
    ) -> None:
        self._folder, self._settle_s, self._stop = folder, settle_s, stop
        self._left_out = {os.path.realpath(each) for each in left_out}
        self._taken: dict[str, _Mark] = {}
        self._waiting: dict[str, tuple[_Mark, float]] = {}
        self._again: dict[str, float] = {}
        self._lock = Lock()

    def again(self, path: Path, after_s: float) -> None:
        """Give a file once more after a while, though it has not changed; from any thread."""
        with self._lock:
            self._again[str(path)] = time.monotonic() + after_s

    def __iter__(self) -> Iterator[Path]:
        scanned_s = -_WHOLE_SCAN_S
        for has_changed in _wakes(self._folder, self._stop, min(_WAKES_S, self._settle_s / 2)):
            now_s = time.monotonic()
            self._forget(now_s)
            if has_changed or self._waiting or now_s - scanned_s >= _WHOLE_SCAN_S:
                scanned_s = now_s
                for path in self._settled(now_s):
                    if self._stop.is_set():
                        return
                    yield Path(path)

    def _forget(self, now_s: float) -> None:
        """What is to be given again counts as new, and as having waited."""
        with self._lock:
            due = [path for path, at_s in self._again.items() if at_s <= now_s]
            for path in due:
                del self._again[path]
        for path in due:
            if mark := self._taken.pop(path, None):
                self._waiting[path] = mark, now_s - self._settle_s

    def _settled(self, now_s: float) -> list[str]:
        """What has become whole, the oldest first."""
        marks = dict(_marks(self._folder, self._left_out))
        self._waiting = {
            path: self._since(path, mark, now_s)
            for path, mark in marks.items()
            if self._taken.get(path) != mark
        }
        self._taken = {path: mark for path, mark in self._taken.items() if path in marks}
        still = [
            path for path, (_, at_s) in self._waiting.items() if now_s - at_s >= self._settle_s
        ]
        written = _being_written() if still else set()
        whole = [path for path in still if os.path.realpath(path) not in written]
        for path in whole:
            self._taken[path] = self._waiting.pop(path)[0]
        return sorted(whole, key=lambda path: (marks[path].modified_ns, path))

    def _since(self, path: str, mark: _Mark, now_s: float) -> tuple[_Mark, float]:
        known = self._waiting.get(path)
        return known if known and known[0] == mark else (mark, now_s)


def watch(folder: Path, context: Context, settle_s: float = SETTLE_S) -> Iterator[Outcome]:
    """An outcome for each recording that comes into a folder, until the context is stopped.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder that could be watched")
    wanted = Selection.of(context.settings)
    for path in Watched(folder, settle_s, context.stop):
        if isinstance(look(str(folder), str(path), wanted), Item):
            yield from transcribe_many([str(path)], context)


def _marks(folder: Path, left_out: Collection[str]) -> Iterator[tuple[str, _Mark]]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(Path(parent, name)) not in left_out
        ]
        for name in names:
            path = f"{parent}{os.sep}{name}"
            if name.startswith(".") or name.lower().endswith(_UNFINISHED):
                continue
            with suppress(OSError):  # it has gone, or is on its way
                stat = os.stat(path)  # noqa: PTH116 - a name of any bytes
                if stat.st_size and os.path.isfile(path):  # noqa: PTH113
                    yield path, _Mark(stat.st_size, stat.st_mtime_ns, stat.st_ino)


def _being_written() -> set[str]:
    """The files that programs have open for writing, as far as the system lets us see."""
    found = set()
    for holder in _listed("/proc"):
        if not holder.isdecimal():
            continue
        for number in _listed(f"/proc/{holder}/fd"):
            with suppress(OSError, ValueError, IndexError):
                target = os.readlink(f"/proc/{holder}/fd/{number}")  # noqa: PTH115
                if target.startswith("/") and _is_for_writing(f"/proc/{holder}/fdinfo/{number}"):
                    found.add(target)
    return found


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:  # no Linux, not ours, or gone
        return []


def _is_for_writing(info: str) -> bool:
    """Whether a descriptor's flags, octal in a line of its own, are those of a writer."""
    lines = Path(info).read_text().splitlines()
    flags = int(next(line for line in lines if line.startswith("flags:")).split()[1], 8)
    return flags & os.O_ACCMODE != os.O_RDONLY


def _wakes(folder: Path, stop: Stop, every_s: float) -> Iterator[bool]:
    """At each change below a folder True, and at the latest after a while False; till `stop`."""
    yield True
    told = _told_changes(folder, stop, every_s)
    while not stop.is_set():
        try:
            changes = next(told, None) if told else None
        except OSError:  # no room for more watches, or a drive that cannot be watched
            told, changes = None, None
        if told is None:
            with suppress(Stopped):
                stop.sleep(every_s)
        yield bool(changes) or told is None


def _told_changes(folder: Path, stop: Stop, every_s: float) -> Iterator[Any] | None:
    try:
        from watchfiles import watch as changes
    except ImportError:
        return None
    return iter(
        changes(
            folder,
            watch_filter=None,
            stop_event=stop,
            rust_timeout=max(1, round(every_s * 1000)),
            yield_on_timeout=True,
            raise_interrupt=False,
        )
    )
