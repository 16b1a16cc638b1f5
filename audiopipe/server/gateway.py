"""What accepts recordings and works on them: the queue, the jobs, and the one session."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import secrets
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from audiopipe.errors import AudiopipeError, BackendError, Stopped
from audiopipe.pipeline import Outcome
from audiopipe.render import render
from audiopipe.server.access import Access, Client
from audiopipe.server.allowance import Allowance, reached
from audiopipe.server.flight import Flight
from audiopipe.server.forms import Ask
from audiopipe.server.jobs import Job, Jobs, Status
from audiopipe.server.memory import give_back
from audiopipe.server.metrics import Metrics
from audiopipe.server.queue import FairQueue
from audiopipe.server.refusals import Refusal, refusal_of
from audiopipe.server.shelf import Shelf
from audiopipe.server.spool import Spool, Upload
from audiopipe.server.webhooks import Webhooks
from audiopipe.session import Session
from audiopipe.values.events import Event, Settled

_log = logging.getLogger("audiopipe")

_LOOK_S = 5.0
"""How often what is old is looked for, and webhooks that are to be called again."""

_MOST_BEGUN = 3
"""Times that a recording may be begun by servers that do not survive it."""

_SOON_S = 10
"""Seconds after which a client that found the queue full may ask again."""


class Gateway:
    """Accepts recordings, and works on them in turn.

    All but `_recognised` runs in the thread of the event loop.

    Args:
        session: does the work.
        spool: the recordings.
        jobs: outlive this process.
        shelf: keeps what is done for review.
        metrics: told what happens.
        webhooks: tell of jobs that have ended.
        access: knows what clients may take.
    """

    def __init__(
        self,
        session: Session,
        spool: Spool,
        jobs: Jobs,
        shelf: Shelf,
        metrics: Metrics,
        webhooks: Webhooks,
        access: Access,
    ) -> None:
        settings = session.settings
        self.session, self.settings = session, settings
        self.spool, self.jobs, self.metrics = spool, jobs, metrics
        self.shelf, self._webhooks, self._access = shelf, webhooks, access
        self._queue: FairQueue[Flight] = FairQueue(settings.at_once, settings.max_queue)
        self._pool = ThreadPoolExecutor(self._queue.most_running, "audiopipe-job")
        self._flights: dict[str, Flight] = {}
        self._by_id: dict[str, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._writing = asyncio.Lock()

    async def start(self) -> None:
        """Take up what an earlier server has left."""
        left = self.jobs.unended()
        self.spool.sweep({job.file for job in (*left, *self.jobs.done())})
        for job in left:
            flight = Flight(job, self.session.stop.part())
            if job.begun < _MOST_BEGUN:
                self._begin(flight)
            else:
                lost = f"{job.name}: given up, as the server ended {job.begun} times in it"
                await self._ended(flight, Outcome(None, error=BackendError(lost)))
        self._run(self._housekeeping())

    async def close(self) -> None:
        """Stop: answers under way arrive and are stored; what is not done is done next time."""
        self._closing = True
        self.session.stop.set(gently=True)
        self._queue.drop(lambda _: True)
        for flight in self._flights.values():
            if not flight.has_ended:
                flight.stop.set(gently=True)
        await asyncio.to_thread(self._pool.shutdown)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.jobs.close()

    def check_room(self, client: Client) -> None:
        """Go on, if a client may send a recording.

        Raises:
            Refusal: the queue is full, or the client has taken all that it may today.
        """
        if self._closing:
            raise Refusal(503, "the server is stopping; ask again", "stopping")
        full = self._queue.is_full(client.name)
        if full or self.jobs.count() >= self.settings.max_jobs:
            which = "--max-queue" if full else "--max-jobs"
            raise Refusal(
                429,
                f"the queue is full ({which}): ask again later",
                "queue_full",
                headers={"retry-after": str(_SOON_S)},
            )
        self.check_quota(client)

    def check_quota(self, client: Client) -> None:
        """Go on, if a client may take more today.

        Raises:
            Refusal: it may not.
        """
        audio_s, cost_usd = self.jobs.used(client.name)
        if audio_s >= client.max_audio_s or cost_usd >= client.max_usd:
            raise refusal_of(reached(client))

    def allowance(self, name: str) -> Allowance:
        """What a client spends."""
        return Allowance(self.session.spending, self.jobs, self._access.named(name))

    async def accept(
        self, upload: Upload, ask: Ask, client: Client, *, is_kept: bool = False, webhook: str = ""
    ) -> Flight:
        """Take a recording in; it is worked on whether anybody waits for it or not.

        Args:
            upload: is the gateway's now.
            ask: what is asked.
            client: whose it is.
            is_kept: whether it is a job, whose result is kept.
            webhook: address to be told of the end of a job.

        Returns:
            Its flight, or the one that it joins: the same bytes and parameters.

        Raises:
            Refusal: see `check_room`.
        """
        key = ask.key(client.name, upload.sha256)
        if known := self._flights.get(key):
            self.spool.drop(upload)
            self.metrics.joined()
            if is_kept:
                kept = known.job.ask if known.job.is_kept else ask.to_json()
                told = webhook or known.job.webhook
                known.job = replace(known.job, is_kept=True, webhook=told, ask=kept)
                await self._write(known)
            return known
        job = Job(
            f"job_{secrets.token_urlsafe(18)}",
            client.name,
            key,
            ask.to_json(),
            upload.path.name,
            upload.name,
            upload.sha256,
            upload.size,
            time.time(),
            is_kept,
            webhook,
        )
        try:
            self.check_room(client)
            flight = Flight(job, self.session.stop.part())
            self._flights[key] = flight
            await self._write(flight)
        except BaseException:
            if lost := self._flights.pop(key, None):
                lost.stop.set()
            self.spool.drop(upload)
            raise
        self._begin(flight)
        return flight

    def check_webhook(self, url: str, client: Client) -> None:
        """Go on, if an address may be told of a client's job.

        Raises:
            Refusal: it may not.
        """
        try:
            self._webhooks.check(url, client)
        except AudiopipeError as error:
            raise Refusal(400, str(error), "invalid_value", "webhook_url") from error

    def flight(self, id_: str) -> Flight | None:
        """A job under way."""
        return self._by_id.get(id_)

    def cancel(self, flight: Flight) -> None:
        """End a job that nobody wants any more."""
        flight.is_cancelled = True
        flight.stop.set()
        self._queue.drop(lambda each: each is flight)
        if not flight.is_running:
            self._run(self._ended(flight, Outcome(None, error=Stopped("cancelled"))))

    def _begin(self, flight: Flight) -> None:
        self._flights[flight.job.key] = flight
        self._by_id[flight.job.id] = flight
        self._queue.put(flight.job.client, flight)
        self._pump()

    def _pump(self) -> None:
        while not self._closing and (taken := self._queue.take()):
            self._run(self._work(*taken))
        self.metrics.waiting.set(self._queue.waiting)
        self.metrics.running.set(self._queue.running)
        self.metrics.disk.set(self.spool.used)

    async def _work(self, client: str, flight: Flight) -> None:
        loop = asyncio.get_running_loop()
        flight.is_running = True
        flight.job = replace(flight.job, begun=flight.job.begun + 1)
        await self._write(flight)
        limit_s = self.settings.max_job_s
        timer = loop.call_later(limit_s, flight.stop.set) if limit_s else None
        try:
            outcome = await loop.run_in_executor(self._pool, self._recognised, flight, loop)
        finally:
            self._queue.end(client)
            if timer:
                timer.cancel()
        await self._ended(flight, outcome)
        self._pump()

    def _recognised(self, flight: Flight, loop: asyncio.AbstractEventLoop) -> Outcome:
        """What becomes of a recording; in a thread of its own."""

        def listen(event: Event) -> None:
            if isinstance(event, Settled):
                loop.call_soon_threadsafe(flight.settle, event.segments)

        try:
            path = self.spool.folder / flight.job.file
            with io.FileIO(path) as file:
                file.name = flight.job.name  # no path in any message
                purse = self.allowance(flight.job.client)
                own = self.session.derive(listener=listen, stop=flight.stop, spending=purse)
                (outcome,) = own.transcribe_many([file], **flight.job.asked.changes(self.settings))
                return outcome
        except AudiopipeError as error:
            return Outcome(None, error=error)
        except OSError as error:
            lost = BackendError(f"{flight.job.name}: the upload is lost: {error.strerror}")
            return Outcome(None, error=lost)
        except Exception:  # noqa: BLE001 - one recording fails, the server goes on
            _log.exception("a defect: job %s", flight.job.id)
            return Outcome(None, error=BackendError(f"{flight.job.name}: failed here"))

    async def _ended(self, flight: Flight, outcome: Outcome) -> None:
        """Keep what became of it, then tell those who wait."""
        error = outcome.error
        if isinstance(error, Stopped) and not flight.is_cancelled:
            if self._closing:  # the next server takes it up
                flight.job = replace(flight.job, begun=flight.job.begun - flight.is_running)
                await self._write(flight)
                flight.fail(Stopped("the server is stopping; the same request goes on later"))
                return
            limit_s = self.settings.max_job_s
            error = BackendError(f"it took more than {limit_s:g} s (--max-job-time)")
        self._flights.pop(flight.job.key, None)
        async with self._writing:
            await asyncio.to_thread(self._keep, flight, replace(outcome, error=error))
        self._by_id.pop(flight.job.id, None)
        flight.stop.set()  # the session's stop knows it no longer
        if error or not (flight.job.is_kept and flight.job.asked.review):
            self.spool.drop(flight.job.upload(self.spool.folder))
        await asyncio.to_thread(self._make_room)
        self.metrics.outcome(outcome)
        if error:
            flight.fail(error)
        else:
            flight.land(outcome.result())
        if flight.job.webhook:
            self._run(self._webhooks.call_due(self.jobs))

    async def _write(self, flight: Flight) -> None:
        """Keep what is known of a job, unless its end is kept already."""
        async with self._writing:
            if self._flights.get(flight.job.key) is flight:
                await asyncio.to_thread(self.jobs.put, flight.job)

    def _keep(self, flight: Flight, outcome: Outcome) -> None:
        job = flight.job
        if not job.is_kept:
            self.jobs.delete([job.id])
            return
        if outcome.error:
            told = json.dumps(refusal_of(outcome.error).body())
            status: Status = "cancelled" if flight.is_cancelled else "failed"
            job = replace(job, status=status, error=told, ended_s=time.time())
        else:
            text = render(outcome.result(), "json")
            job = replace(job, status="completed", transcript=text, ended_s=time.time())
        self.jobs.put(job)

    def _make_room(self) -> None:
        """Let go of the oldest recordings that wait for a review, before they take the room of
        those that wait for their turn."""
        for job in self.jobs.done() if self.spool.used > self.spool.most_disk_bytes / 2 else ():
            if self.spool.used > self.spool.most_disk_bytes / 2:
                self.spool.drop(job.upload(self.spool.folder))

    async def _housekeeping(self) -> None:
        while True:
            for job in await asyncio.to_thread(self.jobs.expire, self.settings.keep_results_s):
                self.shelf.forget(job)
            await self._webhooks.call_due(self.jobs)
            await asyncio.to_thread(give_back)
            await asyncio.sleep(_LOOK_S)

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
