"""Recordings by the provider's batch API: handed over together, collected when they are ready.

Nothing of it needs to be waited for: what is under way is noted beside the kept answers, and found
again by any later run that wants the same, though this one is killed.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from audiopipe.backends.catalog import BATCH_DISCOUNT
from audiopipe.backends.openai.batches import Batches
from audiopipe.backends.openai.transcribe import BATCHED, Groq
from audiopipe.backends.protocols import Upload
from audiopipe.backends.wire.batches import Job, answers_of
from audiopipe.context import Context
from audiopipe.errors import (
    LimitReached,
    RateLimited,
    RejectedRequest,
    ServerFault,
    UsageError,
)
from audiopipe.pipeline import Outcome, transcribe_many
from audiopipe.pipeline.run import run_of
from audiopipe.render import write
from audiopipe.settings import cache_folder
from audiopipe.stages.transcribe import name_of
from audiopipe.store.files import locked
from audiopipe.values.audio import Chunk, RemoteAudio
from audiopipe.values.events import Pause
from audiopipe.values.requests import Request, Usage
from audiopipe.values.transcript import ChunkTranscript

MOST_LINES = 500
"""Of one job, so that its results fit into memory; the provider takes 50,000."""

_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 300.0

_log = logging.getLogger("audiopipe")


@dataclass(frozen=True, slots=True)
class Record:
    """A job of ours.

    Attributes:
        mark: written on the job, to find it again.
        address: of the API.
        id: of the job; "" until the provider has named it.
        names: of its requests.
    """

    mark: str
    address: str
    id: str
    names: tuple[str, ...]


class Collected:
    """The provider, with answers that a batch has given; at half the price.

    Args:
        provider: whose they are.
        answers: by name, each an answer or, as text, why there is none.
    """

    def __init__(self, provider: Groq, answers: Mapping[str, bytes | str]) -> None:
        self._provider, self._answers = provider, answers
        self.name, self.workers = provider.name, provider.workers
        self.address, self.variant = provider.address, provider.variant

    def accept(self, request: Request) -> Request:
        return self._provider.accept(request)

    def upload(self, request: Request) -> Upload:
        return self._provider.upload(request)

    def others(self, request: Request) -> tuple[Request, ...]:
        return ()  # what was fetched by address cannot be cut

    def close(self) -> None:
        """The provider is closed by who opened it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def price(self, audio_s: float, request: Request) -> Usage:
        whole = self._provider.price(audio_s, request)
        usual = whole.cost_usd
        return replace(whole, cost_usd=None if usual is None else usual * BATCH_DISCOUNT)

    def ask(self, audio: Chunk | RemoteAudio, request: Request, pause: Pause) -> bytes:
        answer = self._answers.get(_name(audio, request, self._provider), "it was never asked")
        if isinstance(answer, str):
            raise RejectedRequest(f"the batch has no transcript: {answer}")
        return answer

    def read(self, answer: bytes, audio: Chunk | RemoteAudio, request: Request) -> ChunkTranscript:
        heard = self._provider.read(answer, audio, request)
        return replace(heard, usage=self.price(heard.window.audio_s, request))


def batched(sources: Iterable[Any], context: Context) -> Iterator[Outcome]:
    """An outcome for each recording, in order, once all that is asked for has come.

    Args:
        sources: addresses; what is none fails alone.
        context: as in `transcribe_many`.

    Raises:
        UsageError: the backend has no batch API that fetches recordings.
        Stopped: it was wished; the jobs go on at the provider.
        AudiopipeError: as `transcribe_many`.
    """
    sources = [*sources]
    provider = context.transcriber
    if not isinstance(provider, Groq):
        raise UsageError("--batch is for Groq, whose batch API fetches recordings by address")
    run = run_of(context)
    request = run.recogniser.request
    run.stop.set()
    urls = (each for each in sources if isinstance(each, str) and each.startswith("http"))
    audios = (RemoteAudio(url, is_kept=True) for url in urls)
    wanted = {_name(audio, request, provider): audio for audio in audios}
    jobs = _Jobs(context, provider, request)
    answers = jobs.collect(wanted)
    yield from transcribe_many(sources, context.derive(backend=Collected(provider, answers)))
    jobs.forget(wanted, answers)


