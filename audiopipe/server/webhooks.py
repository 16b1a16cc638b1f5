"""Telling a client's server that a job has ended, signed as OpenAI signs: standardwebhooks.com."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from audiopipe.backends.http.connection import Timeouts, mapped, new_client, request_to
from audiopipe.backends.http.exchange import Bounds, exchange
from audiopipe.concurrency import Stop
from audiopipe.errors import AudiopipeError, RejectedRequest, UsageError
from audiopipe.server.access import Access, Client, secret_of
from audiopipe.server.jobs import Job, Jobs
from audiopipe.server.network import allow

_log = logging.getLogger("audiopipe")

_MOST_CALLS = 10
_AT_ONCE = 16
_FIRST_S, _LONGEST_S = 5.0, 3600.0
_ANSWER = Bounds(65_536, 20.0)


@dataclass(slots=True)
class Webhooks:
    """Calls addresses until each has taken its event, ten times at most.

    Attributes:
        secret: signs where the client has no secret of its own; empty where there is none.
        access: knows the clients.
        fetch: which addresses may be called, see `Settings.fetch`.
        stop: ends the calls.
    """

    secret: bytes
    access: Access
    fetch: str
    stop: Stop
    _calling: asyncio.Lock = field(default_factory=asyncio.Lock)

    def check(self, url: str, client: Client) -> None:
        """Go on, if an address may be called for a client.

        Raises:
            UsageError: nothing signs.
            RejectedRequest: it may not.
        """
        if not (client.webhook_secret or self.secret):
            raise UsageError("this server calls no webhooks: it has no --webhook-secret-file")
        allow(url, self.fetch)

    async def call_due(self, jobs: Jobs) -> None:
        """Call for each job whose time it is."""
        async with self._calling:
            due = [job for job in await asyncio.to_thread(jobs.untold) if _is_due(job)]
            calls = (asyncio.to_thread(self._call, job, jobs) for job in due[:_AT_ONCE])
            await asyncio.gather(*calls)

    def _call(self, job: Job, jobs: Jobs) -> None:
        try:
            self._send(job)
            jobs.put(replace(job, webhook=""))
        except AudiopipeError as error:
            calls = job.calls + 1
            _log.warning("webhook of %s, call %d of %d: %s", job.id, calls, _MOST_CALLS, error)
            left = job.webhook if calls < _MOST_CALLS else ""
            jobs.put(replace(job, calls=calls, webhook=left))

    def _send(self, job: Job) -> None:
        """Raises AudiopipeError if the event was not taken."""
        address = allow(job.webhook, self.fetch)
        told = {"id": job.id, "status": job.status}
        event = {
            "id": f"evt_{job.id.removeprefix('job_')}",
            "object": "event",
            "type": f"transcription.{job.status}",
            "created_at": int(job.ended_s),
            "data": told,
        }
        body = json.dumps(event).encode()
        secret = self.access.named(job.client).webhook_secret or self.secret
        headers = signed(secret, str(event["id"]), int(time.time()), body)
        headers |= {"content-type": "application/json"}
        with mapped("the webhook"), new_client(Timeouts()) as client:
            request = request_to(client, "POST", job.webhook, address, headers, body)
            with exchange(client, request, _ANSWER, self.stop.check) as answer:
                if not answer.head.is_good:
                    raise RejectedRequest(f"answered {answer.head.status}")


def _is_due(job: Job) -> bool:
    wait_s = min(_FIRST_S * 2**job.calls, _LONGEST_S) if job.calls else 0.0
    return time.time() >= job.ended_s + wait_s


def signed(secret: bytes, id_: str, at_s: int, body: bytes) -> dict[str, str]:
    """The headers that prove a body to be ours."""
    text = f"{id_}.{at_s}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, text, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{signature}",
    }


def read_secret(path: Path) -> bytes:
    """The secret in a file.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    try:
        return secret_of(path.read_text("utf-8").strip())
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the secret in {path}: {error}") from error
