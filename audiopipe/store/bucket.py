"""Answers in a bucket: an object a key, for all nodes that can reach it."""

from __future__ import annotations

import base64
import logging
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from threading import Lock

from audiopipe.concurrency import OneAtATime, PerProcess
from audiopipe.errors import AnswersLost, UsageError
from audiopipe.store.claims import Wait
from audiopipe.store.keeping import Answers
from audiopipe.store.leases import Leases
from audiopipe.store.objects import Bucket, Entry, Missing, NoAnswer, Overtaken, path_of
from audiopipe.store.tables import Holding, Kind, pack, unpack
from audiopipe.values.audio import Origin

_MARK = ".audiopipe"
"""Written by each process, to know before anything is paid that answers can be kept."""
_KEY = re.compile("/[0-9a-f]{64}$")
_RECORDINGS = "recordings"
_OF = re.compile(
    rf"/{_RECORDINGS}/(?P<id>[0-9a-f]+)/(?P<name>[\w=-]+)/(?P<key>[0-9a-f]{{64}})\.key$", re.ASCII
)
_NAME_BYTES = 180
"""Of a name, so that its spelling is one that file systems take."""
MOST_LISTED = 200_000
_REFRESH = ".audiopipe-refresh"
"""Written when a refresh begins, and deleted when it has come to its end."""
_LOGGER = logging.getLogger("audiopipe")