class _Jobs:
    """The jobs of an account that are noted here."""

    def __init__(self, context: Context, provider: Groq, request: Request) -> None:
        self._context, self._provider, self._request = context, provider, request
        self._folder = cache_folder(context.settings, os.environ) / "batches"
        self._batches: Batches = provider.batches(context.teller.pause)
        self._ended: list[Record] = []

    def collect(self, wanted: Mapping[str, RemoteAudio]) -> dict[str, bytes | str]:
        """The answers to what is wanted and not kept, once they are there."""
        due = {name: audio for name, audio in wanted.items() if not self._is_kept(name)}
        with locked(self._folder / "records"):
            records = [*self._known()]
            under_way = {name for record in records for name in record.names}
            missing = [name for name in due if name not in under_way]
            self._check_bound(len(missing))
            for at in range(0, len(missing), MOST_LINES):
                names = missing[at : at + MOST_LINES]
                records.append(self._submitted({name: due[name] for name in names}))
        return self._followed([r for r in records if not due.keys().isdisjoint(r.names)])

    def forget(self, wanted: Mapping[str, RemoteAudio], answers: Mapping[str, bytes | str]) -> None:
        """Drop the notes of jobs that have ended, unless they hold what nobody has wanted yet."""
        for record in self._ended:
            left = {n for n in record.names if isinstance(answers.get(n), bytes)} - wanted.keys()
            if all(map(self._is_kept, left)):
                self._path(record).unlink(missing_ok=True)

    def _is_kept(self, name: str) -> bool:
        store, key = self._context.store, bytes.fromhex(name)
        return store is not None and not store.is_stale(key) and store.get(key) is not None

    def _check_bound(self, requests: int) -> None:
        most = self._context.settings.max_requests
        if most and requests > most:
            raise LimitReached(f"--max-requests {most} is less than the {requests} of the batch")

    def _known(self) -> Iterator[Record]:
        """The jobs under way; those that were noted and never begun are dropped."""
        for path in sorted(self._folder.glob("*.json")):
            with suppress(OSError, ValueError, TypeError, KeyError):
                row = json.loads(path.read_text("utf-8"))
                names = tuple(name for name in row["names"] if len(bytes.fromhex(name)) == 32)
                record = Record(str(row["mark"]), str(row["address"]), str(row["id"]), names)
                if record.address == self._provider.address and path == self._path(record):
                    yield from self._named(record)

    def _named(self, record: Record) -> Iterator[Record]:
        if record.id:
            yield record
            return
        job = next((job for job in self._batches.newest() if job.mark == record.mark), None)
        if job is None:  # a crash came before it
            self._path(record).unlink(missing_ok=True)
        else:
            yield self._noted(replace(record, id=job.id))

    def _submitted(self, wanted: Mapping[str, RemoteAudio]) -> Record:
        record = Record(secrets.token_hex(16), self._provider.address, "", tuple(wanted))
        self._noted(record)
        lines = (self._provider.line(n, audio, self._request) for n, audio in wanted.items())
        file = self._batches.upload(b"".join(lines))
        job = self._batches.create(file, BATCHED[self._request.task], record.mark)
        _log.info(
            "batch %s: %d recordings handed over; Ctrl-C leaves it at the provider, and the same "
            "command collects it",
            job.id,
            len(wanted),
        )
        return self._noted(replace(record, id=job.id))

    def _followed(self, records: list[Record]) -> dict[str, bytes | str]:
        """What all of them give, asked after less and less often."""
        answers: dict[str, bytes | str] = {}
        told: dict[str, Job] = {}
        wait_s = _FIRST_WAIT_S
        while records:
            for record in [*records]:
                job = self._asked_after(record)
                if job and job.is_ended:
                    answers |= self._results(job, record)
                    records.remove(record)
                    self._ended.append(record)
                elif job and told.get(record.id) != job:
                    told[record.id] = job
                    _log.info("batch %s: %s, %d of %d", job.id, job.status, job.done, job.total)
            if records:
                self._context.stop.sleep(wait_s)
                wait_s = min(wait_s * 1.5, _LONGEST_WAIT_S)
        return answers

    def _asked_after(self, record: Record) -> Job | None:
        """The job as it is; None where the provider cannot tell now."""
        try:
            return self._batches.get(record.id)
        except RejectedRequest as error:
            return Job(record.id, "failed", complaint=str(error))
        except (ServerFault, RateLimited) as error:
            if isinstance(error, RateLimited) and error.wait_s:
                self._context.stop.sleep(min(error.wait_s, _LONGEST_WAIT_S))
            _log.info("batch %s: asked after again later: %s", record.id, error)
            return None

    def _results(self, job: Job, record: Record) -> dict[str, bytes | str]:
        why = f"batch {job.id} has {job.status} without it"
        found: dict[str, bytes | str] = dict.fromkeys(record.names, job.complaint or why)
        for file in filter(None, (job.errors, job.output)):
            for name, answer, error in answers_of(self._batches.content(file)):
                if name in found:
                    found[name] = answer or error
        return found

    def _noted(self, record: Record) -> Record:
        write(json.dumps(asdict(record)), self._path(record))
        return record

    def _path(self, record: Record) -> Path:
        return self._folder / f"{record.mark}.json"


def _name(audio: Chunk | RemoteAudio, request: Request, provider: Groq) -> str:
    return name_of(audio, request, provider).hex()