class BucketStore(Answers):
    """Answers by key, each in an object of its own below an address.

    An answer that cannot be written is held, and written with the next. What cannot be read ends
    the run: to ask for all of it again would be dear.

    Args:
        address: such as s3://bucket/answers.
        leases: who works on what, among all nodes; None keeps that within this process.
        refresh: whether answers of earlier runs are asked for anew, and replaced; but those stand
            that are newer than a refresh, of whichever node, which did not come to its end.

    Raises:
        UsageError: it cannot be used.
    """

    def __init__(
        self, address: str, leases: Leases | None = None, *, refresh: bool = False
    ) -> None:
        super().__init__(refresh=refresh)
        self._address = address.rstrip("/")
        self._prefix = path_of(self._address)
        self._bucket = PerProcess(lambda: Bucket(address))
        self._leases, self._here = leases, OneAtATime()
        self._waiting: dict[bytes, bytes] = {}
        self._lock, self._failed_s = Lock(), 0.0
        try:
            self._bucket.get().write(self._own(_MARK), b"")
            self._since = self._begun() if refresh else None
        except (NoAnswer, OSError) as fault:
            raise UsageError(f"answers cannot be kept in {self._address}: {fault}") from fault

    def get(self, key: bytes) -> bytes | None:
        if self.is_stale(key):
            return None
        if waiting := self._waiting.get(key):
            return unpack(key, waiting)
        try:
            body = self._read(key)
        except NoAnswer as fault:
            raise AnswersLost(f"{fault}; the same command goes on once it can be read") from fault
        return None if body is None else unpack(key, body)

    def put(self, key: bytes, kind: Kind, answer: bytes, origin: Origin | None = None) -> None:
        self._waiting[key] = pack(key, answer)
        self.refreshed(key)
        self._write_waiting()
        if origin:
            # answers can be found by their keys without it
            with suppress(NoAnswer, OSError):
                self._bucket.get().write(self._of(origin, key), b"")

    @contextmanager
    def claim(
        self, key: bytes, wait: Wait = time.sleep, kind: Kind = "transcript"
    ) -> Iterator[None]:
        among: AbstractContextManager[None]
        among = self._leases.on(key, wait) if self._leases else self._here.on(key)
        with among:
            yield

    def note(self, key: bytes, origin: Origin) -> None:
        """An answer is known by the recording for which it was asked: another that shares it would
        take a request each time."""

    def recordings(self) -> tuple[Holding, ...]:
        """What it holds of each recording, by its name; those written last first.

        Of a larger store the first `MOST_LISTED` objects count, which is told.
        """
        entries = list(islice(self._bucket.get().entries(self._prefix), MOST_LISTED))
        if len(entries) == MOST_LISTED:
            _LOGGER.warning("%s has more: %d objects were counted", self._address, MOST_LISTED)
        answers = {each.path[-64:]: each for each in entries if _KEY.search(each.path)}
        owned: dict[tuple[str, str], list[Entry]] = {}
        other = set(answers)
        for each in entries:
            if (found := _OF.search(each.path)) and found["key"] in answers:
                owner = (_spelled(found["name"]), found["id"])
                owned.setdefault(owner, []).append(answers[found["key"]])
                other.discard(found["key"])
        if other:
            owned["other", ""] = [answers[key] for key in other]
        holdings = [_holding(name, own) for (name, _), own in owned.items()]
        return tuple(sorted(holdings, key=lambda each: (-each.used_s, each.kind)))

    def drop(self, origin: Origin) -> int:
        """Drop the answers that were asked for a recording; returns how many there were."""
        bucket, dropped = self._bucket.get(), 0
        for each in list(bucket.entries(self._own(f"{_RECORDINGS}/{origin.id}"))):
            if found := _OF.search(each.path):
                with suppress(Missing):
                    bucket.delete(self._path(bytes.fromhex(found["key"])))
                    dropped += 1
            bucket.delete(each.path)
        return dropped

    def clear(self) -> int:
        """Drop every answer; returns how many there were."""
        return self.prune(max_bytes=0)

    def prune(self, *, unused_s: float | None = None, max_bytes: int | None = None) -> int:
        """Drop answers; returns how many.

        Args:
            unused_s: those written longer ago, as a store does not tell when one was read.
            max_bytes: the oldest, until the rest is no larger.
        """
        bucket, size = self._bucket.get(), 0
        dropped: set[str] = set()
        entries = list(bucket.entries(self._prefix))
        answers = [each for each in entries if _KEY.search(each.path)]
        for each in sorted(answers, key=lambda entry: entry.changed, reverse=True):
            size += each.size
            age_s = (datetime.now(UTC) - each.changed).total_seconds()
            is_old = unused_s is not None and age_s > unused_s
            if is_old or (max_bytes is not None and size > max_bytes):
                bucket.delete(each.path)
                dropped.add(each.path[-64:])
        for each in entries:
            if (found := _OF.search(each.path)) and found["key"] in dropped:
                bucket.delete(each.path)
        return len(dropped)

    def close(self) -> None:
        self._write_waiting()
        if lost := len(self._waiting):
            _LOGGER.warning(
                "%d answers could not be kept in %s: a later run asks for them again",
                lost,
                self._address,
            )
            self._waiting.clear()
        if self._leases:
            self._leases.close()

    def is_stale(self, key: bytes) -> bool:
        if super().is_stale(key) and self._is_newer(key):
            self.refreshed(key)
        return super().is_stale(key)

    def settle(self, origins: Iterable[Origin] = ()) -> None:
        if self._since:
            with suppress(Missing):
                self._bucket.get().delete(self._own(_REFRESH))

    def _begun(self) -> datetime:
        """When the refresh began, by the clock of the store: this one, or another's that is under
        way or was broken off."""
        bucket, mark = self._bucket.get(), self._own(_REFRESH)
        with suppress(Overtaken):
            bucket.write(mark, b"", over="")
        return bucket.entry(mark).changed

    def _is_newer(self, key: bytes) -> bool:
        """Whether the answer is of this refresh."""
        try:
            changed = self._bucket.get().entry(self._path(key)).changed
        except Missing:
            return False
        except NoAnswer as fault:
            raise AnswersLost(f"{fault}; the same command goes on once it can be read") from fault
        return self._since is not None and changed > self._since

    def _own(self, name: str) -> str:
        return f"{self._prefix}/{name}".lstrip("/")

    def _path(self, key: bytes) -> str:
        """Spread over prefixes, which stores split their load by."""
        name = key.hex()
        return self._own(f"{name[:2]}/{name}")

    def _of(self, origin: Origin, key: bytes) -> str:
        """An object that tells whose an answer is, without being read."""
        name = base64.urlsafe_b64encode(origin.name.encode()[:_NAME_BYTES]).decode()
        return self._own(f"{_RECORDINGS}/{origin.id}/{name}/{key.hex()}.key")

    def _read(self, key: bytes) -> bytes | None:
        try:
            return self._bucket.get().read(self._path(key))
        except Missing:
            return None

    def _write_waiting(self) -> None:
        asked_s = time.monotonic()
        with self._lock:
            if self._failed_s > asked_s:  # while this one waited: nor would it fare better
                return
            for key, body in tuple(self._waiting.items()):
                try:
                    self._bucket.get().write(self._path(key), body)
                except (NoAnswer, OSError) as fault:
                    _LOGGER.warning("an answer cannot be kept as yet: %s", fault)
                    self._failed_s = time.monotonic()
                    return
                self._waiting.pop(key, None)


def _holding(name: str, answers: Sequence[Entry]) -> Holding:
    last_s = max(each.changed for each in answers).timestamp()
    return Holding(name, len(answers), sum(each.size for each in answers), last_s)


def _spelled(name: str) -> str:
    """The name that stands in a path, which anybody may have written."""
    with suppress(ValueError):
        return base64.urlsafe_b64decode(name).decode("utf-8", "replace")
    return name
